/** What goes on record, and where: the flags of the API server, and the log that they make. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { AuditLog } from "#apiserver/audit/audit-log";
import { AuditMetrics } from "#apiserver/audit/audit-metrics";
import { type AuditMode, Delivery, type DeliveryOptions } from "#apiserver/audit/delivery";
import { type LogFormat, toFile, toStream } from "#apiserver/audit/log-file";
import { parseAuditPolicy } from "#apiserver/audit/policy";
import { RotatingFile } from "#apiserver/audit/rotating-file";
import { AuditWebhook } from "#apiserver/audit/webhook";
import type { Clock } from "#base/clock";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { parseDuration } from "#machinery/time";
import { type Flag, file, parsed, text, toggle, wholeNumber } from "./flag.ts";

const oneOf = <const T extends string>(help: string, ...values: readonly T[]): Flag<T> =>
  parsed({ value: values.join("|"), help }, (given) => {
    const found = values.find((value) => value === given);
    if (found === undefined) throw new Error(`it is one of ${values.join(", ")}`);
    return found;
  });

const mode = (help: string) => oneOf<AuditMode>(help, "batch", "blocking", "blocking-strict");
const version = (help: string) => oneOf(help, "audit.k8s.io/v1");
const number = (help: string) => wholeNumber({ value: "N", help });
const bytes = (help: string) => wholeNumber({ value: "BYTES", help });
const time = (help: string) => parsed({ value: "DURATION", help }, timeMs);

function timeMs(given: string): number {
  const ms = parseDuration(given);
  if (ms === undefined || ms < 0) throw new Error("it is a time, such as 30s");
  return ms;
}

export const auditFlags = {
  "audit-policy-file": file({ help: "put requests on record by this audit.k8s.io/v1 Policy" }),
  "audit-log-path": {
    ...text({ value: "FILE", help: "where requests go on record; - is the standard output" }),
    keep: (path: string) => (path === "-" ? path : resolve(path)),
  },
  "audit-log-format": oneOf<LogFormat>(
    "json, or legacy for one line of text each; by default json",
    "json",
    "legacy",
  ),
  "audit-log-maxsize": number("MB after which the file is put aside, by default 100"),
  "audit-log-maxbackup": number("files put aside that are kept, 0 for all, by default 10"),
  "audit-log-maxage": number("days that they are kept, by default as long as there is room"),
  "audit-log-mode": mode("whether requests wait until they are on record, by default blocking"),
  "audit-log-version": version("version of the events in the file"),
  "audit-log-batch-buffer-size": number("events that may wait for the file, by default 10000"),
  "audit-log-batch-max-size": number("events written at once, by default 1"),
  "audit-log-batch-max-wait": time("how long events wait for others"),
  "audit-log-batch-throttle-enable": toggle({ help: "whether batches are held back, by default not" }),
  "audit-log-batch-throttle-qps": number("batches a second"),
  "audit-log-batch-throttle-burst": number("batches at once after a quiet time"),
  "audit-log-truncate-enabled": toggle({ help: "large events go without their objects" }),
  "audit-log-truncate-max-event-size": bytes("what is large, by default 102400"),
  "audit-log-truncate-max-batch-size": bytes("what is written at once, by default 10485760"),
  "audit-webhook-config-file": file({ help: "kubeconfig of a collector that gets the events" }),
  "audit-webhook-initial-backoff": time("wait before the second try, by default 10s"),
  "audit-webhook-mode": mode("whether requests wait until the collector has them, by default batch"),
  "audit-webhook-version": version("version of the events that it gets"),
  "audit-webhook-batch-buffer-size": number("events that may wait for it, by default 10000"),
  "audit-webhook-batch-max-size": number("events sent at once, by default 400"),
  "audit-webhook-batch-max-wait": time("how long events wait for others, by default 30s"),
  "audit-webhook-batch-throttle-enable": toggle({
    help: "whether batches are held back, by default they are",
  }),
  "audit-webhook-batch-throttle-qps": number("batches a second, by default 10"),
  "audit-webhook-batch-throttle-burst": number("batches at once after a quiet time, by default 15"),
  "audit-webhook-truncate-enabled": toggle({ help: "large events go without their objects" }),
  "audit-webhook-truncate-max-event-size": bytes("what is large, by default 102400"),
  "audit-webhook-truncate-max-batch-size": bytes("what is sent at once, by default 10485760"),
} as const satisfies Readonly<Record<string, Flag<unknown>>>;

type Table = typeof auditFlags;
type AuditFlags = { readonly [Name in keyof Table]?: Table[Name] extends Flag<infer T> ? T : never };

export interface AuditSurroundings {
  /** Used where flags name none. The policy may be missing: then nothing goes on record. */
  readonly policyFile?: string;
  readonly logFile?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MEGABYTE = 1024 * 1024;
