import type { VerbTable } from "../verb.ts";

export const rollout: VerbTable = {
  name: "k8ts kubectl rollout",
  summary: "Follows and steers the rollouts of deployments, daemon sets and stateful sets.",
  verbs: {
    history: {
      summary: "list the revisions",
      load: async () => (await import("./rollout/history.ts")).history,
    },
    pause: {
      summary: "stop acting on changes",
      load: async () => (await import("./rollout/pause.ts")).pause,
    },
    restart: {
      summary: "replace all pods",
      load: async () => (await import("./rollout/restart.ts")).restart,
    },
    resume: {
      summary: "act on changes again",
      load: async () => (await import("./rollout/pause.ts")).resume,
    },
    status: {
      summary: "wait until it is done",
      load: async () => (await import("./rollout/status.ts")).status,
    },
    undo: {
      summary: "go back to an older revision",
      load: async () => (await import("./rollout/undo.ts")).undo,
    },
  },
};
