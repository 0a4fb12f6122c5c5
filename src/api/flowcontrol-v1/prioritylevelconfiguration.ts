import { inRange, own, sameValue } from "#api/checks";
import { ageColumn, nameColumn, NONE, text } from "#api/columns";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  at,
  type FieldProblem,
  forbidden,
  int32,
  invalid,
  list,
  notSupported,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";
import { typedConditions } from "./flowschema.ts";
import { EXEMPT, MANDATORY_PRIORITY_LEVELS } from "./mandatory.ts";
import { HASH_BITS_MAX, requiredEntropyBits } from "./shuffle-sharding.ts";

type Problems = Iterable<FieldProblem>;

const QUEUES_MAX = 10_000_000;

export const ExemptPriorityLevelConfiguration = struct(
  "flowcontrol.v1.ExemptPriorityLevelConfiguration",
  {
    nominalConcurrencyShares: int32(1)
      .pointer()
      .default(0)
      .doc("Its part of the server's seats, in relation to the other levels; nothing ever waits for them."),
    lendablePercent: int32(2).pointer().default(0).doc("How much of its part others may borrow."),
  },
  {
    *validate({ nominalConcurrencyShares, lendablePercent }, path) {
      yield* shares(nominalConcurrencyShares, path);
      yield* inRange(at(path, "lendablePercent"), lendablePercent, 0, 100);
    },
  },
);
export interface ExemptPriorityLevelConfiguration extends Of<typeof ExemptPriorityLevelConfiguration> {}

export const QueuingConfiguration = struct(
  "flowcontrol.v1.QueuingConfiguration",
  {
    queues: int32(1).always().default(64).doc("Number of queues of the level."),
    handSize: int32(2)
      .always()
      .default(8)
      .doc("Number of queues that one flow may use; the shortest of them is taken."),
    queueLengthLimit: int32(3).always().default(50).doc("Requests that may wait in one queue."),
  },
  {
    *validate({ queues, handSize, queueLengthLimit }, path) {
      if (queueLengthLimit <= 0) yield notPositive(at(path, "queueLengthLimit"), queueLengthLimit);
      if (queues <= 0) yield notPositive(at(path, "queues"), queues);
      else if (queues > QUEUES_MAX)
        yield invalid(at(path, "queues"), queues, `must not be greater than ${QUEUES_MAX}`);
      if (handSize <= 0) return yield notPositive(at(path, "handSize"), handSize);
      if (handSize > queues)
        return yield invalid(at(path, "handSize"), handSize, `should not be greater than queues (${queues})`);
      if (requiredEntropyBits(queues, handSize) > HASH_BITS_MAX)
        yield invalid(
          at(path, "handSize"),
          handSize,
          `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS_MAX}`,
        );
    },
  },
);
export interface QueuingConfiguration extends Of<typeof QueuingConfiguration> {}

const notPositive = (path: string, number: number): FieldProblem => invalid(path, number, "must be positive");

function* shares(number: number | undefined, path: string): Problems {
  if (number !== undefined && number < 0)
    yield invalid(at(path, "nominalConcurrencyShares"), number, "must be a non-negative integer");
}

export const LimitResponse = struct(
  "flowcontrol.v1.LimitResponse",
  {
    type: string(1)
      .required()
      .union("d")
      .doc("What happens to a request for which there is no seat: Queue or Reject."),
    queuing: ref(2, QueuingConfiguration).union("Queuing").doc("How requests wait; only for Queue."),
  },
  {
    *validate({ type, queuing }, path) {
      if (type === "Reject") {
        if (queuing)
          yield forbidden(at(path, "queuing"), "must be nil if limited.limitResponse.type is not Limited");
      } else if (type !== "Queue") yield notSupported(at(path, "type"), type, ["Queue", "Reject"]);
      else if (!queuing)
        yield required(at(path, "queuing"), "must not be empty if limited.limitResponse.type is Limited");
    },
  },
);
export interface LimitResponse extends Of<typeof LimitResponse> {}

export const LimitedPriorityLevelConfiguration = struct(
  "flowcontrol.v1.LimitedPriorityLevelConfiguration",
  {
    nominalConcurrencyShares: int32(1)
      .pointer()
      .always()
      .default(30)
      .doc("Its part of the server's seats, in relation to the other levels."),
    limitResponse: value(2, LimitResponse).doc("What happens to requests for which there is no seat now."),
    lendablePercent: int32(3).pointer().default(0).doc("How much of its seats other levels may borrow."),
    borrowingLimitPercent: int32(4)
      .pointer()
      .doc("How many seats it may borrow, as a percentage of its own; without it as many as there are."),
  },
  {
    *validate(limited, path) {
      yield* shares(limited.nominalConcurrencyShares, path);
      yield* inRange(at(path, "lendablePercent"), limited.lendablePercent, 0, 100);
      const { borrowingLimitPercent } = limited;
      if (borrowingLimitPercent !== undefined && borrowingLimitPercent < 0)
        yield invalid(
          at(path, "borrowingLimitPercent"),
          borrowingLimitPercent,
          "if specified, must be a non-negative integer",
        );
    },
  },
);
export interface LimitedPriorityLevelConfiguration extends Of<typeof LimitedPriorityLevelConfiguration> {}

