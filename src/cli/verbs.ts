import type { Verb, VerbTable } from "./verb.ts";

/** Every command of the program. */
export const verbs: VerbTable = {
  name: "k8ts",
  summary: "k8ts: Kubernetes v1.35 in one command.",
  verbs: {
    up: { summary: "start a cluster on this machine", load: async () => (await import("./up.ts")).up },
    down: {
      summary: "stop a cluster; it can be started again",
      load: async () => (await import("./down.ts")).down,
    },
    delete: {
      summary: "stop a cluster and remove all its data",
      load: async () => (await import("./delete.ts")).deleteVerb,
    },
    status: { summary: "show what runs", load: async () => (await import("./status.ts")).status },
    kubeconfig: {
      summary: "print where the cluster's kubeconfig is",
      load: async () => (await import("./kubeconfig.ts")).kubeconfig,
    },
    backup: {
      summary: "write all objects of a cluster to a file",
      load: async () => (await import("./backup.ts")).backup,
    },
    restore: {
      summary: "put the objects of a backup back",
      load: async () => (await import("./restore.ts")).restore,
    },
    store: {
      summary: "move a cluster from disk to etcd, or back",
      load: async () => (await import("./store.ts")).store,
    },
    image: { summary: "load, build and list images", load: async () => (await import("./image.ts")).image },
    kubectl: {
      summary: "work with the objects of a cluster",
      load: async () => (await import("./kubectl/verbs.ts")).kubectl,
    },
    test: {
      summary: "run all tests of the source checkout",
      load: async () => (await import("./test.ts")).test,
    },
    version: { summary: "print versions", load: async () => (await import("./version.ts")).version },
    server: {
      summary: "run a control plane in the foreground, on disk or on etcd",
      load: async (): Promise<Verb> => (await import("./server.ts")).server,
    },
    agent: {
      summary: "agent of a node, started by up",
      hidden: true,
      load: async (): Promise<Verb> => (await import("./agent.ts")).agent,
    },
  },
  notes: [
    "exit codes: 0 done, 1 failed, 2 command line not understood",
    "K8TS_DEBUG=1 adds stack traces to errors.",
  ],
};
