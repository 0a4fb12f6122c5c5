/** Watches that stand while a server is attacked: each change must come once, and in order. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { ReadCache } from "#apiserver/contracts";
import type { AnyObject, Resource } from "#machinery/schema";

interface Event {
  readonly type: string;
  readonly object: AnyObject;
}

export interface WitnessOptions {
  readonly port: number;
  readonly authority: string;
  readonly token: string;
  readonly cache: ReadCache;
  readonly kinds: readonly Resource[];
}

/** One connection for itself, which nobody attacks. */
export class Witness {
  readonly #session: ClientHttp2Session;
  readonly #watches: Watched[];

  private constructor(session: ClientHttp2Session, watches: Watched[]) {
    this.#session = session;
    this.#watches = watches;
  }

  static async open({ port, authority, token, cache, kinds }: WitnessOptions): Promise<Witness> {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority });
    session.on("error", () => undefined);
    const headers = { authorization: `Bearer ${token}` };
    const watches = kinds.map((kind) => new Watched(kind, session, headers, cache));
    await Promise.all(watches.map((watch) => watch.opened));
    return new Witness(session, watches);
  }

  /** What the watches got wrong, once they have come to where the caches are. `settled` waits for that, and gives up. */
  async verdict(settled: (behind: () => boolean) => Promise<void>): Promise<string[]> {
    await settled(() => this.#watches.some((watch) => watch.isBehind));
    return this.#watches.flatMap((watch) => watch.problem ?? []);
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#session.destroy();
  }
}

class Watched {
  readonly opened: Promise<void>;
  readonly #kind: Resource;
  readonly #stream: ClientHttp2Stream;
  readonly #forget: () => void;
  /** In the order in which the server made them. */
  readonly #made: string[] = [];
  readonly #seen: string[] = [];
  #rest = "";
  #ended = false;

  constructor(
    kind: Resource,
    session: ClientHttp2Session,
    headers: Readonly<Record<string, string>>,
    cache: ReadCache,
  ) {
    this.#kind = kind;
    const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.apiVersion}`;
    // From here on, with nothing of what there is.
    const revisions = [...cache.list(kind)].map(({ metadata }) => Number(metadata.resourceVersion));
    const from = revisions.length === 0 ? "" : `&resourceVersion=${Math.max(...revisions)}`;
    this.#forget = cache.onChange(kind, ({ before, after }) => {
      const type = after === undefined ? "DELETED" : before === undefined ? "ADDED" : "MODIFIED";
      const { name, namespace = "", resourceVersion } = (after ?? before)!.metadata;
      // The revision of a deletion is that of no object.
      this.#made.push(`${type} ${namespace}/${name} ${after === undefined ? "" : resourceVersion}`);
    });
    this.#stream = session.request({ ...headers, ":path": `${root}/${kind.plural}?watch=1${from}` });
    this.opened = new Promise((resolve) => {
      this.#stream.once("response", () => resolve()).once("close", () => resolve());
    });
    this.#stream.setEncoding("utf8");
    this.#stream.on("data", (text: string) => this.#take(text));
    this.#stream.on("error", () => undefined).on("close", () => (this.#ended = true));
  }

  get isBehind(): boolean {
    return !this.#ended && this.#seen.length < this.#made.length;
  }

  get problem(): string | undefined {
    const { plural } = this.#kind;
    if (this.#ended) return `the watch of ${plural} ended`;
    const at = this.#made.findIndex((made, index) => made !== this.#seen[index]);
    if (at >= 0) return `watch of ${plural}: "${this.#seen[at]}" instead of "${this.#made[at]}" (${at})`;
    const more = this.#seen[this.#made.length];
    return more === undefined ? undefined : `watch of ${plural}: "${more}" never happened`;
  }

  close(): void {
    this.#forget();
    this.#stream.close();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as Event;
      if (type === "BOOKMARK") continue;
      const { name, namespace = "", resourceVersion } = object.metadata;
      this.#seen.push(`${type} ${namespace}/${name} ${type === "DELETED" ? "" : resourceVersion}`);
    }
  }
}
