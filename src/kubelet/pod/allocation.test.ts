import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { PodAllocation, type ResizeAnswer, type ResizeProblem } from "./allocation.ts";

const requests = (cpu: string) => ({ requests: { cpu, memory: "1Gi" } });

const pod = (cpu: string, status: object = {}): Pod =>
  ({ spec: { containers: [{ name: "a", resources: requests(cpu) }] }, status }) as unknown as Pod;

const shown = (cpu: string) => ({ containerStatuses: [{ name: "a", resources: requests(cpu) }] });

const cpuOf = ({ spec }: Pod) => spec.containers[0]!.resources.requests!.cpu;

const problem: ResizeProblem = { reason: "Deferred", message: "no room" };

test("a new pod has what it asks for", () => {
  const asked = pod("1");
  const allocation = new PodAllocation(asked, () => assert.fail("nobody has to be asked"));
  assert.equal(allocation.pod, asked);
  assert.equal(allocation.isOpen, false);
});

test("a pod keeps what it has until there is room for more", () => {
  let room: ResizeProblem | undefined = problem;
  const allocation = new PodAllocation(pod("1"), () => room);
  const bigger = pod("2");
  allocation.take(bigger);
  assert.equal(cpuOf(allocation.pod), "1");
  assert.deepEqual(allocation.problem, problem);
  room = undefined;
  allocation.review();
  assert.equal(allocation.pod, bigger);
  assert.equal(allocation.problem, undefined);
});

test("who asks for what it has again waits for nothing", () => {
  const allocation = new PodAllocation(pod("1"), () => problem);
  allocation.take(pod("2"));
  allocation.take(pod("1"));
  assert.deepEqual([allocation.isOpen, allocation.problem], [false, undefined]);
});

test("a kubelet that takes over knows from the status what was granted", () => {
  const allocation = new PodAllocation(pod("2", shown("1")), () => problem);
  assert.equal(cpuOf(allocation.pod), "1");
  assert.equal(allocation.isOpen, true);
  allocation.review();
  assert.deepEqual(allocation.problem, problem);
});

test("nothing is granted, and nothing said, before all is known that takes up room", () => {
  let answer: ResizeAnswer = "unknown";
  const allocation = new PodAllocation(pod("2", shown("1")), () => answer);
  allocation.take(pod("3", shown("1")));
  assert.deepEqual([cpuOf(allocation.pod), allocation.problem], ["1", undefined]);
  answer = undefined;
  allocation.review();
  assert.equal(cpuOf(allocation.pod), "3");
});
