import { Agent, get } from "node:https";
import type { Clock } from "#base/clock";
import { answered, bytesOf } from "../../http/outgoing-request.ts";

/** Documents of issuers are small. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const ANSWER_MS_MAX = 30_000;

/** Throws an Error that says what was asked. `ca`: PEM; without it the machine's own authorities are trusted. */
export async function fetchJson(url: string, ca: string | undefined, clock: Clock): Promise<unknown> {
  const deadline = new AbortController();
  const cancel = clock.after(ANSWER_MS_MAX, () => deadline.abort());
  // Asked so rarely that no connection is worth keeping.
  const agent = new Agent({ keepAlive: false, ...(ca === undefined ? {} : { ca }) });
  try {
    return JSON.parse(await textOf(url, agent, deadline.signal)) as unknown;
  } catch (cause) {
    const why = deadline.signal.aborted ? "context deadline exceeded" : (cause as Error).message;
    throw new Error(`Get ${JSON.stringify(url)}: ${why}`, { cause });
  } finally {
    cancel();
    agent.destroy();
  }
}

async function textOf(url: string, agent: Agent, signal: AbortSignal): Promise<string> {
  const answer = await answered(get(url, { agent, signal, headers: { accept: "application/json" } }));
  const bytes = await bytesOf(answer, ANSWER_BYTES_MAX);
  if (answer.statusCode !== 200) throw new Error(`the server answered with status ${answer.statusCode}`);
  return bytes.toString("utf8");
}
