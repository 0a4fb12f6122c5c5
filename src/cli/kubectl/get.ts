import type { Query } from "#client/transport";
import type { Io } from "../io.ts";
import { type Arguments, UsageError, type Verb } from "../verb.ts";
import { type Cluster, connect } from "./cluster.ts";
import { eachError } from "./each-error.ts";
import { JsonPath, relaxed } from "./jsonpath.ts";
import type { ApiKind } from "./kinds.ts";
import { fileOptions, objectsInFiles } from "./manifests.ts";
import { type AnyObject, withoutManagedFields } from "./objects.ts";
import { type Printer, printerFor } from "./output.ts";
import { type Selected, selectedBy } from "./selection.ts";
import { selectorOptions, selectorQuery } from "./selectors.ts";
import { type Row, TABLE, type Table, TableText } from "./table.ts";

export const get: Verb = {
  usage: "k8ts kubectl get TYPE[,TYPE…] [NAME…] | TYPE/NAME… | -f FILE [options]",
  summary: "Shows objects, as a table or in full.",
  options: {
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      help: "wide, yaml, json, name, jsonpath=…, custom-columns=…",
    },
    "all-namespaces": { type: "boolean", short: "A", help: "in all namespaces" },
    ...selectorOptions,
    ...fileOptions,
    watch: { type: "boolean", short: "w", help: "then show changes as they come" },
    "watch-only": { type: "boolean", help: "only show changes" },
    "output-watch-events": { type: "boolean", help: "show what kind of change it was" },
    "show-labels": { type: "boolean", help: "add a column with all labels" },
    "label-columns": {
      type: "string",
      short: "L",
      multiple: true,
      value: "LABEL",
      help: "add a column for a label",
    },
    "no-headers": { type: "boolean", help: "leave out the header of the table" },
    "show-kind": { type: "boolean", help: "name the kind of every object" },
    "show-managed-fields": { type: "boolean", help: "with -o json and yaml: who set which field" },
    "sort-by": { type: "string", value: "PATH", help: "order by the value at a JSONPath" },
    "ignore-not-found": { type: "boolean", help: "what is not there is no failure" },
    raw: { type: "string", value: "PATH", help: "the answer of any path of the server" },
  },
  endsItself: true,

  async run(args, io) {
    const cluster = connect(args, io);
    try {
      const raw = args.text("raw");
      if (raw !== undefined) {
        io.write(await cluster.text("GET", raw, { accept: "*/*" }));
        return 0;
      }
      return await new Get(cluster, args, io).run();
    } finally {
      cluster.close();
    }
  },
};

/** One kind in one place: all of it, or one object. */
interface Request {
  readonly kind: ApiKind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

class Get {
  readonly #cluster: Cluster;
  readonly #args: Arguments;
  readonly #io: Io;
  readonly #printer: Printer | undefined;
  readonly #query: Query;
  #severalKinds = false;

  constructor(cluster: Cluster, args: Arguments, io: Io) {
    this.#cluster = cluster;
    this.#args = args;
    this.#io = io;
    this.#printer = printerFor(args.text("output"));
    this.#query = selectorQuery(args);
  }

