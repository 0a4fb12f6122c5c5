/** What tests left behind: found by the marks that every run gives to what it starts. */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { runCommand } from "#base/node/command";
import { signalProcess } from "#cluster/daemon/daemon";
import { deleteCluster } from "#cluster/down";

const VARIABLE = "K8TS_TEST_RUN";
/** Short: sockets are below it. */
const PREFIX = "kt-";
/** Namespaces that test machines make are named after the process that made them. */
const MACHINE = /^kt([0-9]+)-/;

/** One run of the tests. Its temporary files are below `dir`, its processes know its id. */
export class TestRun {
  readonly dir: string;
  readonly #id: string;

  constructor(id: number = process.pid, parent: string = tmpdir()) {
    this.#id = String(id);
    this.dir = join(parent, `${PREFIX}${id}`);
  }

  start(): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o711 });
  }

  get env(): Readonly<Record<string, string>> {
    return { TMPDIR: this.dir, [VARIABLE]: this.#id };
  }

  /** Clears away what is left, and gives a line for each thing that should not have been. */
  async clear(): Promise<readonly string[]> {
    const found = [
      ...(await removeClusters(this.dir)),
      ...this.#endProcesses(),
      ...(await removeMounts(this.dir)),
      ...(await removeMachines()),
    ];
    rmSync(this.dir, { recursive: true, force: true });
    return found;
  }

  #endProcesses(): readonly string[] {
    const mark = `${VARIABLE}=${this.#id}`;
    return readdirSync("/proc").flatMap((entry) => {
      const pid = Number(entry);
      if (!Number.isInteger(pid) || pid === process.pid) return [];
      if (!readProc(pid, "environ").split("\0").includes(mark)) return [];
      const command = readProc(pid, "cmdline").replaceAll("\0", " ").trim();
      // A zombie only waits for its parent.
      if (command === "") return [];
      signalProcess(pid, "SIGKILL");
      return [`process ${pid}: ${command.slice(0, 200)}`];
    });
  }
}

/** Runs that were ended before they could clear up. */
export function abandonedRuns(parent: string = tmpdir()): readonly TestRun[] {
  return readdirSync(parent).flatMap((entry) => {
    const pid = Number(new RegExp(`^${PREFIX}([0-9]+)$`).exec(entry)?.[1]);
    return Number.isInteger(pid) && !existsSync(`/proc/${pid}`) ? [new TestRun(pid, parent)] : [];
  });
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended meanwhile, or is none of ours.
    return "";
  }
}

async function removeClusters(dir: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of globSync("*/*/cluster.json", { cwd: dir })) {
    const name = basename(dirname(file));
    await deleteCluster({
      name,
      dataDir: join(dir, dirname(dirname(file))),
      output: { write: () => undefined, live: false },
    });
    found.push(`cluster ${name}`);
  }
  return found;
}

async function removeMounts(dir: string): Promise<readonly string[]> {
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${dir}/`));
  // The innermost first.
  if (mounted.length > 0) await runCommand("umount", ["--lazy", ...mounted.toReversed()]);
  return mounted.map((path) => `mount ${path}`);
}

/** Network namespaces of test machines whose process has ended. */
async function removeMachines(): Promise<readonly string[]> {
  if (!existsSync("/run/netns")) return [];
  const left = readdirSync("/run/netns").filter((name) => {
    const pid = MACHINE.exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
  for (const name of left) await runCommand("ip", ["netns", "delete", name]);
  return left.map((name) => `network namespace ${name}`);
}
