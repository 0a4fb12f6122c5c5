/**
 * Completes package-lock.json after `npm install`. Where a registry does not carry a package's binaries for some other
 * platform, npm leaves them out of the lock, and `npm ci` then refuses the whole of it. This writes them in, for a
 * platform that npm will pass over on Linux.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface Locked {
  version?: string;
  optionalDependencies?: Record<string, string>;
  [key: string]: unknown;
}

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, Locked> };

const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/** What the package's name says about where it runs. */
function platformOf(name: string): Partial<Record<"os" | "cpu" | "libc", string[]>> | undefined {
  const words = name.split("/").at(-1)!.split("-");
  const os = SYSTEMS.find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor));
  if (!os || !cpu) return undefined;
  const libc =
    os !== "linux" ? undefined : words.some((word) => word.startsWith("musl")) ? ["musl"] : ["glibc"];
  return { cpu: [cpu], ...(libc && cpu !== "arm" ? { libc } : {}), os: [os] };
}

const isLocked = (name: string): boolean =>
  Object.keys(lock.packages).some(
    (at) => at === `node_modules/${name}` || at.endsWith(`/node_modules/${name}`),
  );

let added = 0;
for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = platformOf(name);
    if (isLocked(name) || !platform || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = { version, ...platform, optional: true };
    added++;
  }
}
if (added > 0) {
  const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
}
console.log(`${added} packages added to the lock`);
