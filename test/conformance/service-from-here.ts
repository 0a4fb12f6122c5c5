/** A Service whose endpoint is this process, as a pod would be: the API server reaches it by the Service's name. */
import { webcrypto } from "node:crypto";
import "reflect-metadata";
import { CoreV1Api, DiscoveryV1Api } from "@kubernetes/client-node";
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { ConformanceContext } from "./suite.ts";

const DAY_MS = 86_400_000;

/** Makes a Service in the test's namespace that leads to a port of this machine. */
export async function serviceFromHere(
  context: ConformanceContext,
  name: string,
  port: number,
  targetPort: number,
): Promise<void> {
  const { api, namespace } = context;
  await api(CoreV1Api).createNamespacedService({
    namespace,
    body: { metadata: { name }, spec: { ports: [{ name: "https", port, protocol: "TCP" }] } },
  });
  await api(DiscoveryV1Api).createNamespacedEndpointSlice({
    namespace,
    body: {
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      ports: [{ name: "https", port: targetPort, protocol: "TCP" }],
      endpoints: [{ addresses: [await addressHere(context)], conditions: { ready: true } }],
    },
  });
}

/** Of this machine, as the cluster knows it: the API server is on it. */
export async function addressHere({ api }: ConformanceContext): Promise<string> {
  const query = { namespace: "default", labelSelector: "kubernetes.io/service-name=kubernetes" };
  const { items } = await api(DiscoveryV1Api).listNamespacedEndpointSlice(query);
  return items[0]!.endpoints![0]!.addresses[0]!;
}

/** For a service and for loopback; it is its own authority. */
export async function certificateFor(host: string): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=webhook",
      keys,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true),
        new SubjectAlternativeNameExtension([
          { type: "ip", value: "127.0.0.1" },
          { type: "dns", value: host },
        ]),
      ],
    },
    webcrypto as Crypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    cert: made.toString("pem"),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}
