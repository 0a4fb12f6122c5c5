/** Many odd requests at a server, and what was wrong with it afterwards. */
import { ConfigMap } from "#api/core-v1/configmap";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { Lease } from "#api/coordination-v1/lease";
import { type Random, seededRandom } from "#base/random";
import type { Resource } from "#machinery/schema";
import { type Assault, assault } from "./connections/assaults.ts";
import { oddRequest } from "./requests/kinds.ts";
import { SMUGGLED } from "./requests/smuggling.ts";
import type { OddRequest, RawBytes } from "./requests/request.ts";
import { faultOf } from "./judge.ts";
import { heldBy, pause, remainsOf } from "./remains.ts";
import { Sender } from "./sender.ts";
import { specialRequest } from "./requests/special.ts";
import { type Target, startTarget } from "./target.ts";
import { type Session, oddSession, runSession } from "./connections/upgrades.ts";
import { Witness } from "./witness.ts";

export interface Finding {
  /** Of this one deed: `oddDeed(seededRandom(seed), kinds)`; 0: of all together. */
  readonly seed: number;
  readonly request: string;
  readonly fault: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  /** How many answers had which code; 0 stands for none. */
  readonly codes: Readonly<Record<number, number>>;
  /** How many deeds there were of which sort. */
  readonly deeds: Readonly<Record<string, number>>;
}

type Deed = OddRequest | RawBytes | Session | Assault;

/** Under way at once. */
const WIDTH = 8;
/** Shares of all deeds; the rest are requests for kinds. */
const [SPECIAL, SESSIONS, ASSAULTS] = [0.2, 0.08, 0.02];

function oddDeed(random: Random, kinds: readonly Resource[]): Deed {
  const share = random.next();
  if (share < ASSAULTS) return assault(random);
  if (share < ASSAULTS + SESSIONS) return oddSession(random);
  return share < ASSAULTS + SESSIONS + SPECIAL ? specialRequest(random) : oddRequest(random, kinds);
}

const WATCHED = [ConfigMap, Pod, Secret, Lease] as unknown as readonly Resource[];
/** Pauses until the watches have come to where the caches are. */
const SETTLE_TURNS = 300;

export async function attack(seeds: readonly number[]): Promise<Report> {
  const target = await startTarget(1);
  const sender = new Sender(target.port, target.authority);
  const findings: Finding[] = [];
  const add = (seed: number, request: string, fault: string) => void findings.push({ seed, request, fault });
  const unhandled = (error: unknown) =>
    add(0, "all", `nobody caught ${String((error as Error).stack ?? error)}`);
  process.on("unhandledRejection", unhandled);
  process.on("uncaughtException", unhandled);
  const [codes, deeds]: Record<string, number>[] = [{}, {}];
  const before = target.guarded();
  const witness = await Witness.open({
    ...target,
    cache: target.server.cache,
    token: "admin",
    kinds: WATCHED,
  });
  const held = await heldBy(target);

  const faultIn = async (deed: Deed): Promise<string | undefined> => {
    if (deed.over === "assault") return deed.run(target);
    if (deed.over === "upgrade") return runSession(deed, target.port, target.authority);
    const answer = await sender.send(deed);
    codes![answer.status] = (codes![answer.status] ?? 0) + 1;
    return faultOf(deed, answer);
  };
  const left = seeds.values();
  const worker = async () => {
    for (const seed of left) {
      const deed = oddDeed(seededRandom(seed), target.kinds);
      deeds![deed.over] = (deeds![deed.over] ?? 0) + 1;
      // oxlint-disable-next-line no-await-in-loop -- each worker has one under way
      const fault = (await faultIn(deed)) ?? pollution();
      if (fault !== undefined) add(seed, textOf(deed), fault);
    }
  };
  try {
    await Promise.all(Array.from({ length: WIDTH }, worker));
    sender.close();
    for (const fault of await remainsOf(target, held)) add(0, "all", fault);
    const settled = async (behind: () => boolean) => {
      // oxlint-disable-next-line no-await-in-loop -- it looks again and again
      for (let turn = 0; turn < SETTLE_TURNS && behind(); turn++) await pause();
    };
    for (const fault of await witness.verdict(settled)) add(0, "all", fault);
    for (const fault of await lossesOf(target, before)) add(0, "all", fault);
    for (const key of target.objects().keys())
      if (key.includes(SMUGGLED)) add(0, "all", `${key} was created by what is no request`);
  } finally {
    witness.close();
    sender.close();
    await target.close();
    process.off("unhandledRejection", unhandled);
    process.off("uncaughtException", unhandled);
  }
  return { findings, codes: codes!, deeds: deeds! };
}

/** What changed that must not, and what can no longer be read. */
async function lossesOf(target: Target, before: ReadonlyMap<string, string>): Promise<string[]> {
  const after = target.guarded();
  // What the attacker has added beside it does not count.
  const kept = new Map([...before.keys()].flatMap((key) => (after.has(key) ? [[key, after.get(key)!]] : [])));
  const faults = differences(before, kept, "before and after");
  const sender = new Sender(target.port, target.authority);
  try {
    const headers = { authorization: "Bearer admin" };
    for (const kind of target.kinds.filter(({ verbs }) => verbs.includes("list"))) {
      const path = `${kind.group === "" ? "/api/v1" : `/apis/${kind.apiVersion}`}/${kind.plural}`;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, body } = await sender.send({
        over: "h2",
        method: "GET",
        path,
        headers,
        body: undefined,
        abort: false,
      });
      if (status !== 200) faults.push(`${path} answered ${status} afterwards: ${body.slice(0, 200)}`);
    }
  } finally {
    sender.close();
  }
  return [
    ...faults,
    ...differences(target.objects(), await target.objectsAnew(), "in memory and in the store"),
  ];
}

function differences(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
  where: string,
): string[] {
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((key) => one.get(key) !== other.get(key))
    .map(
      (key) =>
        `${key} differs ${where}: ${one.get(key)?.slice(0, 1000)} and ${other.get(key)?.slice(0, 1000)}`,
    );
}

function pollution(): string | undefined {
  const found = Object.keys(Object.prototype);
  for (const name of found) delete (Object.prototype as Record<string, unknown>)[name];
  return found.length === 0 ? undefined : `Object.prototype has ${found.join(", ")}`;
}

function textOf(deed: Deed): string {
  switch (deed.over) {
    case "raw":
      return `raw ${deed.what}`;
    case "upgrade":
      return `${deed.what} ${deed.leave} ${deed.pieces.map((piece) => piece.toString("hex").slice(0, 80)).join(" ")}`;
    case "assault":
      return `assault: ${deed.what}`;
    default: {
      const { over, method, path, headers, body } = deed;
      const start = Buffer.from(body ?? [])
        .toString()
        .slice(0, 1500);
      return `${over} ${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 400)} ${start}`;
    }
  }
}
