import { type StatusError, badRequest, invalidObject } from "#machinery/status";
import { type FieldProblem, forbidden, invalid, notSupported } from "#machinery/schema";
import { isTrue } from "../request/request-info.ts";

/** The query of a list or watch. */
export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** Empty: the newest. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: "" | "Exact" | "NotOlderThan";
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Throws BadRequest for what cannot be read and Invalid for what does not go together. */
export function listQueryOf(query: URLSearchParams, watch: boolean): ListQuery {
  const match = query.get("resourceVersionMatch") ?? "";
  const options: ListQuery = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: match as ListQuery["resourceVersionMatch"],
    limit: integerOf(query, "limit") ?? 0,
    continue: query.get("continue") ?? "",
    timeoutSeconds: integerOf(query, "timeoutSeconds"),
    allowWatchBookmarks: isTrue(query.get("allowWatchBookmarks")),
    sendInitialEvents: query.has("sendInitialEvents") ? isTrue(query.get("sendInitialEvents")) : undefined,
  };
  const problems = [...problemsOf(options, watch)];
  if (problems.length > 0) throw invalidObject({ group: "meta.k8s.io", kind: "ListOptions" }, "", problems);
  return options;
}

const MATCHES = ["Exact", "NotOlderThan"];

function* problemsOf(options: ListQuery, watch: boolean): Iterable<FieldProblem> {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  const path = "resourceVersionMatch";
  if (watch) {
    if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
      yield forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (match === "") return;
    if (sendInitialEvents === undefined)
      yield forbidden(
        path,
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      );
    if (match !== "NotOlderThan") yield notSupported(path, match, ["NotOlderThan"]);
    return;
  }
  if (sendInitialEvents !== undefined)
    yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
  if (match === "") return;
  if (!MATCHES.includes(match)) yield notSupported(path, match, ["Exact", "NotOlderThan", ""]);
  if (resourceVersion === "")
    yield forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (options.continue !== "")
    yield forbidden(path, "resourceVersionMatch is forbidden when continue is provided");
  if (match === "Exact" && resourceVersion === "0") {
    yield forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}

/** The query of a write. */
export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Apply takes fields from other managers. */
  readonly force: boolean;
}

const DRY_RUN = ["All"];
const FIELD_VALIDATION = ["Ignore", "Strict", "Warn"];
const MANAGER_LENGTH_MAX = 128;

/** `kind`: the options' kind, as errors name it. */
export function writeQueryOf(query: URLSearchParams, kind: string): WriteQuery {
  if (query.size === 0) return PLAIN;
  const validation = query.get("fieldValidation") ?? "";
  const manager = query.get("fieldManager") ?? "";
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  const problems: FieldProblem[] = [];
  if (dryRun.some((value) => !DRY_RUN.includes(value)) || dryRun.length > 1) {
    problems.push(notSupported("dryRun", dryRun, DRY_RUN));
  }
  if (validation !== "" && !FIELD_VALIDATION.includes(validation)) {
    problems.push(notSupported("fieldValidation", validation, FIELD_VALIDATION));
  }
  problems.push(...managerProblems(manager));
  if (problems.length > 0) throw invalidObject({ group: "meta.k8s.io", kind }, "", problems);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: manager,
    fieldValidation: validation === "" ? "Warn" : (validation as WriteQuery["fieldValidation"]),
    force: isTrue(query.get("force")),
  };
}

const PLAIN: WriteQuery = { dryRun: false, fieldManager: "", fieldValidation: "Warn", force: false };

function* managerProblems(manager: string): Iterable<FieldProblem> {
  const path = "fieldManager";
  if (bytesOf(manager) > MANAGER_LENGTH_MAX) {
    const detail = `may not be more than ${MANAGER_LENGTH_MAX} bytes`;
    yield { type: "tooLong", path, value: manager, detail };
  }
  let position = 0;
  for (const character of manager) {
    const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
    if (!isPrintable(character))
      yield invalid(path, manager, `invalid character ${code} (at position ${position})`);
    position += bytesOf(character);
  }
}

const encoder = new TextEncoder();
const bytesOf = (text: string): number => encoder.encode(text).length;

const isPrintable = (character: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character);

/** What nearly all programs call themselves: not looked at letter by letter. */
const PLAIN_NAME = /^[ -~]{1,128}$/;

/** Who writes, where nobody says so: the client program's name. */
export function managerOf({ fieldManager }: WriteQuery, userAgent: string): string {
  if (fieldManager !== "") return fieldManager;
  const [name] = userAgent.split("/", 1) as [string];
  if (PLAIN_NAME.test(name)) return name;
  let program = "";
  for (const character of name) {
    if (!isPrintable(character)) continue;
    if (bytesOf(program + character) > MANAGER_LENGTH_MAX) break;
    program += character;
  }
  return program || "unknown";
}

const INTEGER = /^[+-]?\d+$/;
const INT64_DIGITS_MAX = 18;

function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (INTEGER.test(text) && text.length <= INT64_DIGITS_MAX) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const REVISION = /^\d{1,16}$/;

/** A resourceVersion as a number. Throws Invalid in the words of the API. */
export function revisionOf(text: string, kind: { group: string; plural: string }): number {
  const revision = Number(text);
  if (REVISION.test(text) && Number.isSafeInteger(revision)) return revision;
  throw invalidVersion(text, kind);
}

const invalidVersion = (text: string, { group, plural }: { group: string; plural: string }): StatusError =>
  invalidObject({ group, kind: plural }, "", [
    invalid("resourceVersion", text, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`),
  ]);
