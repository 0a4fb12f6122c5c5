import assert from "node:assert/strict";
import {
  CoreV1Api,
  PatchStrategy,
  type V1Container,
  type V1Job,
  type V1JobSpec,
  type V1Pod,
} from "@kubernetes/client-node";
import { type KindClient, refused } from "../kind-client.ts";
import { jobs, pods } from "../kinds.ts";
import { isReady, scripted, specOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { ownerOf } from "../workloads.ts";

const jobOf = (
  name: string,
  container: V1Container,
  more: Partial<V1JobSpec> = {},
  restartPolicy = "Never",
): V1Job => ({
  metadata: { name },
  spec: { ...more, template: { spec: specOf(container, { restartPolicy }) } },
});

/** One pod an index; the script knows its index as `$i`. */
const indexed = (name: string, script: string, more: Partial<V1JobSpec> = {}): V1Job =>
  jobOf(name, scripted(`i=$JOB_COMPLETION_INDEX; ${script}`), {
    completionMode: "Indexed",
    completions: 4,
    parallelism: 4,
    ...more,
  });

const SUCCEEDS = "exit 0";
const FAILS = "exit 1";
const STAYS = "trap 'exit 0' TERM; sleep 3600 & wait";

const conditionOf = ({ status }: V1Job, type: string) =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === "True");

const completed = (client: KindClient<V1Job>, name: string): Promise<V1Job> =>
  client.until(name, (job) => conditionOf(job, "Complete") !== undefined, "is complete");

const failed = (client: KindClient<V1Job>, name: string): Promise<V1Job> =>
  client.until(name, (job) => conditionOf(job, "Failed") !== undefined, "has failed");

const podsOf = (
  context: ConformanceContext,
  name: string,
  wanted: (all: readonly V1Pod[]) => boolean,
  what: string,
) => pods(context).untilAll({ labelSelector: `batch.kubernetes.io/job-name=${name}` }, wanted, what);

const indexOf = ({ metadata }: V1Pod): string =>
  metadata!.annotations!["batch.kubernetes.io/job-completion-index"]!;

conformance(
  "[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]",
  async (context) => {
    // A container that fails is started again in its pod; the volume remembers that it did.
    const flaky = jobOf(
      "flaky",
      scripted("if [ -e /data/tried ]; then exit 0; fi; touch /data/tried; exit 1", {
        volumeMounts: [{ name: "data", mountPath: "/data" }],
        securityContext: { runAsUser: 0 },
      }),
      { parallelism: 2, completions: 4 },
      "OnFailure",
    );
    flaky.spec!.template.spec!.volumes = [{ name: "data", emptyDir: {} }];
    await jobs(context).create(flaky);
    const { status } = await completed(jobs(context), "flaky");
    assert.deepEqual([status?.succeeded, status?.failed ?? 0, status?.active ?? 0], [4, 0, 0]);
    const all = await podsOf(context, "flaky", (found) => found.length === 4, "all four pods are there");
    for (const pod of all) {
      assert.equal(pod.status?.phase, "Succeeded");
      assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
    }
  },
);

conformance("[sig-apps] Job should delete a job [Conformance]", async (context) => {
  await jobs(context).create(jobOf("stays", waiting(), { parallelism: 2, completions: 2 }));
  await podsOf(context, "stays", (all) => all.filter(isReady).length === 2, "both pods run");
  await jobs(context).delete("stays", { propagationPolicy: "Foreground" });
  await jobs(context).untilGone("stays");
  assert.deepEqual(await pods(context).list(), []);
});

