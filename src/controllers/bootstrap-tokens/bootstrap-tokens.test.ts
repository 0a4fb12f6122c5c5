import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { compactVerify } from "jose";
import { ConfigMap } from "#api/core-v1/configmap";
import { Secret } from "#api/core-v1/secret";
import { formatTime } from "#machinery/time";
import { start } from "../harness.test.ts";
import { bootstrapSigner } from "./bootstrap-signer.ts";
import { tokenCleaner } from "./token-cleaner.ts";

const SECRET = "0123456789abcdef";
const KUBECONFIG = "apiVersion: v1\nkind: Config\n";

const secretOf = (id: string, more: Readonly<Record<string, string>> = {}) => ({
  metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
  type: "bootstrap.kubernetes.io/token",
  stringData: { "token-id": id, "token-secret": SECRET, "usage-bootstrap-signing": "true", ...more },
});

async function signed(context: TestContext) {
  const house = await start(context, bootstrapSigner, tokenCleaner);
  const { client, informers } = house;
  await client.create(ConfigMap, {
    metadata: { name: "cluster-info", namespace: "kube-public" },
    data: { kubeconfig: KUBECONFIG },
  });
  const infos = informers.of(ConfigMap);
  const signatures = () =>
    Object.entries(infos.get("kube-public", "cluster-info")?.data ?? {}).filter(([key]) =>
      key.startsWith("jws-kubeconfig-"),
    );
  const signers = () => signatures().map(([key]) => key.slice("jws-kubeconfig-".length));
  return { ...house, signatures, signers };
}

test("every token that may signs the information about the cluster", async (context) => {
  const { client, until, signatures, signers } = await signed(context);
  await client.create(Secret, secretOf("aaaaaa") as never);
  await client.create(Secret, secretOf("bbbbbb", { "usage-bootstrap-signing": "false" }) as never);
  await until("signed", () => signers().length === 1);
  assert.deepEqual(signers(), ["aaaaaa"]);
  const [head, , signature] = signatures()[0]![1].split(".");
  const whole = [head, Buffer.from(KUBECONFIG).toString("base64url"), signature].join(".");
  const { protectedHeader } = await compactVerify(whole, new TextEncoder().encode(SECRET));
  assert.deepEqual(protectedHeader, { alg: "HS256", kid: "aaaaaa" });

  const info = await client.get(ConfigMap, { namespace: "kube-public", name: "cluster-info" });
  const before = signatures()[0]![1];
  await client.update(ConfigMap, { ...info, data: { ...info.data, kubeconfig: "other" } });
  await until("signed anew", () => signatures()[0]?.[1] !== before);
  await client.delete(Secret, { namespace: "kube-system", name: "bootstrap-token-aaaaaa" });
  await until("not signed", () => signers().length === 0);
});

test("a token that ends is deleted, and signs no longer", async (context) => {
  const { client, clock, informers, until, signers } = await signed(context);
  const expiration = formatTime(clock.now() + 60_000);
  await client.create(Secret, secretOf("cccccc", { expiration }) as never);
  await client.create(Secret, secretOf("dddddd") as never);
  await until("signed", () => signers().length === 2);
  await clock.advance(59_000);
  assert.ok(informers.of(Secret).get("kube-system", "bootstrap-token-cccccc"));
  await clock.advance(1_000);
  await until("deleted", () => !informers.of(Secret).get("kube-system", "bootstrap-token-cccccc"));
  await until("not signed", () => signers().length === 1);
  assert.deepEqual(signers(), ["dddddd"]);
});
