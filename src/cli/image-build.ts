import { importImage } from "#cluster/containerd/start";
import { buildImage } from "#cluster/images/build";
import { clusterOptions, clusterPlaces } from "./cluster-options.ts";
import { requireRoot } from "./root.ts";
import { runningNodes } from "./running-nodes.ts";
import { UsageError, type Verb } from "./verb.ts";

export const imageBuild: Verb = {
  usage: "k8ts image build DIR -t NAME[:TAG] [--name NAME] [--data-dir DIR]",
  summary: "Builds the image that DIR/Containerfile describes and brings it to all nodes.",
  options: {
    tag: { type: "string", short: "t", value: "NAME", help: "name of the image, as pods will ask for it" },
    ...clusterOptions,
  },
  async run(args, io) {
    const [directory, ...more] = args.positionals;
    const tag = args.text("tag");
    if (directory === undefined || more.length > 0)
      throw new UsageError("name one folder: k8ts image build DIR -t NAME");
    if (tag === undefined) throw new UsageError("name the image: k8ts image build DIR -t NAME");
    const name = fullName(tag);
    requireRoot("image build");
    const nodes = runningNodes(clusterPlaces(args));
    const image = await buildImage(directory, name);
    await Promise.all(nodes.map((node) => importImage(node, image)));
    io.write(`${name} built and loaded\n`);
    return 0;
  },
};

/** As runtimes know it: `hello` is `docker.io/library/hello:latest`. */
export function fullName(tag: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._:/-]*$/.test(tag))
    throw new UsageError(`${JSON.stringify(tag)} is no name for an image`);
  const slash = tag.indexOf("/");
  const first = slash < 0 ? "" : tag.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === "localhost";
  const withRegistry = hasRegistry ? tag : slash < 0 ? `docker.io/library/${tag}` : `docker.io/${tag}`;
  return /:[^/]+$/.test(withRegistry) ? withRegistry : `${withRegistry}:latest`;
}
