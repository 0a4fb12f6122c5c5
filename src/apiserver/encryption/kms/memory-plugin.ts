/** For tests: a key management plugin that keeps its keys in memory, behind a real socket. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { Server, ServerCredentials, type ServiceDefinition, type sendUnaryData, status } from "@grpc/grpc-js";
import { asError } from "#base/attempt";
import type { Random } from "#base/random";
import { decodeProtobuf, encodeProtobuf } from "#machinery/derive/protobuf";
import type { StructOf } from "#machinery/schema";
import type { Method } from "#store/etcd/method";
import { kmsDecrypt, kmsEncrypt, kmsStatus } from "./protocol.ts";

export interface MemoryPlugin {
  /** `unix:///…` */
  readonly endpoint: string;
  /** Calls so far, by their names. */
  readonly calls: Record<"Status" | "Encrypt" | "Decrypt", number>;
  /** Uses another key from here on. */
  rotate(keyId: string): void;
  /** What `Status` says; "ok" is well. */
  healthz: string;
  /** Refuses everything while it is set. */
  refusal: string | undefined;
  close(): Promise<void>;
}

export async function startMemoryPlugin(socket: string, random: Random): Promise<MemoryPlugin> {
  const keys = new Map<string, Uint8Array>();
  let current = "";
  const plugin: MemoryPlugin = {
    endpoint: `unix://${socket}`,
    calls: { Status: 0, Encrypt: 0, Decrypt: 0 },
    rotate(keyId) {
      keys.set(keyId, keys.get(keyId) ?? random.bytes(32));
      current = keyId;
    },
    healthz: "ok",
    refusal: undefined,
    close: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
  plugin.rotate("key-1");
  const server = new Server();
  const called = (name: keyof MemoryPlugin["calls"]) => {
    plugin.calls[name]++;
    if (plugin.refusal !== undefined) throw new Error(plugin.refusal);
  };
  serve(server, {
    Status: answering(kmsStatus, () => {
      called("Status");
      return { version: "v2", healthz: plugin.healthz, keyId: current };
    }),
    Encrypt: answering(kmsEncrypt, ({ plaintext }) => {
      called("Encrypt");
      const nonce = random.bytes(12);
      const cipher = createCipheriv("aes-256-gcm", keys.get(current)!, nonce);
      const ciphertext = Buffer.concat([
        nonce,
        cipher.update(plaintext),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return { ciphertext, keyId: current, annotations: { "version.example.com": "MQ==" } };
    }),
    Decrypt: answering(kmsDecrypt, ({ ciphertext, keyId, annotations }) => {
      called("Decrypt");
      if (annotations["version.example.com"] !== "MQ==") throw new Error("annotations were lost");
      const cipher = createDecipheriv("aes-256-gcm", keys.get(keyId)!, ciphertext.subarray(0, 12));
      cipher.setAuthTag(ciphertext.subarray(-16));
      return { plaintext: Buffer.concat([cipher.update(ciphertext.subarray(12, -16)), cipher.final()]) };
    }),
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return plugin;
}

interface Answering {
  readonly method: Method<object, object>;
  readonly answer: (request: object) => object;
}

function answering<Request, Response>(
  method: Method<Request, Response>,
  answer: (request: Request) => Response,
): Answering {
  // Each answer is called with what its own method has decoded.
  return { method, answer } as unknown as Answering;
}

function serve(server: Server, methods: Readonly<Record<string, Answering>>): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: Record<string, (call: { request: object }, done: sendUnaryData<object>) => void> = {};
  for (const [name, { method, answer }] of Object.entries(methods)) {
    definition[name] = {
      path: method.path,
      requestStream: false,
      responseStream: false,
      ...codec("request", method.request),
      ...codec("response", method.response),
    } as ServiceDefinition[string];
    handlers[name] = ({ request }, done) => {
      try {
        done(null, answer(request));
      } catch (error) {
        done({ code: status.INTERNAL, details: asError(error).message });
      }
    };
  }
  server.addService(definition, handlers as unknown as Parameters<Server["addService"]>[1]);
}

const codec = (side: "request" | "response", schema: StructOf<object>) => ({
  [`${side}Serialize`]: (message: object) => Buffer.from(encodeProtobuf(schema, message)),
  [`${side}Deserialize`]: (bytes: Buffer) => decodeProtobuf<object>(schema, bytes),
});