  async run(): Promise<number> {
    const requests = await this.#requests();
    this.#severalKinds = new Set(requests.map(({ kind }) => kind)).size > 1;
    if (this.#args.flag("watch") || this.#args.flag("watch-only")) return this.#watch(requests);
    return this.#printer ? this.#printObjects(requests, this.#printer) : this.#printTables(requests);
  }

  async #requests(): Promise<readonly Request[]> {
    const everywhere = this.#args.flag("all-namespaces");
    const files = this.#args.list("filename");
    const kinds = await this.#cluster.kinds();
    if (files.length > 0) {
      const objects = await objectsInFiles(files, this.#args, this.#io);
      return objects.map((object) => {
        const kind = kinds.ofObject(object);
        const namespace = object.metadata.namespace ?? this.#cluster.namespace;
        return { kind, namespace: kind.namespaced ? namespace : undefined, name: object.metadata.name };
      });
    }
    if (this.#args.positionals.length === 0)
      throw new UsageError("You must specify the type of resource to get, such as: k8ts kubectl get pods");
    return selectedBy(kinds, this.#args.positionals).flatMap(({ kind, names }: Selected) => {
      const namespace = kind.namespaced && !everywhere ? this.#cluster.namespace : undefined;
      if (names && everywhere && kind.namespaced)
        throw new UsageError("a resource cannot be retrieved by name across all namespaces");
      if (names && Object.keys(this.#query).length > 0)
        throw new UsageError("name cannot be provided when a selector is specified");
      return (names ?? [undefined]).map((name) => ({ kind, namespace, name }));
    });
  }

  async #printObjects(requests: readonly Request[], printer: Printer): Promise<number> {
    const [only, ...more] = requests;
    const single = only?.name !== undefined && more.length === 0;
    const found: AnyObject[] = [];
    const code = await eachError(this.#io, requests, async ({ kind, namespace, name }) => {
      if (name === undefined) found.push(...(await this.#cluster.list(kind, namespace, this.#query)));
      else {
        const object = await this.#one(kind, namespace, name);
        if (object) found.push(object);
      }
    });
    const keep = this.#args.flag("show-managed-fields");
    const objects = this.#inOrder(keep ? found : found.map(withoutManagedFields));
    if (single) this.#io.write(objects.map((object) => printer.one(object)).join(""));
    else if (objects.length > 0 || code === 0) this.#io.write(printer.many(objects));
    return code;
  }

  async #one(kind: ApiKind, namespace: string | undefined, name: string): Promise<AnyObject | undefined> {
    return this.#args.flag("ignore-not-found")
      ? this.#cluster.find(kind, name, namespace)
      : this.#cluster.get(kind, name, namespace);
  }

  async #printTables(requests: readonly Request[]): Promise<number> {
    const printers = new Map<ApiKind, { readonly text: TableText; readonly tables: Table[] }>();
    const code = await eachError(this.#io, requests, async (request) => {
      const table = await this.#table(request);
      if (!table) return;
      const { kind } = request;
      const same = printers.get(kind) ?? { text: new TableText(this.#style(kind)), tables: [] };
      printers.set(kind, same);
      same.tables.push(table);
    });
    const texts = [...printers.values()].map(({ text, tables }) =>
      text.print({ ...tables[0]!, rows: this.#sortedRows(tables.flatMap(({ rows }) => rows ?? [])) }),
    );
    const shown = texts.filter((text) => text !== "");
    this.#io.write(shown.join("\n"));
    if (shown.length === 0 && code === 0 && !this.#args.flag("ignore-not-found")) this.#tellNothing(requests);
    return code;
  }

  #tellNothing(requests: readonly Request[]): void {
    const all = requests.every(({ namespace }) => namespace !== undefined);
    this.#io.tell(
      all ? `No resources found in ${this.#cluster.namespace} namespace.\n` : "No resources found\n",
    );
  }

  async #table({ kind, namespace, name }: Request): Promise<Table | undefined> {
    const path = kind.path(namespace, name);
    const whole: Query = this.#args.text("sort-by") === undefined ? {} : { includeObject: "Object" };
    if (name !== undefined) {
      try {
        return await this.#asTable(path, whole);
      } catch (error) {
        if (this.#args.flag("ignore-not-found") && (error as { readonly code?: number }).code === 404)
          return undefined;
        throw error;
      }
    }
    let table = await this.#asTable(path, { ...this.#query, ...whole, limit: PAGE_ROWS });
    const rows = [...(table.rows ?? [])];
    for (let next = table.metadata?.continue; next; next = table.metadata?.continue) {
      table = await this.#asTable(path, { ...this.#query, ...whole, limit: PAGE_ROWS, continue: next });
      rows.push(...(table.rows ?? []));
    }
    return { ...table, rows };
  }

  async #asTable(path: string, query: Query): Promise<Table> {
    const answer = (await this.#cluster.request("GET", path, { accept: TABLE, query })) as Table;
    if (answer.kind !== "Table") throw new Error("the server does not make tables");
    return answer;
  }

  #style(kind: ApiKind) {
    const prefixed = this.#severalKinds || this.#args.flag("show-kind");
    return {
      wide: this.#args.text("output") === "wide",
      withNamespace: this.#args.flag("all-namespaces") && kind.namespaced,
      showLabels: this.#args.flag("show-labels"),
      labelColumns: this.#args.list("label-columns").flatMap((text) => text.split(",")),
      headers: !this.#args.flag("no-headers"),
      prefix: prefixed ? kind.shown("") : "",
    };
  }

  #sortPath(): JsonPath | undefined {
    const path = this.#args.text("sort-by");
    return path === undefined ? undefined : new JsonPath(relaxed(path));
  }

  #sortedRows(rows: readonly Row[]): readonly Row[] {
    const path = this.#sortPath();
    return path ? sortBy(rows, ({ object }) => path.find(object, { allowMissing: true })[0]) : rows;
  }

