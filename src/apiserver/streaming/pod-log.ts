import { asError } from "#base/attempt";
import { parseTime } from "#machinery/time";
import { badRequest, invalidObject } from "#machinery/status";
import { type FieldProblem, forbidden, invalid } from "#machinery/schema";
import { drained } from "../http/exchange.ts";
import { isTrue } from "../request/request-info.ts";
import type { ConnectRequest, StreamingOptions } from "./connect.ts";
import { byteMessages, messageStream } from "./message-stream.ts";
import { containerOf, podOf } from "./pod-target.ts";
import { isWebSocket } from "./web-socket.ts";

/** What the kubelet is told; everything else in the query is the API server's own. */
const PASSED_ON = [
  "follow",
  "previous",
  "timestamps",
  "sinceSeconds",
  "sinceTime",
  "tailLines",
  "limitBytes",
];

const SWITCHES: ReadonlySet<string> = new Set(["follow", "previous", "timestamps"]);

/** Sends a container's log as it comes from the kubelet. */
export async function serveLog(
  { info, exchange }: ConnectRequest,
  { cache, kubelets }: StreamingOptions,
): Promise<void> {
  const { query } = info;
  const problems = problemsOf(query);
  if (problems.length > 0) throw invalidObject({ group: "", kind: "PodLogOptions" }, info.name, problems);
  const pod = podOf(cache, info);
  const container = containerOf(pod, query.get("container"));
  const headers = { "content-type": "text/plain" };
  const { raw } = exchange;
  const asked =
    raw.protocol === "upgrade" && isWebSocket(raw.request)
      ? { raw, messages: byteMessages(raw.request) }
      : undefined;
  // A pod without a node has said nothing yet.
  if (!pod.spec.nodeName) {
    if (asked) (await messageStream(asked.raw, asked.messages)).end();
    else exchange.reply(200, headers, new Uint8Array());
    return;
  }

  const passed = new URLSearchParams(
    [...query]
      .filter(([name]) => PASSED_ON.includes(name))
      // Clients write booleans in many ways, and the kubelet reads one.
      .map(([name, value]) => [name, SWITCHES.has(name) ? String(isTrue(value)) : value]),
  );
  const path = `/containerLogs/${info.namespace}/${info.name}/${container}?${passed}`;
  const log = await kubelets.request(pod.spec.nodeName, { method: "GET", path, signal: exchange.signal });
  const out = asked ? await messageStream(asked.raw, asked.messages) : exchange.open(200, headers);
  // Clients of WebSockets wait for a first message, which says nothing.
  if (asked) out.write(new Uint8Array());
  out.onClose(() => log.destroy());
  try {
    for await (const chunk of log) if (!out.write(chunk as Buffer)) await drained(out);
    out.end();
  } catch {
    out.destroy();
  }
}

function problemsOf(query: URLSearchParams): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const integer = (name: string, least: number, detail: string) => {
    const text = query.get(name);
    if (text === null) return;
    if (!/^-?[0-9]+$/.test(text))
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    if (Number(text) < least) problems.push(invalid(name, Number(text), detail));
  };
  integer("tailLines", 0, "must be greater than or equal to 0");
  integer("limitBytes", 1, "must be greater than 0");
  integer("sinceSeconds", 1, "must be greater than 0");
  if (query.has("sinceSeconds") && query.has("sinceTime")) {
    problems.push(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  // Logs are kept and sent with both streams in them.
  if (query.has("stream")) problems.push(forbidden("stream", "may not be specified"));
  const time = query.get("sinceTime");
  if (time !== null && time !== "") parsedTime(time);
  return problems;
}

/** Throws for what is no time. */
function parsedTime(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw badRequest(asError(error).message);
  }
}
