/** The ServiceCIDR of the range that the server was started with. */
import { sameValue } from "#api/checks";
import { DEFAULT_SERVICE_CIDR, READY, ServiceCIDR } from "#api/networking-v1/servicecidr";
import type { Clock } from "#base/clock";
import { type Cidr, formatCidr } from "#base/ip";
import type { Random } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import { formatTime } from "#machinery/time";
import { Rounds } from "../../aggregation/rounds.ts";
import type { Loopback, ReadCache } from "../../contracts.ts";
import { Warnings } from "./warnings.ts";

const COMPONENT = "kubernetes-service-cidr-controller";

export interface DefaultRangeOptions {
  readonly loopback: Loopback;
  readonly cache: ReadCache;
  readonly ranges: readonly Cidr[];
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** Makes it where it is missing, now and later, and says where it differs. Resolves when it was looked at once. */
export async function keepDefaultRange(options: DefaultRangeOptions): Promise<void> {
  const { loopback, cache, clock, random, scope, ranges } = options;
  const client = new Client(loopback);
  const cidrs = ranges.map(formatCidr);
  const warnings = new Warnings({ client, clock, random, component: COMPONENT });
  const look = async (name: string): Promise<undefined> => {
    const found = cache.get(ServiceCIDR, undefined, name);
    const step = planDefaultRange(found, cidrs);
    if (step.do === "create")
      await client.create(ServiceCIDR, { metadata: { name }, spec: { cidrs } } as never);
    else if (step.do === "extend") await client.update(ServiceCIDR, { ...found!, spec: { cidrs } });
    else if (step.do === "ready") await client.updateStatus(ServiceCIDR, ready(found!, clock.now()));
    else if (step.do === "warn") await warnings.warn(found!, step.reason, step.message);
  };
  const rounds = new Rounds({ scope, clock, what: "keep the default ServiceCIDR", look });
  scope.defer(
    cache.onChange(ServiceCIDR, ({ before, after }) => {
      if ((after ?? before)?.metadata.name === DEFAULT_SERVICE_CIDR) void rounds.mark(DEFAULT_SERVICE_CIDR);
    }),
  );
  await rounds.mark(DEFAULT_SERVICE_CIDR);
}

type Step =
  | { readonly do: "nothing" | "create" | "extend" | "ready" }
  | { readonly do: "warn"; readonly reason: string; readonly message: string };

/** What is to be done about the range as it is, where `cidrs` are those that the server was started with. */
export function planDefaultRange(found: ServiceCIDR | undefined, cidrs: readonly string[]): Step {
  if (!found) return { do: "create" };
  // The controller of ranges decides how long it stays; once it is gone, it is made anew.
  if (found.metadata.deletionTimestamp !== undefined) return { do: "nothing" };
  const stored = found.spec.cidrs ?? [];
  if (cidrs.length === 2 && stored.length === 1 && stored[0] === cidrs[0]) return { do: "extend" };
  if (!sameValue(stored, cidrs)) {
    const message = `The default ServiceCIDR [${stored.join(" ")}] does not match the controller flag configurations [${cidrs.join(" ")}]`;
    return { do: "warn", reason: "KubernetesDefaultServiceCIDRInconsistent", message };
  }
  const condition = found.status.conditions?.find(({ type }) => type === READY);
  if (condition?.status === "True") return { do: "nothing" };
  if (condition?.status !== "False") return { do: "ready" };
  return { do: "warn", reason: condition.reason, message: `Configuration matches, but ${condition.message}` };
}

function ready(found: ServiceCIDR, nowMs: number): ServiceCIDR {
  const condition = {
    type: READY,
    status: "True",
    lastTransitionTime: formatTime(nowMs),
    reason: "",
    message: "Kubernetes default Service CIDR is ready",
  };
  const others = (found.status.conditions ?? []).filter(({ type }) => type !== READY);
  return { ...found, status: { conditions: [...others, condition] } };
}
