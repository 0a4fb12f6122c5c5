/** Questions to the authorizer: `authorizer.group("apps").resource("deployments").check("create").allowed()`. */
import { Library } from "../function-table.ts";
import { fixed, readsSelector } from "../pricing.ts";
import { opaque } from "../types.ts";
import { CelError, Opaque, type Result } from "../values.ts";

/** What is asked. Fields that were not set are empty. */
export interface AccessCheck {
  /** Set for paths that are no resource. */
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
  /** `namespace/name` where the question is about a service account instead of the user of the request. */
  readonly serviceAccount: string;
  readonly verb: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Empty when the authorizer could decide. */
  readonly error: string;
}

/** Answers at once; whoever evaluates has the answers at hand or asks beforehand. */
export type DecideAccess = (check: AccessCheck) => AccessDecision;

const NOTHING: AccessCheck = {
  path: "",
  group: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  fieldSelector: "",
  labelSelector: "",
  serviceAccount: "",
  verb: "",
};

const AUTHORIZER = "kubernetes.authorization.Authorizer";
const PATH = "kubernetes.authorization.PathCheck";
const GROUP = "kubernetes.authorization.GroupCheck";
const RESOURCE = "kubernetes.authorization.ResourceCheck";
const DECISION = "kubernetes.authorization.Decision";

/** A question in the making. */
class Question extends Opaque {
  readonly typeName: string;
  readonly decide: DecideAccess;
  readonly asked: AccessCheck;
  constructor(typeName: string, decide: DecideAccess, asked: AccessCheck) {
    super();
    this.typeName = typeName;
    this.decide = decide;
    this.asked = asked;
  }
  equals(other: Opaque): boolean {
    return other === this;
  }
  with(typeName: string, part: Partial<AccessCheck>): Question {
    return new Question(typeName, this.decide, { ...this.asked, ...part });
  }
}

class Decision extends Opaque {
  readonly typeName = DECISION;
  readonly answer: AccessDecision;
  constructor(answer: AccessDecision) {
    super();
    this.answer = answer;
  }
  equals(other: Opaque): boolean {
    return other === this;
  }
}

/** The types of the variables `authorizer` and `authorizer.requestResource`. */
export const AUTHORIZER_TYPE = opaque(AUTHORIZER);
export const REQUEST_RESOURCE_TYPE = opaque(RESOURCE);

/** The value of the variable `authorizer`. */
export const authorizerValue = (decide: DecideAccess): Opaque => new Question(AUTHORIZER, decide, NOTHING);
/** The value of `authorizer.requestResource`. */
export const requestResourceValue = (decide: DecideAccess, asked: Partial<AccessCheck>): Opaque =>
  new Question(RESOURCE, decide, { ...NOTHING, ...asked });

const NOMINAL = fixed(1);
/** Two checks fit into the budget of one expression. */
const CHECK = fixed(350_000);

const set =
  (type: string, field: keyof AccessCheck) =>
  (question: Question, value: string): Result =>
    question.with(type, { [field]: value });

function serviceAccount(question: Question, namespace: string, name: string): Result {
  if (!/^[a-z0-9.-]+$/.test(namespace)) return new CelError(`Invalid service account namespace`);
  if (!/^[a-z0-9.-]+$/.test(name)) return new CelError(`Invalid service account name`);
  return question.with(AUTHORIZER, { serviceAccount: `${namespace}/${name}` });
}

const ask = (question: Question, verb: string): Decision =>
  new Decision(question.decide({ ...question.asked, verb }));

export const authorizer = new Library()
  .add(
    `${AUTHORIZER}.path(string) -> ${PATH}`,
    (question: Question, path: string): Result =>
      path === "" ? new CelError("path must not be empty") : question.with(PATH, { path }),
    NOMINAL,
  )
  .add(`${AUTHORIZER}.group(string) -> ${GROUP}`, set(GROUP, "group"), NOMINAL)
  .add(`${AUTHORIZER}.serviceAccount(string, string) -> ${AUTHORIZER}`, serviceAccount, NOMINAL)
  .add(`${GROUP}.resource(string) -> ${RESOURCE}`, set(RESOURCE, "resource"), NOMINAL)
  .add(`${RESOURCE}.subresource(string) -> ${RESOURCE}`, set(RESOURCE, "subresource"), NOMINAL)
  .add(`${RESOURCE}.namespace(string) -> ${RESOURCE}`, set(RESOURCE, "namespace"), NOMINAL)
  .add(`${RESOURCE}.name(string) -> ${RESOURCE}`, set(RESOURCE, "name"), NOMINAL)
  .add(`${RESOURCE}.fieldSelector(string) -> ${RESOURCE}`, set(RESOURCE, "fieldSelector"), readsSelector)
  .add(`${RESOURCE}.labelSelector(string) -> ${RESOURCE}`, set(RESOURCE, "labelSelector"), readsSelector)
  .add(`${PATH}.check(string) -> ${DECISION}`, ask, CHECK)
  .add(`${RESOURCE}.check(string) -> ${DECISION}`, ask, CHECK)
  .add(`${DECISION}.allowed() -> bool`, ({ answer }: Decision) => answer.allowed, NOMINAL)
  .add(`${DECISION}.reason() -> string`, ({ answer }: Decision) => answer.reason, NOMINAL)
  .add(`${DECISION}.errored() -> bool`, ({ answer }: Decision) => answer.error !== "", NOMINAL)
  .add(`${DECISION}.error() -> string`, ({ answer }: Decision) => answer.error, NOMINAL);
