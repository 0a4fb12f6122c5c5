/** Pods whose running containers get other resources: what the API shows, and what the kernel has. */
import assert from "node:assert/strict";
import type { V1Container, V1Pod, V1ResourceRequirements } from "@kubernetes/client-node";
import { pods } from "../kinds.ts";
import { Kubectl } from "../kubectl.ts";
import { plain } from "../plain.ts";
import { isReady, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const NAME = "resized";
const GROUP = "[sig-node] Pod InPlace Resize Container";
const MARKS = "[MinimumKubeletVersion:1.34] [Conformance]";

/** `cpu/memory`, each as `request-limit` of milli-CPUs and Mi, or `-` for nothing. */
interface Amounts {
  readonly cpu?: readonly [request: number | undefined, limit: number | undefined];
  readonly memory?: readonly [request: number | undefined, limit: number | undefined];
}

const both = (cpu: number, memory: number): Amounts => ({ cpu: [cpu, cpu], memory: [memory, memory] });

function resourcesOf({ cpu = [undefined, undefined], memory = [undefined, undefined] }: Amounts) {
  const part = (index: 0 | 1) => ({
    ...(cpu[index] === undefined ? {} : { cpu: `${cpu[index]}m` }),
    ...(memory[index] === undefined ? {} : { memory: `${memory[index]}Mi` }),
  });
  const parts = { requests: part(0), limits: part(1) };
  return Object.fromEntries(
    Object.entries(parts).filter(([, list]) => Object.keys(list).length > 0),
  ) as V1ResourceRequirements;
}

const containersOf = (amounts: readonly Amounts[]): V1Container[] =>
  amounts.map((one, index) => waiting({ name: `c${index + 1}`, resources: resourcesOf(one) }));

async function start(context: ConformanceContext, amounts: readonly Amounts[]): Promise<V1Pod> {
  const client = pods(context);
  const spec = { terminationGracePeriodSeconds: 0, containers: containersOf(amounts) };
  await client.create({ metadata: { name: NAME }, spec });
  const pod = await client.until(NAME, isReady);
  await assertHas(context, amounts);
  return pod;
}

const resize = (context: ConformanceContext, amounts: readonly Amounts[]): Promise<V1Pod> =>
  pods(context)
    .subresource<V1Pod>("Resize")
    .patch(
      NAME,
      {
        spec: { containers: containersOf(amounts).map(({ name, resources }) => ({ name, resources })) },
      },
      "application/strategic-merge-patch+json",
    );

/** Waits for the status to show it, and compares that with what the containers see. */
async function assertResized(
  context: ConformanceContext,
  answer: V1Pod,
  before: V1Pod,
  amounts: readonly Amounts[],
): Promise<V1Pod> {
  assert.deepEqual(
    answer.spec!.containers.map(({ resources }) => sorted(resources ?? {})),
    amounts.map((one) => sorted(withDefaults(resourcesOf(one)))),
  );
  assert.equal(answer.metadata!.generation, before.metadata!.generation! + 1);
  const isDone = ({ status, metadata }: V1Pod) =>
    status?.observedGeneration === metadata?.generation &&
    !status?.conditions?.some(({ type }) => type.startsWith("PodResize")) &&
    shown({ status }) === JSON.stringify(amounts.map((one) => sorted(withDefaults(resourcesOf(one)))));
  const pod = await pods(context).until(NAME, isDone, "has what it asks for");
  await assertHas(context, amounts);
  for (const { restartCount } of pod.status!.containerStatuses!) assert.equal(restartCount, 0);
  assert.deepEqual(containerIds(pod), containerIds(before));
  return pod;
}

/** Limits stand for requests that were not made. */
function withDefaults({ requests, limits }: V1ResourceRequirements): V1ResourceRequirements {
  const all = { ...limits, ...requests };
  return { ...(limits ? { limits } : {}), ...(Object.keys(all).length > 0 ? { requests: all } : {}) };
}

const sorted = ({ requests, limits }: V1ResourceRequirements) =>
  [requests, limits].map((list) => Object.entries(list ?? {}).toSorted());

const shown = ({ status }: Pick<V1Pod, "status">): string =>
  JSON.stringify(
    (status?.containerStatuses ?? [])
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ resources }) => sorted(resources ?? {})),
  );