  #inOrder(objects: readonly AnyObject[]): readonly AnyObject[] {
    const path = this.#sortPath();
    return path ? sortBy(objects, (object) => path.find(object, { allowMissing: true })[0]) : objects;
  }

  async #watch(requests: readonly Request[]): Promise<number> {
    const [request, ...others] = requests;
    if (!request || others.length > 0)
      throw new UsageError("you may only specify a single resource type to watch");
    const { kind, namespace, name } = request;
    const text = new TableText(this.#style(kind));
    const print = (object: unknown): void =>
      this.#io.write(
        this.#printer
          ? this.#printer.one(withoutManagedFields(object as AnyObject))
          : text.print(object as Table),
      );
    const first = (await this.#cluster.request("GET", kind.path(namespace, name), {
      query: this.#query,
      ...(this.#printer ? {} : { accept: TABLE }),
    })) as Table & AnyObject & { readonly items?: readonly AnyObject[] };
    if (!this.#args.flag("watch-only")) {
      if (!this.#printer) print(first);
      else if (name !== undefined) print(first);
      else
        for (const item of first.items ?? [])
          print({ ...item, apiVersion: kind.apiVersion, kind: kind.kind });
    }
    await this.#follow(request, first.metadata?.resourceVersion ?? "", print);
    return 0;
  }

  /** Prints changes until the user has seen enough. A watch that the server ends is taken up where it ended. */
  async #follow(
    { kind, namespace, name }: Request,
    from: string,
    print: (object: unknown) => void,
  ): Promise<void> {
    let resourceVersion = from;
    const query = {
      ...this.#query,
      ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
      allowWatchBookmarks: "true",
    };
    while (!this.#io.signal.aborted) {
      const sent = { query: { ...query, resourceVersion }, ...(this.#printer ? {} : { accept: TABLE }) };
      for await (const { type, object } of this.#cluster.watch(kind.path(namespace), sent)) {
        resourceVersion = versionIn(object) ?? resourceVersion;
        if (type === "BOOKMARK") continue;
        if (this.#args.flag("output-watch-events")) this.#io.write(`${type.padEnd(10)} `);
        print(object);
      }
    }
  }
}

const PAGE_ROWS = "500";

/** Of an object, or of the object that a table's row is about. */
function versionIn(object: AnyObject & { readonly rows?: unknown }): string | undefined {
  const rows = object.rows as readonly Row[] | undefined;
  return rows?.[0]?.object?.metadata.resourceVersion ?? object.metadata?.resourceVersion;
}

function sortBy<T>(items: readonly T[], key: (item: T) => unknown): readonly T[] {
  return items
    .map((item) => ({ item, value: key(item) as string | number | undefined }))
    .toSorted(({ value: one }, { value: other }) => {
      if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1;
      return one < other ? -1 : one > other ? 1 : 0;
    })
    .map(({ item }) => item);
}
