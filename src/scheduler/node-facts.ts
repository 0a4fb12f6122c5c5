import type { Node } from "#api/core-v1/node";
import { type Amounts, amountsOf } from "#api/core-v1/podresources";
import type { Taint } from "#api/core-v1/taint";
import { Shared } from "./shared.ts";

export type NodeImages = NonNullable<Node["status"]["images"]>;

/** What the scheduler remembers of a Node object, which says much more. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly images: NodeImages;
  readonly allocatable: Amounts;
}

const NO_LABELS: NodeFacts["labels"] = {};
const NO_TAINTS: NodeFacts["taints"] = [];
const NO_IMAGES: NodeImages = [];

/** Makes what is remembered of nodes. Most have the same size and many of the same images. */
export class NodeReader {
  readonly #images = new Shared<NodeImages[number]>();
  readonly #amounts = new Shared<Amounts>();

  of({ metadata, spec, status }: Node): NodeFacts {
    const allocatable = amountsOf(status.allocatable);
    return {
      name: metadata.name,
      labels: metadata.labels ?? NO_LABELS,
      taints: spec.taints ?? NO_TAINTS,
      unschedulable: spec.unschedulable ?? false,
      images: status.images?.map((image) => this.#images.of(JSON.stringify(image), image)) ?? NO_IMAGES,
      allocatable: this.#amounts.of([...allocatable].join(), allocatable),
    };
  }
}
