/** Kubernetes' function for paths of JSON patches. */
import { Library } from "../function-table.ts";

export const jsonPatch = new Library().add("jsonpatch.escapeKey!(string) -> string", (key: string) =>
  key.replaceAll("~", "~0").replaceAll("/", "~1"),
);
