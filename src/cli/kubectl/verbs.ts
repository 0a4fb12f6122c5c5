import type { VerbTable } from "../verb.ts";
import { connectionOptions } from "./cluster.ts";

/** The verbs of kubectl, for those who have none. */
export const kubectl: VerbTable = {
  name: "k8ts kubectl",
  summary: "Works with the objects of a cluster, in the grammar of kubectl.",
  shared: connectionOptions,
  verbs: {
    get: { summary: "show objects", load: async () => (await import("./get.ts")).get },
    describe: {
      summary: "tell all about objects",
      load: async () => (await import("./describe.ts")).describe,
    },
    apply: { summary: "make objects as files say", load: async () => (await import("./apply.ts")).apply },
    create: { summary: "make new objects", load: async () => (await import("./create.ts")).create },
    delete: { summary: "delete objects", load: async () => (await import("./delete.ts")).deleteVerb },
    logs: { summary: "print what containers wrote", load: async () => (await import("./logs.ts")).logs },
    exec: { summary: "run a command in a container", load: async () => (await import("./exec.ts")).exec },
    wait: { summary: "wait until objects are as wanted", load: async () => (await import("./wait.ts")).wait },
    scale: { summary: "set how many replicas", load: async () => (await import("./scale.ts")).scale },
    rollout: {
      summary: "follow and steer rollouts",
      load: async () => (await import("./rollout.ts")).rollout,
    },
    "port-forward": {
      summary: "reach ports of pods from here",
      load: async () => (await import("./port-forward.ts")).portForward,
    },
  },
};
