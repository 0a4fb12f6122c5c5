/** A conversion webhook in this process. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { selfSigned } from "#apiserver/listening-harness";
import type { Json } from "./operator-server.ts";

export interface ConversionServer {
  readonly url: string;
  /** In base64. */
  readonly caBundle: string;
  /** Objects that were asked for, by the version that was wanted. */
  readonly asked: Map<string, number>;
  close(): void;
}

/** `convert`: one object, in the version that is wanted. What it throws is the webhook's answer. */
export async function startConversion(
  convert: (object: Json, apiVersion: string) => Json,
): Promise<ConversionServer> {
  const { certificate, key } = await selfSigned();
  const asked = new Map<string, number>();
  const answered = ({ uid, desiredAPIVersion, objects }: Json) => {
    asked.set(desiredAPIVersion, (asked.get(desiredAPIVersion) ?? 0) + objects.length);
    try {
      const convertedObjects = objects.map((one: Json) => convert(one, desiredAPIVersion));
      return { uid, convertedObjects, result: { status: "Success" } };
    } catch (error) {
      return { uid, result: { status: "Failure", message: (error as Error).message } };
    }
  };
  const server = createServer({ cert: certificate, key }, (incoming, response) => {
    let text = "";
    incoming.setEncoding("utf8").on("data", (more: string) => (text += more));
    incoming.on("end", () => {
      const { apiVersion, kind, request } = JSON.parse(text) as Json;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ apiVersion, kind, response: answered(request) }));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/convert`,
    caBundle: btoa(certificate),
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
