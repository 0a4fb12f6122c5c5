import { generator } from "./generator.ts";

export const namespace = generator({
  usage: "namespace NAME",
  summary: "Makes a namespace.",
  options: {},
  make: () => ({ apiVersion: "v1", kind: "Namespace", metadata: {} }),
});

export const serviceAccount = generator({
  usage: "serviceaccount NAME",
  summary: "Makes a service account.",
  options: {},
  make: () => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: {} }),
});