conformance(
  "[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]",
  async (context) => {
    await jobs(context).create(jobOf("adopts", waiting(), { parallelism: 2, completions: 2 }));
    const [pod] = await podsOf(context, "adopts", (all) => all.filter(isReady).length === 2, "both pods run");
    const { name, labels } = pod!.metadata!;
    await pods(context).patch(name!, { metadata: { ownerReferences: null } });
    const adopted = await pods(context).until(name!, (now) => ownerOf(now) !== undefined, "is adopted");
    assert.equal(ownerOf(adopted), "Job/adopts");

    const without = Object.fromEntries(Object.keys(labels!).map((key) => [key, null]));
    await pods(context).patch(name!, { metadata: { labels: without } });
    const released = await pods(context).until(name!, (now) => ownerOf(now) === undefined, "is released");
    assert.deepEqual(released.metadata?.finalizers ?? [], []);
    await podsOf(
      context,
      "adopts",
      (all) => all.filter(isReady).length === 2 && all.every(({ metadata }) => metadata?.name !== name),
      "another pod takes its place",
    );
  },
);

conformance(
  "[sig-apps] Job should create pods for an Indexed job with completion indexes and specified hostname [Conformance]",
  async (context) => {
    await jobs(context).create(
      indexed("indexed", 'test "$(hostname)" = "indexed-$i"', { completions: 4, parallelism: 2 }),
    );
    const job = await completed(jobs(context), "indexed");
    assert.deepEqual([job.status?.completedIndexes, job.status?.succeeded], ["0-3", 4]);
    const all = await podsOf(context, "indexed", (found) => found.length === 4, "all four pods are there");
    assert.deepEqual(all.map(indexOf).toSorted(), ["0", "1", "2", "3"]);
    for (const pod of all) {
      const index = indexOf(pod);
      assert.equal(pod.spec?.hostname, `indexed-${index}`);
      assert.equal(pod.metadata?.labels?.["batch.kubernetes.io/job-completion-index"], index);
      assert.match(pod.metadata!.name!, new RegExp(`^indexed-${index}-[a-z0-9]{5}$`));
    }
  },
);

conformance("[sig-apps] Job should apply changes to a job status [Conformance]", async (context) => {
  const client = jobs(context);
  await client.create(jobOf("stays", waiting(), { parallelism: 1 }));
  await client.until("stays", ({ status }) => status?.ready === 1, "has a ready pod");
  const recording = await client.record({ fieldSelector: "metadata.name=stays" });
  const now = new Date().toISOString();
  const condition = (type: string) => ({
    type,
    status: "True",
    lastTransitionTime: now,
    reason: "ByTest",
    message: "written by a test",
  });
  await client.patchStatus("stays", { status: { conditions: [condition("CustomConditionType")] } });
  await recording.until(
    ({ object }) => conditionOf(object, "CustomConditionType")?.reason === "ByTest",
    "the patched status is seen",
  );
  const updated = await client.updateStatus("stays", (job) => {
    job.status!.conditions = [
      ...(job.status!.conditions ?? []),
      { type: "Replaced", status: "True", reason: "ByTest" },
    ];
    job.spec!.parallelism = 7;
  });
  assert.deepEqual([updated.spec?.parallelism, updated.metadata?.generation], [1, 1]);
  await recording.until(
    ({ object }) => conditionOf(object, "Replaced") !== undefined,
    "the replaced status is seen",
  );
  const read = await client.readStatus("stays");
  assert.deepEqual([read.status?.active, conditionOf(read, "CustomConditionType")?.reason], [1, "ByTest"]);
  // What cannot be is refused: complete, with pods that run.
  await refused(
    client.patchStatus("stays", { status: { conditions: [condition("Complete")] } }),
    422,
    "Invalid",
  );
});

