import type { VerbTable } from "../verb.ts";

export const create: VerbTable = {
  name: "k8ts kubectl create",
  summary: "Makes new objects, from files or from a few words.",
  otherwise: async () => (await import("./create/from-files.ts")).fromFiles,
  verbs: {
    clusterrole: {
      summary: "what may be done, all over the cluster",
      load: async () => (await import("./create/roles.ts")).clusterRole,
    },
    clusterrolebinding: {
      summary: "who may do it, all over the cluster",
      load: async () => (await import("./create/roles.ts")).clusterRoleBinding,
    },
    configmap: {
      summary: "settings from files and words",
      load: async () => (await import("./create/configmap.ts")).configMap,
    },
    cronjob: {
      summary: "a job on a schedule",
      load: async () => (await import("./create/workloads.ts")).cronJob,
    },
    deployment: {
      summary: "pods that are kept running",
      load: async () => (await import("./create/workloads.ts")).deployment,
    },
    job: {
      summary: "a pod that runs to its end",
      load: async () => (await import("./create/workloads.ts")).job,
    },
    namespace: {
      summary: "a namespace",
      load: async () => (await import("./create/namespace.ts")).namespace,
    },
    role: {
      summary: "what may be done in a namespace",
      load: async () => (await import("./create/roles.ts")).role,
    },
    rolebinding: {
      summary: "who may do it in a namespace",
      load: async () => (await import("./create/roles.ts")).roleBinding,
    },
    secret: {
      summary: "what is not for all eyes",
      load: async () => (await import("./create/secret.ts")).secret,
    },
    service: {
      summary: "an address for pods",
      load: async () => (await import("./create/service.ts")).service,
    },
    serviceaccount: {
      summary: "who pods are",
      load: async () => (await import("./create/namespace.ts")).serviceAccount,
    },
    token: {
      summary: "a token of a service account",
      load: async () => (await import("./create/token.ts")).token,
    },
  },
};
