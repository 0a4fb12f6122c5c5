import type { Pod } from "#api/core-v1/pod";
import { lines } from "#client/lines";
import type { Query } from "#client/transport";
import { hasReason } from "#machinery/status";
import type { Io } from "../io.ts";
import { type Arguments, UsageError, type Verb } from "../verb.ts";
import { type Cluster, connect } from "./cluster.ts";
import { durationOf, numberOf } from "./durations.ts";
import type { ApiKind } from "./kinds.ts";
import { containerNames, defaultContainer, onePodOf } from "./pods-of.ts";
import { oneObject } from "./selection.ts";

/** Of each pod, when several are asked for by their labels. */
const SELECTED_TAIL = "10";
const STREAMS_MAX = 5;

export const logs: Verb = {
  usage: "k8ts kubectl logs POD | TYPE/NAME | -l LABELS [-c CONTAINER] [-f] [options]",
  summary: "Prints what the containers of a pod wrote.",
  options: {
    container: { type: "string", short: "c", value: "NAME", help: "the container" },
    "all-containers": { type: "boolean", help: "all containers of the pod" },
    follow: { type: "boolean", short: "f", help: "and what they will write" },
    previous: { type: "boolean", short: "p", help: "of the container that ran before" },
    selector: { type: "string", short: "l", value: "LABELS", help: "of all pods with these labels" },
    tail: { type: "string", value: "N", help: "only the last lines" },
    since: { type: "string", value: "TIME", help: "only the last 5s, 2m or 3h" },
    "since-time": { type: "string", value: "TIME", help: "only since this moment, RFC 3339" },
    timestamps: { type: "boolean", help: "with the time of each line" },
    "limit-bytes": { type: "string", value: "N", help: "at most so many bytes" },
    prefix: { type: "boolean", help: "say before each line where it comes from" },
    "ignore-errors": { type: "boolean", help: "go on with the other containers when one fails" },
    "max-log-requests": {
      type: "string",
      value: "N",
      help: `with -f -l: at most so many containers, by default ${STREAMS_MAX}`,
    },
  },
  endsItself: true,

  async run(args, io) {
    const cluster = connect(args, io);
    try {
      return await new Logs(cluster, args, io).run();
    } finally {
      cluster.close();
    }
  },
};

interface Source {
  readonly pod: string;
  readonly container: string;
}

class Logs {
  readonly #cluster: Cluster;
  readonly #args: Arguments;
  readonly #io: Io;
  readonly #query: Query;

  constructor(cluster: Cluster, args: Arguments, io: Io) {
    this.#cluster = cluster;
    this.#args = args;
    this.#io = io;
    this.#query = queryOf(args);
  }

  async run(): Promise<number> {
    const sources = await this.#sources();
    const kind = await this.#cluster.kind("pods");
    const print = async (source: Source) => {
      const path = kind.path(this.#cluster.namespace, source.pod, "log");
      const query = { ...this.#query, container: source.container };
      try {
        await this.#print(source, await this.#cluster.stream("GET", path, { query, accept: "*/*" }));
      } catch (error) {
        if (!this.#args.flag("ignore-errors") || !(error instanceof Error)) throw error;
        this.#io.tell(`error: ${error.message}\n`);
      }
    };
    if (!this.#args.flag("follow")) {
      for (const source of sources) await print(source);
      return 0;
    }
    const limit = numberOf(this.#args, "max-log-requests") ?? STREAMS_MAX;
    if (this.#args.text("selector") !== undefined && sources.length > limit) {
      throw new Error(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${limit}, use --max-log-requests to increase the limit`,
      );
    }
    await Promise.all(sources.map(print));
    return 0;
  }

  async #sources(): Promise<readonly Source[]> {
    const labelSelector = this.#args.text("selector");
    const words = this.#args.positionals;
    if (labelSelector !== undefined) {
      if (words.length > 0) throw new UsageError("only a selector (-l) or a POD name is allowed");
      const kind = await this.#cluster.kind("pods");
      const pods = await this.#cluster.list(kind, this.#cluster.namespace, { labelSelector });
      if (pods.length === 0) this.#io.tell(`No resources found in ${this.#cluster.namespace} namespace.\n`);
      return pods.flatMap((pod) => this.#containersOf(pod as unknown as Pod));
    }
    const [name, container, ...more] = words;
    if (name === undefined || more.length > 0)
      throw new UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'");
    const target = oneObject(await this.#cluster.kinds(), [name], "pods");
    const pod = await this.#pod(target.kind, target.name);
    return this.#containersOf(pod, container);
  }

  async #pod(kind: ApiKind, name: string): Promise<Pod> {
    try {
      return await onePodOf(this.#cluster, this.#io, kind, name);
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      const where = JSON.stringify(this.#cluster.namespace);
      throw new Error(`error from server (NotFound): ${error.message} in namespace ${where}`, {
        cause: error,
      });
    }
  }

  #containersOf(pod: Pod, word?: string): readonly Source[] {
    const source = (container: string) => ({ pod: pod.metadata.name, container });
    if (this.#args.flag("all-containers")) return containerNames(pod).map(source);
    const named = this.#args.text("container") ?? word;
    if (named === undefined) return [source(defaultContainer(this.#io, pod))];
    if (containerNames(pod).includes(named)) return [source(named)];
    throw new Error(`container ${named} is not valid for pod ${pod.metadata.name}`);
  }

  async #print({ pod, container }: Source, body: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#args.flag("prefix")) {
      for await (const line of lines(body)) this.#io.write(`[pod/${pod}/${container}] ${line}\n`);
      return;
    }
    const decoder = new TextDecoder();
    for await (const chunk of body) this.#io.write(decoder.decode(chunk, { stream: true }));
    this.#io.write(decoder.decode());
  }
}

function queryOf(args: Arguments): Query {
  const sinceMs = durationOf(args, "since");
  const sinceTime = args.text("since-time");
  if (sinceMs !== undefined && sinceTime !== undefined)
    throw new UsageError("only one of --since-time / --since may be used");
  const tail = numberOf(args, "tail");
  const tailLines = tail !== undefined && tail >= 0 ? String(tail) : undefined;
  const selected = args.text("selector") !== undefined && tail === undefined ? SELECTED_TAIL : undefined;
  const limitBytes = numberOf(args, "limit-bytes");
  const parts: Readonly<Record<string, string | undefined>> = {
    follow: args.flag("follow") ? "true" : undefined,
    previous: args.flag("previous") ? "true" : undefined,
    timestamps: args.flag("timestamps") ? "true" : undefined,
    tailLines: tailLines ?? selected,
    sinceSeconds: sinceMs === undefined ? undefined : String(Math.ceil(sinceMs / 1000)),
    sinceTime,
    limitBytes: limitBytes === undefined ? undefined : String(limitBytes),
  };
  return Object.fromEntries(
    Object.entries(parts).filter((part): part is [string, string] => part[1] !== undefined),
  );
}