conformance("[sig-apps] Job should manage the lifecycle of a job [Conformance]", async (context) => {
  const client = jobs(context);
  const labels = { lifecycle: context.unique("job") };
  const labelSelector = `lifecycle=${labels.lifecycle}`;
  const recording = await client.record({ labelSelector });
  const created = await client.create({
    ...jobOf("job", scripted(SUCCEEDS), { suspend: true, completions: 1, parallelism: 1 }),
    metadata: { name: "job", labels },
  });
  assert.equal(created.spec?.suspend, true);
  await client.until("job", (job) => conditionOf(job, "Suspended") !== undefined, "is suspended");
  assert.deepEqual(await pods(context).list(), []);

  const patched = await client.patch(
    "job",
    { metadata: { labels: { patched: "yes" } } },
    PatchStrategy.StrategicMergePatch,
  );
  assert.equal(patched.metadata?.labels?.patched, "yes");
  await client.update("job", (job) => {
    job.spec!.suspend = false;
    job.metadata!.annotations = { ...job.metadata!.annotations, updated: "yes" };
  });
  const done = await completed(client, "job");
  assert.deepEqual(
    [done.metadata?.annotations?.updated, done.status?.succeeded, done.status?.uncountedTerminatedPods],
    ["yes", 1, {}],
  );
  assert.ok(Date.parse(String(done.status?.completionTime)) >= Date.parse(String(done.status?.startTime)));
  await refused(client.patch("job", { spec: { completions: 2 } }), 422, "Invalid");
  const everywhere = await client.listEverywhere({ labelSelector });
  assert.deepEqual(
    everywhere.map(({ metadata }) => [metadata?.namespace, metadata?.name]),
    [[context.namespace, "job"]],
  );
  await client.deleteCollection({ labelSelector, propagationPolicy: "Background" });
  await recording.until(({ type }) => type === "DELETED", "it is deleted");
  await refused(client.read("job"), 404, "NotFound");
  await pods(context).untilAll({}, (left) => left.length === 0, "its pod is gone, too");
});

conformance(
  "[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early [Conformance]",
  async (context) => {
    await jobs(context).create(
      jobOf("early", scripted("exit 3"), {
        backoffLimit: 5,
        podFailurePolicy: {
          rules: [{ action: "FailJob", onExitCodes: { containerName: "main", operator: "In", values: [3] } }],
        },
      }),
    );
    const job = await failed(jobs(context), "early");
    const { reason, message } = conditionOf(job, "Failed")!;
    assert.equal(reason, "PodFailurePolicy");
    assert.match(
      message!,
      /^Container main for pod \S+ failed with exit code 3 matching FailJob rule at index 0$/,
    );
    assert.equal(job.status?.failed, 1);
    assert.equal(conditionOf(job, "FailureTarget")?.reason, "PodFailurePolicy");
  },
);

conformance(
  "[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition [Conformance]",
  async (context) => {
    const script = "if [ -e /data/tried ]; then exit 0; fi; trap 'exit 1' TERM; sleep 3600 & wait";
    await jobs(context).create(
      jobOf("evicted", scripted(script), {
        backoffLimit: 0,
        podFailurePolicy: {
          rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
        },
      }),
    );
    const [first] = await podsOf(context, "evicted", (all) => all.some(isReady), "its pod runs");
    const name = first!.metadata!.name!;
    await context.api(CoreV1Api).createNamespacedPodEviction({
      name,
      namespace: context.namespace,
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } },
    });
    // Not counted, so that it is tried again although no failure is allowed.
    await podsOf(
      context,
      "evicted",
      (all) => all.some((pod) => isReady(pod) && pod.metadata?.name !== name),
      "another pod runs",
    );
    const { status } = await jobs(context).until(
      "evicted",
      (job) => job.status?.active === 1,
      "has one active pod",
    );
    assert.deepEqual([status?.failed ?? 0, status?.conditions ?? []], [0, []]);
  },
);

conformance(
  "[sig-apps] Job should execute all indexes despite some failing when using backoffLimitPerIndex [Conformance]",
  async (context) => {
    await jobs(context).create(indexed("each", 'test "$i" -ge 2', { backoffLimitPerIndex: 0 }));
    const job = await failed(jobs(context), "each");
    assert.equal(conditionOf(job, "Failed")?.reason, "FailedIndexes");
    const { failedIndexes, completedIndexes, succeeded, failed: lost } = job.status!;
    assert.deepEqual([failedIndexes, completedIndexes, succeeded, lost], ["0,1", "2,3", 2, 2]);
  },
);

