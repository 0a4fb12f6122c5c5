/** The same list in all its forms, while others write: whoever asks for the same revision must get the same objects. */
import { ConfigMap } from "#api/core-v1/configmap";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { listSchema } from "#api/registry";
import { Deployment } from "#api/apps-v1/deployment";
import type { Random } from "#base/random";
import { decodeCbor } from "#machinery/cbor";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { readEnvelope } from "#machinery/protobuf-envelope";
import type { Resource } from "#machinery/schema";
import type { Place } from "./assaults.ts";
import { pick } from "../requests/choices.ts";
import { type Answer, Sender } from "../sender.ts";

interface List {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Named[];
  readonly rows?: readonly { readonly object: Named }[];
}
interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
}

const KINDS = [ConfigMap, Pod, Secret, Deployment] as unknown as readonly Resource[];

type Read = (body: string, kind: Resource) => List;
const fromJson: Read = (body) => JSON.parse(body) as List;
const FORMS: Readonly<Record<string, Read>> = {
  "application/vnd.kubernetes.protobuf": (body, kind) => {
    const { raw } = readEnvelope(Buffer.from(body, "latin1"));
    return decodeProtobuf(listSchema(kind), raw) as unknown as List;
  },
  "application/cbor": (body) => decodeCbor(Buffer.from(body, "latin1")) as List,
  "application/json;as=Table;v=v1;g=meta.k8s.io": fromJson,
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io": fromJson,
  "application/json": fromJson,
};

const pathOf = ({ group, version, plural }: Resource, namespace: string): string =>
  `${group === "" ? `/api/${version}` : `/apis/${group}/${version}`}/${namespace}${plural}`;

const namesIn = ({ items, rows }: List): string =>
  (items ?? rows?.map(({ object }) => object) ?? [])
    .map(
      ({ metadata: { namespace = "", name, resourceVersion } }) => `${namespace}/${name}@${resourceVersion}`,
    )
    .join(" ");

const QUERIES = [
  "",
  "?resourceVersion=0",
  "?limit=2",
  "?limit=500",
  "?labelSelector=app",
  "?labelSelector=app%21%3Dweb",
  "?fieldSelector=metadata.name%3Dmap",
  "?fieldSelector=metadata.namespace%3Dfuzz",
];

/** What differs; undefined where nothing does, or where somebody wrote in between. */
export async function compared(place: Place, random: Random): Promise<string | undefined> {
  const kind = pick(random, KINDS);
  const namespace = pick(random, ["namespaces/fuzz/", "namespaces/fuzz/", "namespaces/kept/", ""]);
  const path = `${pathOf(kind, namespace)}${pick(random, QUERIES)}`;
  const sender = new Sender(place.port, place.authority);
  const ask = (accept: string): Promise<Answer> =>
    sender.send({
      over: "h2",
      method: "GET",
      path,
      headers: { authorization: "Bearer attacker", accept },
      body: undefined,
      abort: false,
    });
  try {
    const form = pick(random, Object.keys(FORMS));
    const [plain, other] = await Promise.all([ask("application/json"), ask(form)]);
    // Somebody else may have too many requests under way.
    if (plain.status !== 200 || other.status !== 200) return refused(path, [plain, other]);
    const [one, two] = [fromJson(plain.body, kind), FORMS[form]!(other.body, kind)];
    if (one.metadata.resourceVersion !== two.metadata.resourceVersion) return misplaced(one, namespace, path);
    const [names, others] = [namesIn(one), namesIn(two)];
    if (names !== others)
      return `${path} as ${form} has ${others.slice(0, 600)} instead of ${names.slice(0, 600)}`;
    const [more, rest] = [one.metadata.continue ?? "", two.metadata.continue ?? ""];
    if (more !== rest) return `${path} as ${form} goes on at ${rest} instead of ${more}`;
    return misplaced(one, namespace, path);
  } catch (error) {
    return `${path}: ${String((error as Error).stack ?? error)}`;
  } finally {
    sender.close();
  }
}

const refused = (path: string, answers: readonly Answer[]): string | undefined => {
  const odd = answers.find(({ status, hung }) => hung || ![0, 200, 429, 504].includes(status));
  return odd && `${path} answered ${odd.status}: ${odd.body.slice(0, 300)}`;
};

function misplaced({ items = [] }: List, namespace: string, path: string): string | undefined {
  const wanted = namespace.split("/")[1];
  const other = items.find(({ metadata }) => wanted !== undefined && metadata.namespace !== wanted);
  return other && `${path} has an object of namespace ${other.metadata.namespace}`;
}
