import { applyDefaults } from "#machinery/derive/defaults";
import { decodeJson } from "#machinery/derive/json";
import { validateObject, validateObjectUpdate, validateStatusUpdate } from "#machinery/derive/validate";
import type { AnyObject, FieldProblem, Resource } from "#machinery/schema";
import { problemText } from "#machinery/status";

/** For tests: a kind's rules on objects as clients write them. */

type Loose = { readonly [name: string]: unknown };

const CONTEXT = { now: "2026-01-01T00:00:00Z", gate: () => true };

const canonical = <T extends AnyObject>(of: Resource<T>, object: unknown): T =>
  decodeJson<T>(of.schema, object);

/** The object in canonical form with its defaults, named `web` in `default` unless it says otherwise. */
export function made<T extends AnyObject>(of: Resource<T>, object: Loose): T {
  const metadata = {
    name: "web",
    ...(of.namespaced ? { namespace: "default" } : {}),
    ...(object.metadata as Loose),
  };
  const sent = { apiVersion: of.apiVersion, kind: of.kind, ...object, metadata };
  return canonical(of, applyDefaults(of, canonical(of, sent)));
}

/** As `made`, as it is first stored. */
export function created<T extends AnyObject>(of: Resource<T>, object: Loose): T {
  const complete = made(of, object);
  return canonical(of, of.rules.prepareForCreate?.(complete, CONTEXT) ?? complete);
}

const lines = (problems: readonly FieldProblem[]): string[] =>
  problems.map((problem) => `${problem.path}: ${problemText(problem)}`);

export const problemsOf = <T extends AnyObject>(of: Resource<T>, object: Loose): string[] =>
  lines(validateObject(of, created(of, object)));

/** What is wrong with replacing one object by another; the server's preparation is done first. */
export function updateProblems<T extends AnyObject>(of: Resource<T>, before: Loose, after: Loose): string[] {
  const old = created(of, before);
  const sent = made(of, after);
  const next = canonical(of, of.rules.prepareForUpdate?.(sent, old, CONTEXT) ?? sent);
  return lines(validateObjectUpdate(of, next, old));
}

export const statusProblems = <T extends AnyObject>(of: Resource<T>, before: Loose, after: Loose): string[] =>
  lines(validateStatusUpdate(of, made(of, after), made(of, before)));

/** The cells of a row by the names of their columns. */
export const cellsOf = <T extends AnyObject>(
  of: Resource<T>,
  object: T,
  now = Date.parse(CONTEXT.now),
): Loose => Object.fromEntries(of.columns.map(({ name, cell }) => [name, cell(object, now)]));
