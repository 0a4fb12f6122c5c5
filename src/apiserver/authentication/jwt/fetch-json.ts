import { Agent, get } from "node:https";
import type { Clock } from "#base/clock";
import { answered } from "../../http/outgoing-request.ts";

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
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (answer.statusCode !== 200) throw new Error(`the server answered with status ${answer.statusCode}`);
  return Buffer.concat(chunks).toString("utf8");
}
