/** For tests: a webhook on loopback that answers reviews, and the kubeconfig that names it. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatKubeconfig, withContext, emptyKubeconfig } from "#client/kubeconfig";
import type { Json } from "../admission/webhooks/test-kit.ts";
import { selfSigned } from "../listening-harness.ts";

export interface TestReviewWebhook {
  /** Reviews that were asked, in order, each with the headers that it came with. */
  readonly asked: { readonly review: Json; readonly authorization: string | undefined }[];
  /** The status of a review; undefined: the connection breaks. */
  answer: (review: Json) => object | undefined;
  /** A folder that ends with the test. */
  readonly dir: string;
  readonly kubeconfigFile: string;
}

export async function startReviewWebhook(t: { after(end: () => unknown): void }): Promise<TestReviewWebhook> {
  const { certificate: cert, key } = await selfSigned();
  const pair = { cert, key };
  const dir = await mkdtemp(join(tmpdir(), "review-"));
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    const review = JSON.parse(Buffer.concat(chunks).toString()) as Json;
    webhook.asked.push({ review, authorization: incoming.headers.authorization });
    const status = webhook.answer(review);
    if (status === undefined) return void incoming.socket.destroy();
    response.end(JSON.stringify({ ...review, status }));
  };
  const server = createServer(pair, (incoming, response) => void serve(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const kubeconfigFile = join(dir, "kubeconfig");
  const cluster = {
    server: `https://127.0.0.1:${port}/review`,
    "certificate-authority-data": Buffer.from(pair.cert).toString("base64"),
  };
  const config = withContext(emptyKubeconfig, "webhook", { cluster, user: { token: "from-the-server" } });
  await writeFile(kubeconfigFile, formatKubeconfig(config));
  const webhook: TestReviewWebhook = { asked: [], answer: () => ({}), dir, kubeconfigFile };
  return webhook;
}
