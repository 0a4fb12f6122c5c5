import type { Io } from "../io.ts";
import { type Arguments, UsageError, type Verb } from "../verb.ts";
import { type Cluster, connect } from "./cluster.ts";
import { durationOf } from "./durations.ts";
import { fileOptions, sourcesIn } from "./manifests.ts";
import { JsonPath, printed, relaxed } from "./jsonpath.ts";
import { type AnyObject, conditionsOf } from "./objects.ts";
import { selectedBy } from "./selection.ts";
import { selectorOptions, selectorQuery } from "./selectors.ts";
import { type Target, until, within } from "./states.ts";

const TIMEOUT_MS = 30_000;
const WEEK_MS = 7 * 24 * 3600 * 1000;

export const wait: Verb = {
  usage: "k8ts kubectl wait TYPE/NAME… | TYPE -l LABELS | TYPE --all | -f FILE --for=WHAT [--timeout=30s]",
  summary: "Waits until objects are as wanted.",
  options: {
    for: {
      type: "string",
      multiple: true,
      value: "WHAT",
      help: "delete, create, condition=NAME[=VALUE], jsonpath='{PATH}'[=VALUE]",
    },
    timeout: {
      type: "string",
      value: "TIME",
      help: "give up after this time; 0 looks once, below 0 waits a week",
    },
    all: { type: "boolean", help: "all of the kind, in the namespace" },
    "all-namespaces": { type: "boolean", short: "A", help: "in all namespaces" },
    ...selectorOptions,
    ...fileOptions,
  },
  endsItself: true,

  async run(args, io) {
    const goals = args.list("for");
    if (goals.length === 0)
      throw new UsageError("--for is required: delete, create, condition=NAME or jsonpath=PATH");
    const wanted = goals.map(goalOf);
    const given = durationOf(args, "timeout") ?? TIMEOUT_MS;
    const timeoutMs = given < 0 ? WEEK_MS : given;
    const cluster = connect(args, io);
    try {
      const targets = await targetsOf(cluster, args, io, goals);
      const startedMs = io.clock.monotonic();
      let code = 0;
      for (const goal of wanted) {
        for (const target of targets) {
          const leftMs = Math.max(1, timeoutMs - (io.clock.monotonic() - startedMs));
          const late = `timed out waiting for the condition on ${target.kind.groupPlural}/${target.name}`;
          try {
            await within(io.clock, leftMs, late, (signal) => until(cluster, target, goal.holds, { signal }));
            io.write(`${target.kind.shown(target.name)} ${goal.done}\n`);
          } catch (error) {
            if ((error as Error).name !== "TimedOut") throw error;
            io.tell(`error: ${late}\n`);
            code = 1;
          }
        }
      }
      return code;
    } finally {
      cluster.close();
    }
  },
};

async function targetsOf(
  cluster: Cluster,
  args: Arguments,
  io: Io,
  goals: readonly string[],
): Promise<readonly Target[]> {
  const files = args.list("filename");
  const mayBeMissing = goals.some((goal) => goal === "create" || goal === "delete");
  const targets: Target[] = [];
  if (files.length > 0) {
    for (const { name: source, objects } of await sourcesIn(files, args, io)) {
      for (const object of objects) {
        const kind = await cluster.kindOf(object, source);
        targets.push({
          kind,
          namespace: object.metadata.namespace ?? cluster.namespace,
          name: object.metadata.name,
        });
      }
    }
    return targets;
  }
  for (const { kind, names } of selectedBy(await cluster.kinds(), args.positionals)) {
    const namespace = kind.namespaced && !args.flag("all-namespaces") ? cluster.namespace : undefined;
    for (const name of names ?? []) {
      if (!mayBeMissing) await cluster.get(kind, name, namespace);
      targets.push({ kind, namespace, name });
    }
    if (names) continue;
    if (!args.flag("all") && Object.keys(selectorQuery(args)).length === 0)
      throw new UsageError("resource(s) were provided, but no name was specified");
    const found = await cluster.list(kind, namespace, selectorQuery(args));
    targets.push(
      ...found.map(({ metadata }) => ({ kind, namespace: metadata.namespace, name: metadata.name })),
    );
  }
  if (targets.length === 0 && !mayBeMissing) throw new Error("no matching resources found");
  return targets;
}

/** What is waited for, and how it is told. */
export interface Goal {
  readonly holds: (object: AnyObject | undefined) => boolean;
  readonly done: string;
}

export function goalOf(text: string): Goal {
  const [what = "", ...others] = text.split("=");
  const rest = others.join("=");
  switch (what.toLowerCase()) {
    case "delete":
      return { holds: (object) => object === undefined, done: "condition met" };
    case "create":
      return { holds: (object) => object !== undefined, done: "condition met" };
    case "condition":
      return conditionGoal(rest);
    case "jsonpath":
      return jsonPathGoal(rest);
    default:
      throw new UsageError(`unrecognized condition: ${JSON.stringify(text)}`);
  }
}

function conditionGoal(text: string): Goal {
  const [name = "", wanted = "true"] = text.split("=");
  if (name === "") throw new UsageError("--for=condition= needs the name of a condition");
  const holds = (object: AnyObject | undefined): boolean => {
    const condition = conditionsOf(object).find(({ type }) => type.toLowerCase() === name.toLowerCase());
    if (!condition || condition.status.toLowerCase() !== wanted.toLowerCase()) return false;
    // A condition may speak of an older version of the object.
    const seen = (condition as { readonly observedGeneration?: number }).observedGeneration;
    return seen === undefined || seen >= (object?.metadata.generation ?? 0);
  };
  return { holds, done: "condition met" };
}

/** `{.status.phase}=Running`; without a value anything that is there will do. */
function jsonPathGoal(text: string): Goal {
  const { path: expression, value } = splitGoal(text);
  const path = new JsonPath(relaxed(expression));
  const holds = (object: AnyObject | undefined): boolean => {
    if (!object) return false;
    const found = path.find(object, { allowMissing: true });
    if (found.length > 1) throw new Error("given jsonpath expression matches more than one value");
    if (found.length === 0) return false;
    return value === undefined || printed(found[0]) === value;
  };
  return { holds, done: "condition met" };
}

function splitGoal(text: string): { readonly path: string; readonly value: string | undefined } {
  const unquoted = /^(['"])(.*)\1$/s.exec(text)?.[2] ?? text;
  const brace = unquoted.lastIndexOf("}");
  const equals = unquoted.indexOf("=", brace < 0 ? 0 : brace);
  if (equals < 0) return { path: unquoted, value: undefined };
  const value = unquoted.slice(equals + 1);
  if (value === "") throw new UsageError("jsonpath wait value cannot be empty");
  return { path: unquoted.slice(0, equals), value: /^(['"])(.*)\1$/s.exec(value)?.[2] ?? value };
}
