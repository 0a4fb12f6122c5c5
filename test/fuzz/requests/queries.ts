/** Parameters of requests for kinds. */
import type { Random } from "#base/random";
import { chance, pick } from "./choices.ts";
import { ODD_TEXTS } from "./odd-values.ts";

const QUERY_VALUES: Readonly<Record<string, readonly string[]>> = {
  limit: ["0", "1", "-1", "abc", "1e3", "99999999999999999999", "1.5", ""],
  continue: [
    "",
    "x",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi8ifQ",
    "eyJ9",
    "%00",
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9",
    "bnVsbA",
    "W10",
  ],
  resourceVersion: ["", "0", "1", "-1", "abc", "99999999", "18446744073709551616", "1.5", "01"],
  resourceVersionMatch: ["", "Exact", "NotOlderThan", "x"],
  labelSelector: [
    "a=b",
    "a in (",
    "a in (b,c),!d",
    "a=b=c",
    ",",
    "!",
    "a notin ()",
    "x>1",
    "a==",
    "__proto__=1",
    "((((((",
    "a in (" + "b,".repeat(500) + ")",
    "ü=1",
    "a=" + "b".repeat(100),
  ],
  fieldSelector: [
    "metadata.name=kept",
    "metadata.name",
    "a=b",
    "spec.nodeName=",
    "metadata.name!=a,metadata.namespace=b",
    "=",
    "\\",
    "a=\\",
    "__proto__=a",
    "metadata.name=a,metadata.name=b",
    "status.phase=Running",
  ],
  watch: ["", "true", "1", "false", "x", "0"],
  allowWatchBookmarks: ["true", "x"],
  sendInitialEvents: ["true", "false", "x"],
  timeoutSeconds: ["0", "1", "-1", "x", "99999999999", "1.5"],
  timeout: ["1s", "0s", "-1s", "x", "1ms", "10000h", "5"],
  dryRun: ["All", "all", "", "x", "All&dryRun=All"],
  fieldManager: ["", "me", "a".repeat(129), "%01", "a".repeat(2000), "%F0%9F%92%A9"],
  fieldValidation: ["Strict", "Warn", "Ignore", "x", ""],
  force: ["true", "false", "x", ""],
  pretty: ["true", "1", "", "x"],
  gracePeriodSeconds: ["0", "-1", "x", "99999999999999999999", "1.5"],
  propagationPolicy: ["Foreground", "Background", "Orphan", "x", ""],
  orphanDependents: ["true", "x"],
  ignoreStoreReadErrorWithClusterBreakingPotential: ["true"],
  includeObject: ["None", "Metadata", "Object", "x"],
  container: ["", "web", "../../x", "%00"],
  command: ["sh", "%00", ""],
  stdin: ["true", "x"],
  stdout: ["true", "1"],
  tailLines: ["-1", "x", "1", "99999999999999999999"],
  sinceTime: ["x", "2020-01-01T00:00:00Z"],
  sinceSeconds: ["1", "0", "1.5"],
  ports: ["80", "-1", "x", "70000"],
  path: ["/", "/../", "//other.test/", "@other.test"],
  "": ["x", "="],
  "%": ["%zz"],
  __proto__x: ["1"],
};

/** `gate`: nothing may be stored. */
export function queryOf(random: Random, gate: boolean): string {
  const parts: string[] = gate ? ["dryRun=All"] : [];
  const names = Object.keys(QUERY_VALUES);
  for (let count = chance(random, 0.6) ? 0 : 1 + random.below(3); count > 0; count--) {
    const name = pick(random, names);
    if (gate && name === "dryRun") continue;
    const value = chance(random, 0.1) ? pick(random, ODD_TEXTS) : pick(random, QUERY_VALUES[name]!);
    parts.push(`${name}=${/[%&]/.test(value) ? value : encodeURIComponent(value)}`);
  }
  return parts.join("&");
}
