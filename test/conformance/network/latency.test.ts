import assert from "node:assert/strict";
import { endpoints, pods, services } from "../kinds.ts";
import { isReady, podOf, waiting } from "../pods.ts";
import { conformance } from "../suite.ts";

const SERVICES = 100;
const AT_A_TIME = 15;

/** What the behaviour itself calls very high. */
const MEDIAN_MS_MAX = 20_000;
const MOST_MS_MAX = 50_000;

conformance(
  "[sig-network] Service endpoints latency should not be very high [Conformance]",
  async (context) => {
    const labels = { app: "pod" };
    await pods(context).create(podOf("pod", waiting(), {}, labels));
    const { status } = await pods(context).until("pod", isReady, "is ready");
    const recording = await endpoints(context).record();

    const measure = async (name: string): Promise<number> => {
      await services(context).create({
        metadata: { name },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      });
      const start = performance.now();
      await recording.until(
        ({ object }) =>
          object.metadata?.name === name && object.subsets?.[0]?.addresses?.[0]?.ip === status!.podIP,
        `${name} leads to the pod`,
      );
      return performance.now() - start;
    };
    const names = Array.from({ length: SERVICES }, (_, at) => `latency-${at}`).values();
    const measured: number[] = [];
    const worker = async () => {
      for (const name of names) measured.push(await measure(name));
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));

    const sorted = measured.toSorted((one, other) => one - other);
    const percentile = (of: number) => sorted[Math.floor((SERVICES * of) / 100)]!;
    assert.equal(sorted.length, SERVICES);
    assert.ok(percentile(50) <= MEDIAN_MS_MAX, `the median is ${percentile(50)} ms`);
    assert.ok(percentile(99) <= MOST_MS_MAX, `of 99 in 100 it is ${percentile(99)} ms`);
  },
);
