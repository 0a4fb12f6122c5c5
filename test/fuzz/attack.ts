/** Many odd requests at a server, and what was wrong with it afterwards. */
import { seededRandom } from "#base/random";
import { type OddRequest, type RawBytes, oddRequest } from "./generator.ts";
import { faultOf } from "./judge.ts";
import { Sender } from "./sender.ts";
import { startTarget } from "./target.ts";

export interface Finding {
  /** Of this one request: `oddRequest(seededRandom(seed), kinds)`. */
  readonly seed: number;
  readonly request: string;
  readonly fault: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  /** How many answers had which code; 0 stands for none. */
  readonly codes: Readonly<Record<number, number>>;
}

/** Under way at once. */
const WIDTH = 8;

export async function attack(seeds: readonly number[]): Promise<Report> {
  const target = await startTarget(1);
  const sender = new Sender(target.port, target.authority);
  const findings: Finding[] = [];
  const codes: Record<number, number> = {};
  const before = target.guarded();
  const left = seeds.values();
  const worker = async () => {
    for (const seed of left) {
      const request = oddRequest(seededRandom(seed), target.kinds);
      // oxlint-disable-next-line no-await-in-loop -- each worker has one under way
      const answer = await sender.send(request);
      codes[answer.status] = (codes[answer.status] ?? 0) + 1;
      const fault = faultOf(request, answer) ?? pollution();
      if (fault !== undefined) findings.push({ seed, request: textOf(request), fault });
    }
  };
  try {
    await Promise.all(Array.from({ length: WIDTH }, worker));
    const after = target.guarded();
    for (const [key, object] of before) {
      if (after.get(key) === object) continue;
      findings.push({ seed: 0, request: "all", fault: `${key} changed from ${object} to ${after.get(key)}` });
    }
    const alive = await sender.send({
      over: "h2",
      method: "GET",
      path: "/version",
      headers: {},
      body: undefined,
      abort: false,
    });
    if (alive.status !== 200)
      findings.push({ seed: 0, request: "/version", fault: `answered ${alive.status} afterwards` });
  } finally {
    sender.close();
    await target.close();
  }
  return { findings, codes };
}

function pollution(): string | undefined {
  const found = Object.keys(Object.prototype);
  for (const name of found) delete (Object.prototype as Record<string, unknown>)[name];
  return found.length === 0 ? undefined : `Object.prototype has ${found.join(", ")}`;
}

const textOf = (request: OddRequest | RawBytes): string =>
  request.over === "raw"
    ? `raw ${request.what}`
    : `${request.over} ${request.method} ${request.path.slice(0, 300)} ${JSON.stringify(request.headers).slice(0, 400)} ${Buffer.from(
        request.body ?? [],
      )
        .toString()
        .slice(0, 1500)}`;
