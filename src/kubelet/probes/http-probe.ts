import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

export interface HttpCheck {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** With its query. */
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface ProbeAnswer {
  readonly success: boolean;
  readonly output: string;
}

const REDIRECTS_MAX = 10;
const USER_AGENT = "kube-probe/1.35";

/** GET; good with a status from 200 to 399. Redirects are followed while they stay on the host. */
export async function probeHttp(check: HttpCheck, signal: AbortSignal): Promise<ProbeAnswer> {
  const { scheme, host, port, path } = check;
  const authority = host.includes(":") ? `[${host}]` : host;
  let url = new URL(
    `${scheme.toLowerCase()}://${authority}:${port}${path.startsWith("/") ? path : `/${path}`}`,
  );
  const start = url;
  try {
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const answer = await get(url, check, signal);
      const status = answer.statusCode ?? 0;
      const location = status >= 300 && status < 400 ? answer.headers.location : undefined;
      if (!location) return verdict(status);
      const next = new URL(location, url);
      if (next.hostname !== start.hostname) return { success: true, output: "Probe terminated redirects" };
      url = next;
    }
    return { success: false, output: `Get "${url.href}": stopped after ${REDIRECTS_MAX} redirects` };
  } catch (error) {
    return { success: false, output: `Get "${start.href}": ${connectText(error, host, port)}` };
  }
}

const verdict = (status: number): ProbeAnswer =>
  status >= 200 && status < 400
    ? { success: true, output: "" }
    : { success: false, output: `HTTP probe failed with statuscode: ${status}` };

function get(url: URL, { headers }: HttpCheck, signal: AbortSignal): Promise<IncomingMessage> {
  const all: Record<string, string | string[]> = {
    "user-agent": USER_AGENT,
    accept: "*/*",
    connection: "close",
  };
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    const before = headers.some((other) => other.name.toLowerCase() === key && other.value !== value)
      ? all[key]
      : undefined;
    all[key] = before === undefined || key === "host" ? value : [before, value].flat();
  }
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    // Whether the pod's certificate is anybody's is not what a probe asks.
    const call = request(url, { headers: all, signal, agent: false, rejectUnauthorized: false }, (answer) => {
      // The verdict is in the status; the body is dropped as it comes.
      answer.on("error", () => undefined).resume();
      resolve(answer);
    });
    call.on("error", reject).end();
  });
}

/** What went wrong with a connection, in the words that users know. */
export function connectText(error: unknown, host: string, port: number): string {
  const { code, message = String(error), name } = (error ?? {}) as NodeJS.ErrnoException;
  const at = `dial tcp ${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (code === "ECONNREFUSED") return `${at}: connect: connection refused`;
  if (code === "EHOSTUNREACH") return `${at}: connect: no route to host`;
  if (code === "ECONNRESET") return "read: connection reset by peer";
  if (name === "AbortError" || name === "TimeoutError" || code === "ABORT_ERR")
    return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
  return message;
}
