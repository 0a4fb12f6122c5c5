/** How an EncryptionConfiguration names kinds, and what may not be named. */
import { type FieldProblem, invalid, item } from "#machinery/schema";
import type { GroupResource } from "#machinery/status";

export const ANY = "*";

/** `deployments.apps`; what has no dot is of the core group. */
export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf(".");
  return dot < 0 ? { group: "", plural: text } : { group: text.slice(dot + 1), plural: text.slice(0, dot) };
}

/** As in the file: `*.` for all of the core group. */
export const formatGroupResource = ({ group, plural }: GroupResource): string =>
  group === "" && plural !== ANY ? plural : `${plural}.${group}`;

/** Stored, but of no kind that clients could know. */
const WITHOUT_API = new Set(["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"]);

export const resourceProblems = (resources: readonly string[], path: string): FieldProblem[] => [
  ...overlapProblems(resources, path),
  ...resources.flatMap((text, index) => {
    const why = whyNotNamed(text);
    return why === undefined ? [] : [invalid(item(path, index), text, why)];
  }),
];

function whyNotNamed(text: string): string | undefined {
  const { group, plural } = parseGroupResource(text);
  if (text.toLowerCase() !== text) return "resource name should not contain capital letters";
  if (text === ANY)
    return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (WITHOUT_API.has(text)) return "resources which do not have REST API/s cannot be encrypted";
  if (group === "events.k8s.io")
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === ANY && plural !== ANY) return "encrypting the same resource across groups is not supported";
  return undefined;
}

function overlapProblems(resources: readonly string[], path: string): FieldProblem[] {
  const named = resources.map(parseGroupResource);
  const pairs = named.flatMap((one, index) => named.slice(index + 1).map((other) => [one, other] as const));
  const problems: FieldProblem[] = [];
  if (pairs.some(([one, other]) => one.group === other.group && one.plural === other.plural)) {
    problems.push(invalid(path, resources, "the same resource cannot be specified multiple times"));
  }
  if (pairs.some(([one, other]) => masks(one, other) || masks(other, one))) {
    const why =
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    problems.push(invalid(path, resources, why));
  }
  return problems;
}

/** Does the first one already mean the other, too? */
function masks(one: GroupResource, other: GroupResource): boolean {
  if (one.plural !== ANY || (other.plural === ANY && one.group === other.group)) return false;
  return one.group === ANY || one.group === other.group;
}
