/** The paths that every API server has, beside those of its kinds. */
import { Status as StatusKind } from "#api/meta-v1/status";
import type { Clock } from "#base/clock";
import type { Aggregation } from "./aggregation/aggregation.ts";
import { Discovery } from "./discovery/discovery.ts";
import type { Health } from "./health/health.ts";
import type { RequestMetrics } from "./metrics.ts";
import { MEDIA_TYPE } from "./negotiation/accept.ts";
import { encodeValue } from "./negotiation/answer-writer.ts";
import { OpenApi } from "./openapi/openapi.ts";
import type { PathHandler } from "./request/handlers.ts";
import type { PathTable } from "./request/path-table.ts";
import type { ResourceSet } from "./resource-set.ts";
import { versionInfo } from "./version.ts";

export interface StandardPathsOptions {
  readonly kinds: ResourceSet;
  readonly aggregation: Aggregation;
  readonly health: Health;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  /** Where clients reach this server, as host and port. */
  readonly address: () => string;
}

export function addStandardPaths(paths: PathTable, options: StandardPathsOptions): void {
  addDiscovery(paths, options);
  addOpenApi(paths, options);
  addHealth(paths, options);
  paths.add("/metrics", metricsPath(options));
  addBoth(
    paths,
    "/version",
    json(() => versionInfo),
  );
  paths.add(
    "/",
    json(() => ({ paths: paths.list() })),
  );
}

function addDiscovery(paths: PathTable, { kinds, aggregation, address }: StandardPathsOptions): void {
  const discovery = new Discovery(kinds, aggregation, address);
  for (const root of ["/api", "/apis"]) addBoth(paths, root, discovery.handle);
}

function addOpenApi(paths: PathTable, options: StandardPathsOptions): void {
  const openApi = new OpenApi(options);
  paths.add("/openapi/v2", openApi.v2);
  addBoth(paths, "/openapi/v3", openApi.v3);
}

function addHealth(paths: PathTable, { health }: StandardPathsOptions): void {
  for (const root of ["/livez", "/readyz", "/healthz"]) addBoth(paths, root, health.handle);
}

const metricsPath =
  ({ metrics }: StandardPathsOptions): PathHandler =>
  async ({ exchange, headers }) => {
    const body = Buffer.from(await metrics.text());
    exchange.reply(200, { ...headers, "content-type": metrics.registry.contentType }, body);
  };

/** The path, and all below it. */
function addBoth(paths: PathTable, path: string, handler: PathHandler): void {
  paths.add(path, handler);
  paths.add(`${path}/`, handler);
}

const json =
  (make: () => object): PathHandler =>
  ({ exchange, headers }) =>
    exchange.reply(
      200,
      { ...headers, "content-type": MEDIA_TYPE.json },
      encodeValue(make(), StatusKind, "json", true),
    );
