/** What the tests with real containers run on: a network namespace with a containerd of its own, and images. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import koffi from "koffi";
import { pack as tarPack } from "tar-stream";
import { sleep, systemClock } from "#base/clock";
import { CriClient } from "./cri/client.ts";

let counter = 0;

/** A machine of its own, as far as pods can tell. Dispose of it, and nothing is left. */
export class TestMachine {
  readonly name = `kt${process.pid}-${counter++}`;
  readonly dir = mkdtempSync(join(tmpdir(), "kubelet-"));
  readonly socket = join(this.dir, "containerd.sock");
  readonly cgroupRoot = `/${this.name}`;
  #containerd: ChildProcess | undefined;
  #home: number | undefined;

  static async start(): Promise<TestMachine> {
    const machine = new TestMachine();
    try {
      run("ip", "netns", "add", machine.name);
      run("ip", "-n", machine.name, "link", "set", "lo", "up");
      machine.#configure();
      await machine.startContainerd();
      await machine.#importImages();
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  #configure(): void {
    const cni = join(this.dir, "cni");
    mkdirSync(cni);
    const ipam = {
      type: "host-local",
      ranges: [[{ subnet: "10.213.0.0/24" }]],
      routes: [{ dst: "0.0.0.0/0" }],
      dataDir: join(this.dir, "ipam"),
    };
    const plugins = [
      { type: "bridge", bridge: "pods", isGateway: true, hairpinMode: true, ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ];
    writeFileSync(
      join(cni, "10-pods.conflist"),
      JSON.stringify({ cniVersion: "0.4.0", name: "pods", plugins: plugins.slice(0, 1) }),
    );
    writeFileSync(
      join(this.dir, "containerd.toml"),
      `version = 2
root = "${this.dir}/root"
state = "${this.dir}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${this.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "test.local/pause:1"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${cni}"
`,
    );
  }

  async startContainerd(): Promise<void> {
    const log = openSync(join(this.dir, "containerd.log"), "a");
    const args = [
      `--net=/run/netns/${this.name}`,
      "containerd",
      "--config",
      join(this.dir, "containerd.toml"),
    ];
    this.#containerd = spawn("nsenter", args, { stdio: ["ignore", log, log] });
    closeSync(log);
    const runtime = new CriClient(this.socket, this.socket, systemClock);
    try {
      for (let tries = 0; ; tries++) {
        const { status } = await runtime.status().catch(() => ({ status: undefined }));
        if (status?.conditions.every((condition) => condition.status)) return;
        if (tries > 2400) throw new Error(`containerd does not start: ${this.log.slice(-2000)}`);
        await sleep(systemClock, 50);
      }
    } finally {
      runtime.close();
    }
  }

  get isUp(): boolean {
    return this.#containerd !== undefined;
  }

  get log(): string {
    return readFileSync(join(this.dir, "containerd.log"), "utf8");
  }

  async stopContainerd(): Promise<void> {
    const process = this.#containerd;
    this.#containerd = undefined;
    if (!process || process.exitCode !== null) return;
    process.kill("SIGTERM");
    await once(process, "exit");
  }

  async #importImages(): Promise<void> {
    for (const image of ["test.local/pause:1", "test.local/busybox:1"]) {
      const file = join(this.dir, "image.tar");
      writeFileSync(file, await busyboxImage(image));
      run("ctr", "--address", this.socket, "-n", "k8s.io", "images", "import", file);
      rmSync(file);
    }
  }

  /** Lets this thread use the machine's network, until the machine is disposed of. */
  enterNetwork(): void {
    this.#home ??= openSync("/proc/thread-self/ns/net", "r");
    setNetwork(openSync(`/run/netns/${this.name}`, "r"), true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#home !== undefined) setNetwork(this.#home, true);
    await this.#removePods();
    await this.stopContainerd();
    attempt("ip", "netns", "del", this.name);
    for (const path of mountsBelow(this.dir)) attempt("umount", "-l", path);
    removeCgroups(this.cgroupRoot);
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #removePods(): Promise<void> {
    if (!this.#containerd) return;
    const runtime = new CriClient(this.socket, this.socket, systemClock);
    try {
      const remove = async (id: string) => {
        await runtime.stopSandbox(id);
        await runtime.removeSandbox(id);
      };
      await Promise.all((await runtime.listSandboxes()).map(({ id }) => remove(id)));
    } catch {
      // What does not go this way goes with its namespace and its directory.
    } finally {
      runtime.close();
    }
  }
}

export const BUSYBOX = "test.local/busybox:1";

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function attempt(program: string, ...args: string[]): void {
  try {
    run(program, ...args);
  } catch {
    // It was not there any more.
  }
}

function setNetwork(fd: number, close: boolean): void {
  const setns = koffi.load("libc.so.6").func("int setns(int, int)");
  const CLONE_NEWNET = 0x40000000;
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error("setns failed");
  if (close) closeSync(fd);
}

const mountsBelow = (dir: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${dir}/`))
    .toReversed();

function removeCgroups(root: string): void {
  attempt(
    "sh",
    "-c",
    `for d in /sys/fs/cgroup/*${root} /sys/fs/cgroup${root}; do [ -d "$d" ] && find "$d" -depth -type d -exec rmdir {} \\;; done`,
  );
}

/** An image archive of nothing but busybox. */
async function busyboxImage(name: string): Promise<Buffer> {
  const tools = [
    "sh",
    "sleep",
    "cat",
    "echo",
    "ls",
    "true",
    "false",
    "httpd",
    "nc",
    "wget",
    "id",
    "env",
    "kill",
    "touch",
    "rm",
    "stat",
    "hostname",
    "mkdir",
    "test",
    "readlink",
    "nslookup",
    "date",
    "head",
    "dd",
    "yes",
    "seq",
    "tail",
    "mount",
    "grep",
  ];
  const layer = await tar((pack) => {
    for (const dir of ["bin", "etc", "proc", "tmp", "dev", "sys"])
      pack.entry({ name: dir, type: "directory", mode: 0o755 });
    pack.entry({ name: "bin/busybox", mode: 0o755 }, readFileSync("/bin/busybox"));
    for (const tool of tools) pack.entry({ name: `bin/${tool}`, type: "symlink", linkname: "busybox" });
    pack.entry({ name: "etc/passwd" }, "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
    pack.entry({ name: "etc/group" }, "root:x:0:\nuser:x:1000:\n");
  });
  const blobs = new Map<string, Buffer>();
  const blob = (mediaType: string, bytes: Buffer) => {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const compressed = blob("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(layer, { level: 1 }));
  const config = blob(
    "application/vnd.oci.image.config.v1+json",
    Buffer.from(
      JSON.stringify({
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        os: "linux",
        config: { Env: ["PATH=/bin"], Entrypoint: ["/bin/sleep", "2147483647"] },
        rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
      }),
    ),
  );
  const manifest = blob(
    "application/vnd.oci.image.manifest.v1+json",
    Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [compressed] })),
  );
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
  return tar((pack) => {
    pack.entry({ name: "oci-layout" }, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
    pack.entry({ name: "index.json" }, JSON.stringify(index));
    for (const [digest, bytes] of blobs) pack.entry({ name: `blobs/${digest.replace(":", "/")}` }, bytes);
  });
}

async function tar(fill: (pack: ReturnType<typeof tarPack>) => void): Promise<Buffer> {
  const pack = tarPack();
  fill(pack);
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of pack) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
