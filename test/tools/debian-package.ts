import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { output, run } from "./run.ts";

const cache = fileURLToPath(new URL("../../node_modules/.cache/debian", import.meta.url));

/** Path of a program: the machine's own where it has it, otherwise from the package of Debian that brings it. */
export async function debianProgram(package_: string, program: string): Promise<string> {
  const installed = join("/usr/bin", program);
  return existsSync(installed) ? installed : join(await unpackedPackage(package_), installed);
}

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
    try {
      renameSync(files, folder);
    } catch (error) {
      // Somebody else has done the same in the meantime.
      if (!existsSync(folder)) throw error;
    }
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
