/** Gives every node its part of the pod network: one range for each IP family of the cluster. */
import { Node } from "#api/core-v1/node";
import { type Controller, controller } from "#reconciler/controller";
import { type ClusterRange, RangeAllocator } from "./ranges.ts";

/** `ranges`: one for each IP family, the primary first. */
export function nodeIpam(ranges: readonly ClusterRange[]): Controller {
  const allocators = ranges.map((range) => new RangeAllocator(range));
  /** What each node has, by its name. */
  const given = new Map<string, readonly string[]>();
  const occupy = (name: string, cidrs: readonly string[]): void => {
    given.set(name, cidrs);
    for (const cidr of cidrs) for (const allocator of allocators) allocator.occupy(cidr);
  };
  const release = (name: string): void => {
    for (const cidr of given.get(name) ?? []) for (const allocator of allocators) allocator.release(cidr);
    given.delete(name);
  };

  return controller({
    name: "node-ipam",
    watches: Node,
    matters: (node) => !node.spec.podCIDR,
    writes: [{ kind: Node, verbs: ["patch", "update"] }],
    // What nodes have must be known before the first part is given.
    index: ({ cache }) => {
      for (const { metadata, spec } of cache(Node).list()) {
        const has = cidrsOf(spec);
        if (has.length > 0) occupy(metadata.name, has);
      }
    },

    async reconcile(node, { write, event }) {
      const { name } = node.metadata;
      const has = cidrsOf(node.spec);
      if (has.length > 0) return occupy(name, has);
      if (!given.has(name)) {
        const parts = allocators.map((allocator) => allocator.take());
        if (parts.includes(undefined)) {
          for (const [index, part] of parts.entries()) if (part) allocators[index]!.release(part);
          event(node, "Normal", "CIDRNotAvailable", `Node ${name} status is now: CIDRNotAvailable`);
          throw new Error(`no part of the pod network is left for node ${name}`);
        }
        given.set(name, parts as string[]);
      }
      const podCIDRs = given.get(name)!;
      await write.patch(Node, { name }, { spec: { podCIDR: podCIDRs[0], podCIDRs } });
    },

    async gone({ name }) {
      release(name);
    },
  });
}

const cidrsOf = ({ podCIDR, podCIDRs }: Node["spec"]): readonly string[] =>
  podCIDRs ?? (podCIDR ? [podCIDR] : []);
