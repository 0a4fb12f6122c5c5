import { request, type RequestOptions } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import type { KubeConfig } from "@kubernetes/client-node";

export interface HttpCall {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is; anything else as JSON. */
  readonly body?: unknown;
  /** Shows no certificate. */
  readonly anonymous?: boolean;
}

export interface HttpAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  json<T>(): T;
}

/** Sends one request as it is and gives the answer, whatever its status. */
export async function httpCall(
  config: KubeConfig,
  method: string,
  path: string,
  { headers = {}, body, anonymous = false }: HttpCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    signal,
    headers: {
      accept: "application/json",
      ...(text === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      ...headers,
    },
  };
  const { server, caData, caFile } = config.getCurrentCluster()!;
  if (!anonymous) await config.applyToHTTPSOptions(options);
  else if (caFile === undefined) options.ca = Buffer.from(caData ?? "", "base64");
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server), options, (response) => {
      let received = "";
      response.setEncoding("utf8").on("data", (more: string) => (received += more));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          code: response.statusCode!,
          headers: response.headers,
          body: received,
          json: <T>() => JSON.parse(received) as T,
        }),
      );
    });
    sent.on("error", reject).end(text);
  });
}
