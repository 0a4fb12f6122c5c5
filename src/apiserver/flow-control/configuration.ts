import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import {
  CATCH_ALL,
  EXEMPT,
  MANDATORY_FLOW_SCHEMAS,
  MANDATORY_PRIORITY_LEVELS,
} from "#api/flowcontrol-v1/mandatory";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import type { AnyObject, Resource } from "#machinery/schema";
import { type Claim, allocate } from "./allocation.ts";
import type { SeatLimits } from "./priority-level.ts";

/** What the stored objects amount to. */
export interface Configuration {
  readonly levels: readonly PriorityLevelConfiguration[];
  /** In the order in which they are tried; each refers to one of the levels. */
  readonly schemas: readonly FlowSchema[];
  /** Those that refer to a level which does not exist. */
  readonly dangling: readonly FlowSchema[];
}

/** An object of which nothing is stored. */
const imagined = <T extends AnyObject>({ apiVersion, kind }: Resource<T>, name: string, spec: unknown): T =>
  ({ apiVersion, kind, metadata: { name, uid: "" }, spec, status: {} }) as unknown as T;

/** Puts the mandatory objects in where they are missing. */
export function configurationOf(
  schemas: Iterable<FlowSchema>,
  levels: Iterable<PriorityLevelConfiguration>,
): Configuration {
  const byName = new Map<string, PriorityLevelConfiguration>();
  for (const [name, spec] of Object.entries(MANDATORY_PRIORITY_LEVELS))
    byName.set(name, imagined(PriorityLevelConfiguration, name, spec));
  for (const level of levels) byName.set(level.metadata.name, level);
  const all = [...schemas];
  const found = (schema: FlowSchema) => byName.has(schema.spec.priorityLevelConfiguration.name);
  const stored = all.filter(found).toSorted(inOrder);
  const missing = (name: string) =>
    stored.some(({ metadata }) => metadata.name === name)
      ? []
      : [imagined(FlowSchema, name, MANDATORY_FLOW_SCHEMAS[name])];
  return {
    levels: [...byName.values()],
    schemas: [...missing(EXEMPT), ...stored, ...missing(CATCH_ALL)],
    dangling: all.filter((schema) => !found(schema)),
  };
}

const inOrder = (a: FlowSchema, b: FlowSchema): number =>
  a.spec.matchingPrecedence - b.spec.matchingPrecedence || (a.metadata.name < b.metadata.name ? -1 : 1);

export const sharesOf = ({ spec }: PriorityLevelConfiguration): number =>
  (spec.limited ?? spec.exempt)?.nominalConcurrencyShares ?? 0;

/** A level's part of the server's seats, and what it may lend and borrow. */
export function seatLimits(
  level: PriorityLevelConfiguration,
  seats: number,
  sharesOfAll: number,
): SeatLimits {
  const { limited, exempt } = level.spec;
  const nominal = sharesOfAll === 0 ? 0 : Math.ceil((seats * sharesOf(level)) / sharesOfAll);
  const lendable = Math.round((nominal * ((limited ?? exempt)?.lendablePercent ?? 0)) / 100);
  const percent = limited?.borrowingLimitPercent;
  const borrowing = percent === undefined ? seats : Math.round((nominal * percent) / 100);
  return { nominal, min: nominal - lendable, max: nominal + borrowing };
}

/** What the sharing out of seats looks at, of one level. */
export interface SeatClaim {
  readonly exempt: boolean;
  readonly limits: SeatLimits;
  /** Seats that were wanted at most in the last period. */
  readonly highWatermark: number;
  readonly smoothed: number;
  /** Seats that it has now. */
  readonly current: number;
}

export interface SharedOut {
  /** Seats of each, in the order of the claims. */
  readonly seats: readonly number[];
  /** What every level gets of what it wants, where no bound holds it. */
  readonly fairProportion: number;
}

/**
 * Shares the seats out by what was wanted of late. What a level has by its shares and wants is its own; the rest goes
 * to those who want more. Exempt levels take what they need first.
 */
export function shareOut(claims: readonly SeatClaim[]): SharedOut {
  const wanted = claims.map(({ exempt, limits: { min, nominal }, highWatermark }) =>
    Math.max(min, exempt ? highWatermark : Math.min(nominal, highWatermark)),
  );
  const limited = claims.flatMap((claim, index) =>
    claim.exempt ? [] : [{ ...claim, index, lower: wanted[index]! }],
  );
  const seats = claims.map(({ current, exempt }, index) => (exempt ? wanted[index]! : current));
  const all = claims.reduce((sum, { limits }) => sum + limits.nominal, 0);
  const left = all - claims.reduce((sum, { exempt }, index) => sum + (exempt ? wanted[index]! : 0), 0);
  const minima = limited.reduce((sum, { limits }) => sum + limits.min, 0);
  const lowers = limited.reduce((sum, { lower }) => sum + lower, 0);
  if (left <= lowers) {
    const part = left <= minima ? 0 : (left - minima) / (lowers - minima);
    for (const { index, limits, lower } of limited)
      seats[index] = limits.min + Math.round((lower - limits.min) * part);
    return { seats, fairProportion: 0 };
  }
  const asked = limited.map(({ lower, limits, smoothed }): Claim => ({
    lower,
    upper: limits.max,
    target: Math.max(lower, smoothed),
  }));
  const allocation = allocate(left, asked);
  if (!allocation) return { seats, fairProportion: 0 };
  for (const [position, { index }] of limited.entries())
    seats[index] = Math.round(allocation.parts[position]!);
  return { seats, fairProportion: allocation.proportion };
}
