import assert from "node:assert/strict";
import type { CoreV1Event, V1CronJob, V1CronJobSpec, V1Job } from "@kubernetes/client-node";
import type { KindClient } from "../kind-client.ts";
import { cronJobs, events, jobs } from "../kinds.ts";
import { assertDiscovered, walkOperations } from "../operations.ts";
import { scripted, specOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { ownerOf } from "../workloads.ts";

const EVERY_MINUTE = "* * * * *";

const cronJobOf = (name: string, more: Partial<V1CronJobSpec> = {}, container = waiting()): V1CronJob => ({
  metadata: { name },
  spec: {
    schedule: EVERY_MINUTE,
    ...more,
    jobTemplate: { spec: { template: { spec: specOf(container, { restartPolicy: "Never" }) } } },
  } as V1CronJobSpec,
});

/** As if the last run were long ago, so that a minute has been missed that is made up for at once. */
const makeLate = (client: KindClient<V1CronJob>, name: string) =>
  client.patchStatus(name, { status: { lastScheduleTime: new Date(Date.now() - 90_000).toISOString() } });

const jobsOf = (
  context: ConformanceContext,
  name: string,
  wanted: (own: readonly V1Job[]) => boolean,
  what: string,
) =>
  jobs(context).untilAll({}, (all) => wanted(all.filter((job) => ownerOf(job) === `CronJob/${name}`)), what);

conformance(
  "[sig-apps] CronJob should schedule multiple jobs concurrently [Conformance]",
  async (context) => {
    const client = cronJobs(context);
    await client.create(cronJobOf("allows", { concurrencyPolicy: "Allow" }));
    await makeLate(client, "allows");
    const all = await jobsOf(
      context,
      "allows",
      (own) => own.filter(({ status }) => status?.active === 1).length >= 2,
      "two jobs are active",
    );
    const times = all.map(
      ({ metadata }) => metadata!.annotations!["batch.kubernetes.io/cronjob-scheduled-timestamp"]!,
    );
    assert.equal(new Set(times).size, times.length);
    for (const { metadata } of all) {
      const time = metadata!.annotations!["batch.kubernetes.io/cronjob-scheduled-timestamp"]!;
      assert.equal(metadata!.name, `allows-${Date.parse(time) / 60_000}`);
    }
    const { status } = await client.until(
      "allows",
      (cronJob) => cronJob.status?.active?.length === all.length,
      "names its active jobs",
    );
    assert.deepEqual(
      status?.active?.map(({ name }) => name).toSorted(),
      all.map(({ metadata }) => metadata!.name).toSorted(),
    );
  },
);

conformance(
  "[sig-apps] CronJob should not schedule jobs when suspended [Slow] [Conformance]",
  async (context) => {
    const client = cronJobs(context);
    await client.create(cronJobOf("rests", { suspend: true }, scripted("exit 0")));
    await makeLate(client, "rests");
    // One that does not rest, and was as late after it: when its job is there, the other had its turn.
    await client.create(cronJobOf("works", {}, scripted("exit 0")));
    await makeLate(client, "works");
    await jobsOf(context, "works", (own) => own.length === 1, "the other has its job");
    await jobsOf(context, "rests", (own) => own.length === 0, "the suspended one has none");
    assert.deepEqual((await client.read("rests")).status?.active ?? [], []);

    await client.patch("rests", { spec: { suspend: false } });
    await jobsOf(context, "rests", (own) => own.length === 1, "it goes on");
  },
);

conformance(
  "[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow] [Conformance]",
  async (context) => {
    const client = cronJobs(context);
    await client.create(cronJobOf("forbids", { concurrencyPolicy: "Forbid" }));
    await makeLate(client, "forbids");
    await jobsOf(
      context,
      "forbids",
      (own) => own.length === 1 && own[0]!.status?.active === 1,
      "its job is active",
    );
    const [first] = await jobs(context).list();

    const isRefusal = ({ involvedObject, reason }: CoreV1Event) =>
      involvedObject.name === "forbids" && reason === "JobAlreadyActive";
    const told = await events(context).untilAll(
      {},
      (all) => all.some(isRefusal),
      "it says that its job is still active",
    );
    assert.match(
      told.find(isRefusal)!.message!,
      /prior execution is running and concurrency policy is Forbid/,
    );
    assert.deepEqual(
      (await jobs(context).list()).map(({ metadata }) => metadata?.uid),
      [first!.metadata?.uid],
    );
    assert.deepEqual(
      (await client.read("forbids")).status?.active?.map(({ uid }) => uid),
      [first!.metadata?.uid],
    );
  },
);

conformance(
  "[sig-apps] CronJob should replace jobs when ReplaceConcurrent [Conformance]",
  async (context) => {
    const client = cronJobs(context);
    await client.create(cronJobOf("replaces", { concurrencyPolicy: "Replace" }));
    await makeLate(client, "replaces");
    await jobsOf(
      context,
      "replaces",
      (own) => own.length === 1 && own[0]!.status?.active === 1,
      "its job is active",
    );
    const [first] = await jobs(context).list();
    await jobsOf(
      context,
      "replaces",
      (own) => own.length === 1 && own[0]!.metadata?.uid !== first!.metadata?.uid,
      "another job has taken its place",
    );
    const { status } = await client.until(
      "replaces",
      (cronJob) =>
        cronJob.status?.active?.length === 1 && cronJob.status.active[0]!.uid !== first!.metadata?.uid,
      "names the new job alone",
    );
    assert.equal(status?.active?.[0]?.kind, "Job");
  },
);

conformance("[sig-apps] CronJob should support CronJob API operations [Conformance]", async (context) => {
  const client = cronJobs(context);
  await assertDiscovered(context, client.kind, ["status"]);
  await walkOperations(client, context.unique("cron"), {
    sample: (metadata) => ({ ...cronJobOf("", { suspend: true, schedule: "0 0 1 1 *" }), metadata }),
    change: {
      make: (cronJob) => {
        cronJob.spec!.schedule = "30 4 * * 1-5";
        cronJob.spec!.timeZone = "Europe/Berlin";
      },
      see: ({ spec }) =>
        assert.deepEqual(
          [spec?.schedule, spec?.timeZone, spec?.concurrencyPolicy],
          ["30 4 * * 1-5", "Europe/Berlin", "Allow"],
        ),
    },
    meanwhile: async (name) => {
      const lastScheduleTime = "2026-01-01T00:00:00Z";
      const patched = await client.patchStatus(name, { status: { lastScheduleTime } });
      assert.equal(patched.status?.lastScheduleTime?.toISOString(), "2026-01-01T00:00:00.000Z");
      const later = new Date("2026-02-01T00:00:00Z");
      const replaced = await client.updateStatus(name, (cronJob) => {
        cronJob.status!.lastScheduleTime = later;
        cronJob.spec!.schedule = "@daily";
      });
      assert.deepEqual([replaced.status?.lastScheduleTime, replaced.spec?.schedule], [later, "30 4 * * 1-5"]);
      assert.equal((await client.readStatus(name)).status?.lastScheduleTime?.getTime(), later.getTime());
    },
  });
});
