/** Paths above those of a group's version: what groups and versions there are, and which server this is. */
import { string, struct, type Struct } from "../schema.ts";
import { groupWords, type OpenApiKinds, type PathItem } from "./openapi-paths.ts";

/** The document at `/version`. */
const VersionInfo = struct(
  "io.k8s.apimachinery.pkg.version.Info",
  {
    buildDate: string(0).required().doc("When it was built."),
    compiler: string(0).required().doc("What it was built with."),
    emulationMajor: string(0).doc("Major version of the API that it behaves as."),
    emulationMinor: string(0).doc("Minor version of the API that it behaves as."),
    gitCommit: string(0).required().doc("The commit that it was built from."),
    gitTreeState: string(0).required().doc("Whether there was more than that commit."),
    gitVersion: string(0).required().doc("Its version."),
    goVersion: string(0).required().doc("The language it runs in."),
    major: string(0).required().doc("Major version of the API."),
    minCompatibilityMajor: string(0).doc("Major version of the oldest API that it works together with."),
    minCompatibilityMinor: string(0).doc("Minor version of the oldest API that it works together with."),
    minor: string(0).required().doc("Minor version of the API."),
    platform: string(0).required().doc("The machine that it runs on."),
  },
  { doc: "Which server this is." },
);

const page = (
  path: string,
  id: string,
  tag: string,
  description: string,
  answer: Struct | undefined,
): PathItem => ({
  path,
  parameters: [],
  operations: [{ method: "get", id, tag, description, query: [], answer, codes: [] }],
});

/** By the name of their documents in version 3: `apis`, `apis/apps`, `version`. */
export function pagesOf(groups: Iterable<string>, { schemaForKind }: OpenApiKinds): Map<string, PathItem> {
  const pages = new Map<string, PathItem>();
  for (const group of new Set(groups)) {
    const words = groupWords(group);
    const tag = `${words.slice(0, 1).toLowerCase()}${words.slice(1)}`;
    if (group === "") {
      const versions = schemaForKind("v1", "APIVersions");
      pages.set(
        "api",
        page("/api/", "getCoreAPIVersions", tag, "Lists the versions of this group.", versions),
      );
    } else {
      const answer = schemaForKind("v1", "APIGroup");
      const id = `get${words}APIGroup`;
      pages.set(`apis/${group}`, page(`/apis/${group}/`, id, tag, "Tells about this group.", answer));
    }
  }
  const list = schemaForKind("v1", "APIGroupList");
  pages.set("apis", page("/apis/", "getAPIVersions", "apis", "Lists all groups.", list));
  pages.set(
    "version",
    page("/version/", "getCodeVersion", "version", "Tells which server this is.", VersionInfo),
  );
  return pages;
}
