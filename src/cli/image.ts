import type { VerbTable } from "./verb.ts";

export const image: VerbTable = {
  name: "k8ts image",
  summary: "Images of a cluster's nodes, without a registry.",
  verbs: {
    load: {
      summary: "bring an image archive to all nodes",
      load: async () => (await import("./image-load.ts")).imageLoad,
    },
    build: {
      summary: "build an image and bring it to all nodes",
      load: async () => (await import("./image-build.ts")).imageBuild,
    },
    ls: {
      summary: "list the images of all nodes",
      load: async () => (await import("./image-ls.ts")).imageLs,
    },
  },
};