conformance(
  "[sig-apps] Job should terminate job execution when the number of failed indexes exceeds maxFailedIndexes [Conformance]",
  async (context) => {
    await jobs(context).create(
      indexed("most", FAILS, { parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 1 }),
    );
    const job = await failed(jobs(context), "most");
    assert.equal(conditionOf(job, "Failed")?.reason, "MaxFailedIndexesExceeded");
    const { failedIndexes, completedIndexes, failed: lost, active } = job.status!;
    assert.deepEqual([failedIndexes, completedIndexes ?? "", lost, active ?? 0], ["0,1", "", 2, 0]);
    // The others never had their turn.
    assert.deepEqual((await pods(context).list()).map(indexOf).toSorted(), ["0", "1"]);
  },
);

conformance(
  "[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in podFailurePolicy [Conformance]",
  async (context) => {
    await jobs(context).create(
      indexed("marked", 'if [ "$i" = 1 ]; then exit 5; fi', {
        completions: 3,
        parallelism: 3,
        backoffLimitPerIndex: 3,
        podFailurePolicy: { rules: [{ action: "FailIndex", onExitCodes: { operator: "In", values: [5] } }] },
      }),
    );
    const job = await failed(jobs(context), "marked");
    assert.equal(conditionOf(job, "Failed")?.reason, "FailedIndexes");
    // At once, with tries left.
    const { failedIndexes, completedIndexes, failed: lost } = job.status!;
    assert.deepEqual([failedIndexes, completedIndexes, lost], ["1", "0,2", 1]);
  },
);

const SUCCESS = "[sig-apps] Job with successPolicy";

async function succeedsEarly(context: ConformanceContext, job: V1Job): Promise<V1Job> {
  await jobs(context).create(job);
  const done = await completed(jobs(context), job.metadata!.name!);
  assert.equal(conditionOf(done, "SuccessCriteriaMet")?.reason, "SuccessPolicy");
  assert.equal(conditionOf(done, "Complete")?.reason, "SuccessPolicy");
  assert.equal(done.status?.active ?? 0, 0);
  return done;
}

conformance(`${SUCCESS} should succeeded when all indexes succeeded [Conformance]`, async (context) => {
  await jobs(context).create(
    indexed("all", SUCCEEDS, {
      completions: 3,
      parallelism: 3,
      successPolicy: { rules: [{ succeededIndexes: "0-2" }] },
    }),
  );
  const job = await completed(jobs(context), "all");
  assert.ok(conditionOf(job, "SuccessCriteriaMet"));
  assert.deepEqual([job.status?.completedIndexes, job.status?.succeeded], ["0-2", 3]);
});

conformance(
  `${SUCCESS} succeededIndexes rule should succeeded even when some indexes remain pending [Conformance]`,
  async (context) => {
    const job = indexed("some", `if [ "$i" != 0 ]; then ${STAYS}; fi`, {
      completions: 2,
      parallelism: 2,
      successPolicy: { rules: [{ succeededIndexes: "0" }] },
    });
    const { status } = await succeedsEarly(context, job);
    assert.deepEqual([status?.completedIndexes, status?.succeeded], ["0", 1]);
  },
);

conformance(
  `${SUCCESS} succeededCount rule should succeeded even when some indexes remain pending [Conformance]`,
  async (context) => {
    const job = indexed("any", `if [ "$i" != 1 ]; then ${STAYS}; fi`, {
      completions: 2,
      parallelism: 2,
      successPolicy: { rules: [{ succeededCount: 1 }] },
    });
    const { status } = await succeedsEarly(context, job);
    assert.deepEqual([status?.completedIndexes, status?.succeeded], ["1", 1]);
  },
);