const TRUNCATE = { eventBytesMax: 102_400, batchBytesMax: 10_485_760 };
const LOG_BATCH = { bufferMax: 10_000, sizeMax: 1, waitMs: 0 };
const WEBHOOK_BATCH = { bufferMax: 10_000, sizeMax: 400, waitMs: 30_000 };
const THROTTLE = { perSecond: 10, burst: 15 };

/** Undefined: nothing goes on record. Throws an Error that names the file that cannot be used. */
export async function openAudit(flags: AuditFlags, around: AuditSurroundings): Promise<AuditLog | undefined> {
  const policyFile = flags["audit-policy-file"] ?? around.policyFile;
  if (policyFile === undefined) return undefined;
  const policy = parseAuditPolicy(await readFile(policyFile, "utf8"));
  const metrics = new AuditMetrics();
  const ways = [await logOf(flags, around, metrics), await webhookOf(flags, around, metrics)];
  const sinks = ways.flatMap((way) => way ?? []);
  return sinks.length === 0 ? undefined : new AuditLog(policy, sinks, around.clock, metrics);
}

async function logOf(flags: AuditFlags, around: AuditSurroundings, metrics: AuditMetrics) {
  const path = flags["audit-log-path"] ?? around.logFile;
  if (path === undefined) return undefined;
  const { clock, scope } = around;
  const format = flags["audit-log-format"] ?? "json";
  const options = {
    ...deliveryOf("log", flags, "blocking", LOG_BATCH, flags["audit-log-batch-throttle-enable"] ?? false),
    clock,
    metrics,
  };
  if (path === "-") return closing(scope, new Delivery(options, toStream(process.stdout, format)));
  const { "audit-log-maxsize": megabytes, "audit-log-maxbackup": backups, "audit-log-maxage": days } = flags;
  const opened = await RotatingFile.open({
    path,
    clock,
    ...(megabytes ? { bytesMax: megabytes * MEGABYTE } : {}),
    ...(backups === undefined ? {} : { backupsMax: backups === 0 ? Infinity : backups }),
    ...(days ? { ageMaxMs: days * DAY_MS } : {}),
  });
  scope.defer(() => opened.close());
  return closing(scope, new Delivery(options, toFile(opened, format)));
}

async function webhookOf(
  flags: AuditFlags,
  { clock, random, scope }: AuditSurroundings,
  metrics: AuditMetrics,
) {
  const kubeconfigFile = flags["audit-webhook-config-file"];
  if (kubeconfigFile === undefined) return undefined;
  const webhook = await AuditWebhook.open({
    kubeconfigFile,
    initialBackoffMs: flags["audit-webhook-initial-backoff"] ?? 10_000,
    clock,
    random,
    signal: scope.signal,
  });
  scope.defer(() => webhook.close());
  const throttled = flags["audit-webhook-batch-throttle-enable"] ?? true;
  const options = deliveryOf("webhook", flags, "batch", WEBHOOK_BATCH, throttled);
  return closing(scope, new Delivery({ ...options, clock, metrics }, webhook.deliver));
}

function closing(scope: Scope, delivery: Delivery): Delivery {
  scope.defer(() => delivery.close());
  return delivery;
}

function deliveryOf(
  name: "log" | "webhook",
  flags: AuditFlags,
  defaultMode: AuditMode,
  batch: typeof LOG_BATCH,
  throttled: boolean,
): Omit<DeliveryOptions, "clock" | "metrics"> {
  const throttle = {
    perSecond: flags[`audit-${name}-batch-throttle-qps`] || THROTTLE.perSecond,
    burst: flags[`audit-${name}-batch-throttle-burst`] || THROTTLE.burst,
  };
  const truncate = {
    eventBytesMax: flags[`audit-${name}-truncate-max-event-size`] ?? TRUNCATE.eventBytesMax,
    batchBytesMax: flags[`audit-${name}-truncate-max-batch-size`] ?? TRUNCATE.batchBytesMax,
  };
  return {
    name,
    mode: flags[`audit-${name}-mode`] ?? defaultMode,
    batch: {
      bufferMax: flags[`audit-${name}-batch-buffer-size`] || batch.bufferMax,
      sizeMax: flags[`audit-${name}-batch-max-size`] || batch.sizeMax,
      waitMs: flags[`audit-${name}-batch-max-wait`] ?? batch.waitMs,
      ...(throttled ? { throttle } : {}),
    },
    ...(flags[`audit-${name}-truncate-enabled`] ? { truncate } : {}),
  };
}
