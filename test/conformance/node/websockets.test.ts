/** Commands and logs over WebSockets, frame by frame. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestOptions } from "node:https";
import { WebSocket } from "ws";
import { pods } from "../kinds.ts";
import { isReady, podOf, scripted } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

const POD = "talker";
const ALIVE = "container is alive";
const STDOUT = 1;

/** Opens a WebSocket of this protocol and gives all messages until the server closes it. */
async function messagesOf(
  { config, namespace, signal }: ConformanceContext,
  subresource: string,
  protocol: string,
): Promise<readonly Buffer[]> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { server } = config.getCurrentCluster()!;
  const url = new URL(`/api/v1/namespaces/${namespace}/pods/${POD}/${subresource}`, server);
  url.protocol = "wss:";
  const socket = new WebSocket(url, [protocol], { ...options, signal });
  const messages: Buffer[] = [];
  socket.on("message", (data) => messages.push(data as Buffer));
  await once(socket, "close", { signal });
  assert.equal(socket.protocol, protocol);
  return messages;
}

/** A pod that says that it is alive. */
async function make(context: ConformanceContext): Promise<void> {
  await pods(context).create(podOf(POD, scripted(`echo ${ALIVE}; sleep 3600`)));
  await pods(context).until(POD, isReady, "is ready");
}

conformance(
  "[sig-node] Pods should support remote command execution over websockets [NodeConformance] [Conformance]",
  async (context) => {
    await make(context);
    const query = "command=echo&command=remote+execution+test&stdout=1&stderr=1";
    const messages = await messagesOf(context, `exec?${query}`, "channel.k8s.io");
    // The first byte says which stream it is; each stream may begin with an empty message.
    const out = messages.filter((message) => message[0] === STDOUT).map((message) => message.subarray(1));
    assert.equal(Buffer.concat(out).toString(), "remote execution test\n");
  },
);

conformance(
  "[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance] [Conformance]",
  async (context) => {
    await make(context);
    const messages = await messagesOf(context, "log", "binary.k8s.io");
    assert.equal(Buffer.concat(messages).toString(), `${ALIVE}\n`);
  },
);
