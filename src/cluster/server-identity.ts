/** By which Leases servers are told apart: each has one, as long as it lives. */
import { Lease } from "#api/coordination-v1/lease";
import { identityOf } from "#apiserver/identity";
import { attempt } from "#base/attempt";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import { type Random, uuid } from "#base/random";
import type { Scope } from "#base/scope";
import type { Client } from "#client/client";
import { formatMicroTime, parseTime } from "#machinery/time";

const log = logger("server-identity");

const NAMESPACE = "kube-system";
const LABEL = "apiserver.kubernetes.io/identity";
const COMPONENT = "kube-apiserver";
const DURATION_SECONDS = 3600;
const RENEW_MS = 10_000;
const CLEAR_MS = 3_600_000;

export interface ServerIdentityOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the machine, which has one server. */
  readonly hostname: string;
  readonly scope: Scope;
}

/** Keeps this server's Lease, and clears away those of servers that have been gone for long. */
export function keepIdentity(options: ServerIdentityOptions): void {
  const { clock, random, hostname, scope } = options;
  const name = identityOf(hostname);
  const holderIdentity = `${name}_${uuid(random)}`;
  const every = (ms: number, what: string, work: () => Promise<unknown>) =>
    scope.run(async (signal) => {
      for (;;) {
        const error = await attempt(work);
        if (error && !signal.aborted) log.debug(what, { error });
        await sleep(clock, ms, { signal });
      }
    });
  every(RENEW_MS, "identity not renewed", () => renew(options, name, holderIdentity));
  every(CLEAR_MS, "identities not cleared", () => clear(options));
}

async function renew(
  { client, clock, hostname }: ServerIdentityOptions,
  name: string,
  holderIdentity: string,
): Promise<void> {
  const renewTime = formatMicroTime(clock.now());
  const known = await client.find(Lease, { namespace: NAMESPACE, name });
  if (known) {
    const spec = { ...known.spec, holderIdentity, leaseDurationSeconds: DURATION_SECONDS, renewTime };
    await client.update(Lease, { ...known, spec });
    return;
  }
  const labels = { [LABEL]: COMPONENT, "kubernetes.io/hostname": hostname };
  const spec = { holderIdentity, leaseDurationSeconds: DURATION_SECONDS, renewTime };
  await client.create(Lease, { metadata: { namespace: NAMESPACE, name, labels }, spec });
}

async function clear({ client, clock }: ServerIdentityOptions): Promise<void> {
  const { items } = await client.list(Lease, {
    namespace: NAMESPACE,
    labelSelector: `${LABEL}=${COMPONENT}`,
  });
  for (const { metadata, spec } of items) {
    const { renewTime, leaseDurationSeconds = DURATION_SECONDS } = spec ?? {};
    const heldUntilMs = (renewTime ? parseTime(renewTime) : 0) + leaseDurationSeconds * 1000;
    if (heldUntilMs < clock.now()) await client.delete(Lease, { namespace: NAMESPACE, name: metadata.name });
  }
}
