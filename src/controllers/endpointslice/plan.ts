import type { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { sameJson } from "#machinery/same-json";
import { type AddressType, type Endpoint, type EndpointPort, type Group, keyOfPorts } from "./desired.ts";

/** A slice holds at most this many endpoints, so that one change does not resend thousands. */
const ENDPOINTS_MAX = 100;

export interface NewSlice {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface Plan {
  readonly create: readonly NewSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** What every slice of the service must carry beside its endpoints. */
export interface Marks {
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Decides how slices become the wanted endpoints with few and small writes: endpoints stay in the slice where they
 * are; new ones go first into slices that change anyway, then where there is room, then into new slices.
 */
export function planSlices(
  addressType: AddressType,
  existing: readonly EndpointSlice[],
  wanted: ReadonlyMap<string, Group>,
  { labels }: Marks,
): Plan {
  const byPorts = Map.groupBy(existing, ({ ports }) => keyOfPorts(ports ?? []));
  const plans: Plan[] = [];
  for (const [key, group] of wanted)
    plans.push(planGroup(addressType, byPorts.get(key) ?? [], group, labels));
  for (const [key, slices] of byPorts) {
    if (!wanted.has(key)) plans.push({ create: [], update: [], remove: slices });
  }
  return keepOne(addressType, existing, merge(plans), labels);
}

interface Draft {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  changed: boolean;
}

function planGroup(
  addressType: AddressType,
  slices: readonly EndpointSlice[],
  { ports, endpoints }: Group,
  labels: Marks["labels"],
): Plan {
  const missing = new Map(endpoints);
  const drafts = slices.map((slice) => draftOf(slice, missing, labels));
  const rest = [...missing.values()];
  const byNeed = drafts.toSorted(
    (a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length,
  );
  for (const draft of byNeed) {
    const room = ENDPOINTS_MAX - draft.endpoints.length;
    // A slice that would not be written anyway is only opened when it takes all that is left.
    if (rest.length === 0 || room <= 0 || (!draft.changed && room < rest.length)) continue;
    draft.endpoints.push(...rest.splice(0, room));
    draft.changed = true;
  }
  const create: NewSlice[] = [];
  while (rest.length > 0) create.push({ addressType, ports, endpoints: rest.splice(0, ENDPOINTS_MAX) });
  return {
    create,
    update: drafts
      .filter((draft) => draft.changed && draft.endpoints.length > 0)
      .map(({ slice, endpoints: now }) => withEndpoints(slice, now, labels)),
    remove: drafts.filter((draft) => draft.endpoints.length === 0).map(({ slice }) => slice),
  };
}

/** The slice without what is not wanted any more, and with the newest of what is. Takes its own out of `missing`. */
function draftOf(slice: EndpointSlice, missing: Map<string, Endpoint>, labels: Marks["labels"]): Draft {
  const endpoints: Endpoint[] = [];
  let changed = !sameJson(slice.metadata.labels ?? {}, labels);
  for (const present of slice.endpoints ?? []) {
    const key = keyOfEndpoint(present);
    const now = missing.get(key);
    missing.delete(key);
    if (now) endpoints.push(now);
    changed ||= !now || !sameJson(now, present);
  }
  return { slice, endpoints, changed };
}

/** Endpoints of pods are known by the pod; others by their address. */
export const keyOfEndpoint = ({ targetRef, addresses }: Endpoint): string =>
  targetRef?.uid ?? addresses[0] ?? "";

const withEndpoints = (
  slice: EndpointSlice,
  endpoints: readonly Endpoint[],
  labels: Marks["labels"],
): EndpointSlice => ({ ...slice, metadata: { ...slice.metadata, labels }, endpoints });

const merge = (plans: readonly Plan[]): Plan => ({
  create: plans.flatMap(({ create }) => create),
  update: plans.flatMap(({ update }) => update),
  remove: plans.flatMap(({ remove }) => remove),
});

/** A service without endpoints keeps one empty slice, which says that this is known. */
function keepOne(
  addressType: AddressType,
  existing: readonly EndpointSlice[],
  plan: Plan,
  labels: Marks["labels"],
): Plan {
  if (existing.length - plan.remove.length + plan.create.length > 0) return plan;
  const [kept, ...others] = plan.remove;
  if (!kept) return { ...plan, create: [{ addressType, ports: [], endpoints: [] }] };
  const isEmpty = (kept.endpoints ?? []).length === 0 && (kept.ports ?? []).length === 0;
  const marked = sameJson(kept.metadata.labels ?? {}, labels);
  const emptied = { ...withEndpoints(kept, [], labels), ports: [] };
  return { create: [], update: isEmpty && marked ? [] : [emptied], remove: others };
}