export const PriorityLevelConfigurationSpec = struct("flowcontrol.v1.PriorityLevelConfigurationSpec", {
  type: string(1)
    .required()
    .union("d")
    .doc("Limited, or Exempt for requests that never wait and are never refused."),
  limited: ref(2, LimitedPriorityLevelConfiguration)
    .union("Limited")
    .doc("How requests are limited; only for Limited."),
  exempt: ref(3, ExemptPriorityLevelConfiguration).union("Exempt").doc("What it lends; only for Exempt."),
});
export interface PriorityLevelConfigurationSpec extends Of<typeof PriorityLevelConfigurationSpec> {}

export const PriorityLevelConfigurationCondition = struct(
  "flowcontrol.v1.PriorityLevelConfigurationCondition",
  {
    type: string(1).doc("What the condition is about."),
    status: string(2).doc("True, False or Unknown."),
    lastTransitionTime: time(3).orNull().doc("When the status last changed."),
    reason: string(4).doc("One word on why."),
    message: string(5).doc("The reason in plain words."),
  },
);
export interface PriorityLevelConfigurationCondition extends Of<typeof PriorityLevelConfigurationCondition> {}

export const PriorityLevelConfigurationStatus = struct(
  "flowcontrol.v1.PriorityLevelConfigurationStatus",
  {
    conditions: list(1, PriorityLevelConfigurationCondition)
      .mergedBy("type")
      .doc("What is known about its state, one entry per type."),
  },
  {
    *validate({ conditions }, path) {
      yield* typedConditions(conditions, at(path, "conditions"));
    },
  },
);
export interface PriorityLevelConfigurationStatus extends Of<typeof PriorityLevelConfigurationStatus> {}

function* specProblems(name: string, { type, limited, exempt }: PriorityLevelConfigurationSpec): Problems {
  if ((name === EXEMPT) !== (type === "Exempt"))
    yield invalid("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'");
  if (type === "Exempt") {
    if (limited) yield forbidden("spec.limited", "must be nil if the type is not Limited");
  } else if (type === "Limited") {
    if (exempt) yield forbidden("spec.exempt", "must be nil if the type is Limited");
    if (!limited) yield required("spec.limited", "must not be empty when type is Limited");
  } else yield notSupported("spec.type", type, ["Exempt", "Limited"]);
}

/** Of the exempt level, operators may set what it has and lends. */
function* fixedProblems(name: string, spec: PriorityLevelConfigurationSpec): Problems {
  const fixed = own(MANDATORY_PRIORITY_LEVELS, name);
  if (!fixed) return;
  if (name !== EXEMPT) {
    if (!sameValue(spec, fixed)) yield invalid("spec", spec, `spec of '${name}' must equal the fixed value`);
  } else if (!sameValue({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined }))
    yield invalid(
      "spec",
      spec,
      `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`,
    );
}

export const PriorityLevelConfiguration = resource({
  apiVersion: "flowcontrol.apiserver.k8s.io/v1",
  kind: "PriorityLevelConfiguration",
  doc: "A share of the API server's attention.",
  plural: "prioritylevelconfigurations",
  namespaced: false,
  metadata: ObjectMeta,
  spec: PriorityLevelConfigurationSpec,
  status: PriorityLevelConfigurationStatus,
  unconditionalUpdate: false,

  columns: [
    nameColumn,
    text("Type", ({ spec }) => spec.type),
    text("NominalConcurrencyShares", ({ spec }) => spec.limited?.nominalConcurrencyShares ?? NONE),
    text("Queues", ({ spec }) => spec.limited?.limitResponse.queuing?.queues ?? NONE),
    text("HandSize", ({ spec }) => spec.limited?.limitResponse.queuing?.handSize ?? NONE),
    text("QueueLengthLimit", ({ spec }) => spec.limited?.limitResponse.queuing?.queueLengthLimit ?? NONE),
    ageColumn,
  ],
  rules: {
    *validate({ metadata: { name }, spec }) {
      yield* specProblems(name, spec);
      yield* fixedProblems(name, spec);
    },
  },
});
export interface PriorityLevelConfiguration extends Of<typeof PriorityLevelConfiguration> {}
