import { Pod } from "#api/core-v1/pod";
import type { Case } from "../case.ts";
import { type ControlPlane, startControlPlane } from "../control-plane.ts";
import { createPods, PODS_PATH } from "../load/create-pods.ts";
import { H1Connection, h1Request } from "../load/h1-connection.ts";
import { median } from "../figures.ts";
import { cpuMicros } from "../proc.ts";

const PODS = 6_000;
const GETS = 2_000;
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const MEGABYTE = 1e6;

/** The same answers in protobuf, as Go clients ask for them; JSON is measured by the benchmarks of GET and LIST. */
export const protobuf: Case = {
  name: "protobuf",
  async run({ rounds, quick, note }) {
    const server = await startControlPlane();
    await createPods(server, PODS);
    const { items } = await server.client.list(Pod, { namespace: "default" });
    const pod = `${PODS_PATH}/${items[0]!.metadata.name}`;
    const lists = quick ? 3 : 8;
    for (let round = 0; round < rounds; round++) {
      const list = await repeated(server, PODS_PATH, lists);
      note("protobuf.list.ms", list.ms);
      note("protobuf.list.bytes", list.bytes / MEGABYTE);
      note("protobuf.list.cpu", list.cpuMicros / 1000);
      const one = await repeated(server, pod, quick ? GETS / 10 : GETS);
      note("protobuf.get.cpu", one.cpuMicros);
    }
    await server.stop();
  },
};

/** One after the other: the median time, and the server's CPU for each. */
async function repeated(server: ControlPlane, path: string, count: number) {
  const request = h1Request("GET", path, undefined, PROTOBUF);
  const connection = await H1Connection.open(server);
  const { status, bytes } = await connection.send(request);
  if (status !== 200) throw new Error(`${path} was answered ${status}`);
  const tookMs: number[] = [];
  const before = cpuMicros(server.pid);
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await connection.send(request);
    tookMs.push(performance.now() - began);
  }
  const cpu = (cpuMicros(server.pid) - before) / count;
  connection.close();
  return { ms: median(tookMs), bytes, cpuMicros: cpu };
}
