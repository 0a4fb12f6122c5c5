/** Requests of ours to other servers, which may answer anything. */
import type { ClientRequest, IncomingMessage } from "node:http";
import { serviceUnavailable } from "#machinery/status";

/**
 * The head of the answer. Fails also where the other side changes the protocol although nobody asked for that: Node
 * then closes the connection and says nothing.
 */
export const answered = (request: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request
      .on("response", resolve)
      .on("error", reject)
      .on("upgrade", (_response, socket) => {
        socket.destroy();
        reject(new Error("the other side changed the protocol unasked"));
      });
  });

const [STATUS_LEAST, STATUS_MOST] = [200, 599];

/** The status of an answer that is passed on. Throws ServiceUnavailable for one that HTTP does not have. */
export function statusOf({ statusCode = 0 }: IncomingMessage): number {
  if (statusCode >= STATUS_LEAST && statusCode <= STATUS_MOST) return statusCode;
  throw serviceUnavailable(`the backend answered with status ${statusCode}`);
}

/** All of an answer. Fails for one that is larger, and hangs up then. */
export async function bytesOf(answer: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
