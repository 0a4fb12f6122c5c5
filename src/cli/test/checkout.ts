import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { StepFailed } from "#cluster/steps";

/** The folder of the sources that this program was started from. */
export function checkoutRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (isCheckout(folder)) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new StepFailed(
    "the tests need the source checkout of k8ts, and this program is not in one",
    "clone the repository and run ./k8ts test in it",
  );
}

function isCheckout(folder: string): boolean {
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest) || !existsSync(join(folder, "src", "cli"))) return false;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { readonly name?: string }).name === "k8ts";
}
