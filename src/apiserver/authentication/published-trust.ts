/**
 * What extension servers need to know to authenticate callers as this server does, in a ConfigMap of theirs to read:
 * the authorities of client certificates, and those of the proxies that may speak for users.
 */
import { X509Certificate } from "node:crypto";
import { ConfigMap } from "#api/core-v1/configmap";
import { asError } from "#base/attempt";
import type { Clock } from "#base/clock";
import { logger } from "#base/log";
import { sameJson } from "#machinery/same-json";
import { hasReason } from "#machinery/status";
import type { Loopback, ReadCache } from "../contracts.ts";
import { type RequestHeaderOptions, requestHeaderDefaults } from "./request-header.ts";

const log = logger("apiserver.authentication");

const NAMESPACE = "kube-system";
const NAME = "extension-apiserver-authentication";
/** Wait before what could not be written is tried again. */
const RETRY_MS = 5_000;

export interface Trust {
  /** PEM of the authorities whose client certificates count. */
  readonly clientAuthorities: readonly string[];
  readonly requestHeader?: RequestHeaderOptions | undefined;
}

type Data = Readonly<Record<string, string>>;

export interface PublishedTrustOptions {
  readonly trust: Trust;
  readonly cache: ReadCache;
  readonly loopback: Loopback;
  readonly clock: Clock;
  readonly closing: AbortSignal;
}

/** Resolves when it is published; it stays so whatever others do to it. */
export async function publishTrust(options: PublishedTrustOptions): Promise<void> {
  const { cache, clock, closing } = options;
  let retry = () => undefined as void;
  const again = async (): Promise<void> => {
    retry();
    if (closing.aborted) return;
    try {
      await write(options);
    } catch (error) {
      // Who was faster has made a change, by which we come back here.
      if (closing.aborted || hasReason(error, "Conflict", "AlreadyExists")) return;
      log.warn("what extension servers need to know could not be published", { error: asError(error) });
      retry = clock.after(RETRY_MS, () => void again());
    }
  };
  const end = cache.onChange(ConfigMap, ({ before, after }) => {
    const { name, namespace } = (after ?? before)!.metadata;
    if (name === NAME && namespace === NAMESPACE) void again();
  });
  const close = () => {
    end();
    retry();
  };
  closing.addEventListener("abort", close, { once: true });
  await again();
}

async function write({ cache, loopback, trust, clock }: PublishedTrustOptions): Promise<void> {
  const place = { resource: ConfigMap, namespace: NAMESPACE } as const;
  const present = cache.get(ConfigMap, NAMESPACE, NAME);
  const data = mergedTrust(trust, present?.data ?? {}, clock.now());
  if (present && sameJson(present.data ?? {}, data)) return;
  if (present) {
    await loopback.call({ ...place, verb: "update", name: NAME, body: { ...present, data } });
  } else {
    await loopback.call({ ...place, verb: "create", body: { metadata: { name: NAME }, data } });
  }
}

/** What is trusted here, besides what other servers of the cluster have written. */
export function mergedTrust({ clientAuthorities, requestHeader }: Trust, present: Data, nowMs: number): Data {
  const certificates = (name: string, own: readonly string[]) => ({
    [name]: mergedCertificates(present[name] ?? "", own, nowMs),
  });
  const list = (name: string, own: readonly string[]) => ({
    [name]: JSON.stringify([...new Set([...own, ...listIn(present[name])])]),
  });
  const proxies = requestHeader && { ...requestHeaderDefaults, ...requestHeader };
  return {
    ...present,
    ...(clientAuthorities.length > 0 ? certificates("client-ca-file", clientAuthorities) : {}),
    ...(proxies
      ? {
          ...certificates("requestheader-client-ca-file", proxies.clientAuthorities),
          ...list("requestheader-username-headers", proxies.usernameHeaders),
          ...list("requestheader-uid-headers", proxies.uidHeaders),
          ...list("requestheader-group-headers", proxies.groupHeaders),
          ...list("requestheader-extra-headers-prefix", proxies.extraPrefixes),
          ...list("requestheader-allowed-names", proxies.allowedNames),
        }
      : {}),
  };
}

function listIn(text: string | undefined): string[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  } catch {
    // Nobody can read it: what is right takes its place.
    return [];
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function mergedCertificates(present: string, own: readonly string[], nowMs: number): string {
  const all = [...own, present].flatMap((text) => text.match(CERTIFICATE) ?? []);
  const valid = all.filter((pem) => isValid(pem, nowMs));
  return [...new Set(valid)].map((pem) => `${pem}\n`).join("");
}

function isValid(pem: string, nowMs: number): boolean {
  try {
    return new X509Certificate(pem).validToDate.getTime() > nowMs;
  } catch {
    return false;
  }
}