const containerIds = ({ status }: V1Pod) => status!.containerStatuses!.map(({ containerID }) => containerID);

const SEEN = `cd /sys/fs/cgroup
  if [ -e cpu.max ]; then cat cpu.max memory.max
  else cat cpu/cpu.shares cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes; fi`;

async function assertHas(context: ConformanceContext, amounts: readonly Amounts[]): Promise<void> {
  const kubectl = new Kubectl(context);
  for (const [index, { cpu, memory }] of amounts.entries()) {
    const name = `c${index + 1}`;
    const lines = (await kubectl.run(`exec ${NAME} -c ${name} -- sh -c`, SEEN)).trim().split("\n");
    const bytes = memory?.[1] === undefined ? undefined : String(memory[1] * 2 ** 20);
    // 10m is the least that can be enforced.
    const quotaUs = cpu?.[1] === undefined ? undefined : Math.max(cpu[1], 10) * 100;
    if (lines.length === 2) {
      assert.deepEqual(lines, [`${quotaUs ?? "max"} 100000`, bytes ?? "max"], name);
      continue;
    }
    const shares = Math.max(2, Math.floor(((cpu?.[0] ?? cpu?.[1] ?? 0) * 1024) / 1000));
    assert.deepEqual(lines.slice(0, 2), [String(shares), String(quotaUs ?? -1)], name);
    assert.equal(Number(lines[2]) > 2 ** 62 ? undefined : lines[2], bytes, name);
  }
}

/** There, and back where nothing was added: what has been set cannot be taken away. */
function resizes(name: string, from: readonly Amounts[], to: readonly Amounts[], back = true): void {
  conformance(`${GROUP} ${name} ${MARKS}`, async (context) => {
    const started = await start(context, from);
    const resized = await assertResized(context, await resize(context, to), started, to);
    if (back) await assertResized(context, await resize(context, from), resized, from);
  });
}

const THREE = "guaranteed pods with multiple containers 3 containers -";

resizes(
  `${THREE} increase: CPU (c1,c3), memory (c2, c3) ; decrease: CPU (c2)`,
  [both(20, 20), both(20, 20), both(20, 20)],
  [both(25, 20), both(15, 25), both(25, 25)],
);

resizes(
  `${THREE} increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase`,
  [both(20, 20), both(20, 20), both(20, 20)],
  [both(30, 30), both(30, 30), both(15, 16)],
);

resizes(
  `${THREE} increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease`,
  [both(20, 24), both(20, 24), both(20, 24)],
  [both(22, 26), both(15, 16), both(15, 16)],
);

resizes(
  "burstable pods - extended 6 containers - various operations performed (including adding limits and requests)",
  [
    { cpu: [20, undefined] },
    { cpu: [20, 30], memory: [20, 30] },
    { memory: [20, 30] },
    {},
    { cpu: [20, undefined], memory: [20, undefined] },
    { cpu: [20, 30], memory: [20, undefined] },
  ],
  [
    { cpu: [25, undefined] },
    { cpu: [15, 25], memory: [16, 24] },
    { cpu: [20, undefined], memory: [25, 35] },
    { cpu: [20, 30], memory: [20, 30] },
    { cpu: [20, 30], memory: [20, 30] },
    { cpu: [25, 35], memory: [20, 30] },
  ],
  false,
);

resizes(
  "burstable pods - extended resize with equivalents",
  [{ cpu: [2, 10] }, { cpu: [1, 5] }],
  [{ cpu: [1, 5] }, { cpu: [2, 10] }],
);

conformance(`${GROUP} resize pod via the replace endpoint ${MARKS}`, async (context) => {
  const from = [{ cpu: [20, 30], memory: [20, 30] }] as const;
  const to = [{ cpu: [25, 35], memory: [25, 35] }] as const;
  const started = await start(context, from);
  const client = pods(context).subresource<V1Pod>("Resize");
  const read = await client.read(NAME);
  assert.deepEqual(plain(read.spec), plain(started.spec));
  // The status may be written at any moment.
  delete read.metadata!.resourceVersion;
  read.spec!.containers[0]!.resources = resourcesOf(to[0]);
  await assertResized(context, await client.replace(read), started, to);
});
