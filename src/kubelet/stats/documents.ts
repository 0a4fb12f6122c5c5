import type { KubeletMetrics } from "./metrics.ts";
import { resourceMetrics } from "./metrics.ts";
import type { Summary } from "./summary.ts";

/** A page that the kubelet serves as it is. */
export interface StatsDocument {
  readonly contentType: string;
  readonly body: string;
}

const EXPOSITION = "text/plain; version=0.0.4; charset=utf-8";

/** By path; each is made when it is asked for. */
export const statsDocuments = (
  metrics: KubeletMetrics,
  summary: () => Promise<Summary>,
): ReadonlyMap<string, () => Promise<StatsDocument>> =>
  new Map([
    [
      "/stats/summary",
      async () => ({ contentType: "application/json", body: JSON.stringify(await summary()) }),
    ],
    ["/metrics", async () => ({ contentType: EXPOSITION, body: await metrics.registry.metrics() })],
    ["/metrics/resource", async () => ({ contentType: EXPOSITION, body: resourceMetrics(await summary()) })],
  ]);
