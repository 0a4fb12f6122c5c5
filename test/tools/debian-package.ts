import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { output, run } from "./run.ts";

const cache = fileURLToPath(new URL("../../node_modules/.cache/debian", import.meta.url));

/** The folder of a Debian package's files, which are fetched at the first call and installed nowhere. */
export async function unpackedPackage(name: string): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, `${name}-`));
  try {
    await download(name, fresh);
    const [archive] = readdirSync(fresh).filter((file) => file.endsWith(".deb"));
    const files = join(fresh, "files");
    await output("dpkg-deb", ["--extract", join(fresh, archive!), files]);
    // Somebody else may have done the same in the meantime.
    if (!existsSync(folder)) renameSync(files, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

async function download(name: string, folder: string): Promise<void> {
  const fetched = await run("apt-get", ["download", name], { cwd: folder });
  if (fetched.code === 0) return;
  await output("apt-get", ["update"]);
  await output("apt-get", ["download", name], { cwd: folder });
}
