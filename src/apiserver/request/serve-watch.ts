import type { Clock } from "#base/clock";
import type { Exchange, Headers, OutgoingStream } from "../http/exchange.ts";
import type { Limits } from "../limits.ts";
import type { RequestMetrics } from "../metrics.ts";
import { CBOR_SEQUENCE, type Format, MEDIA_TYPE } from "../negotiation/accept.ts";
import type { AnswerForm } from "../negotiation/answer-writer.ts";
import { eventMessages, messageStream } from "../streaming/message-stream.ts";
import { isWebSocket } from "../streaming/web-socket.ts";
import { EventEncoder } from "../watch/event-encoder.ts";
import { HttpWatchSink } from "../watch/http-sink.ts";
import type { Answer } from "./operation.ts";

export interface WatchServing {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly metrics: RequestMetrics;
  /** Called when the watch is over. */
  readonly over: () => void;
  /** Ends all watches. */
  readonly closing: AbortSignal;
}

function streamTypeOf(format: Format): string {
  if (format === "json") return MEDIA_TYPE.json;
  return format === "cbor" ? CBOR_SEQUENCE : `${MEDIA_TYPE[format]};stream=watch`;
}

/** Those who ask for a WebSocket get every event as a message of its own. */
async function streamOf(exchange: Exchange, format: Format, headers: Headers): Promise<OutgoingStream> {
  const { raw } = exchange;
  if (raw.protocol === "upgrade" && isWebSocket(raw.request))
    return messageStream(raw, eventMessages(raw.request, format));
  return exchange.open(200, { ...headers, "content-type": streamTypeOf(format) });
}

/** Streams a watch until its time is over, its client goes away, or the server closes. */
export async function serveWatch(
  exchange: Exchange,
  { kind, watch }: Extract<Answer, { type: "watch" }>,
  form: AnswerForm,
  headers: Headers,
  { clock, limits, metrics, over, closing }: WatchServing,
): Promise<void> {
  const stream = await streamOf(exchange, form.format, headers).catch((error: unknown) => {
    over();
    throw error;
  });
  const encoder = new EventEncoder(kind, form, () => clock.now());
  const sink = new HttpWatchSink(stream, encoder, limits.watchBufferBytesMax, metrics.trafficOf(kind));
  const running = watch.start(sink);
  const cancelTimeout = clock.after(watch.timeoutMs, () => running.end());
  const end = () => running.end();
  closing.addEventListener("abort", end, { once: true });
  sink.onRoom = () => running.resume();
  sink.onOver = () => {
    cancelTimeout();
    closing.removeEventListener("abort", end);
    over();
  };
  stream.onClose(end);
  running.resume();
}
