import { notAcceptable } from "#machinery/status";

export type Format = "json" | "yaml" | "protobuf" | "cbor";
export type Transform = "" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

/** The form in which a client wants its answer. */
export interface Accepted {
  readonly format: Format;
  /** Something made from the object, instead of the object. */
  readonly as: Transform;
  /** Version of `as`. */
  readonly asVersion: string;
  /** All parameters of the chosen clause, for endpoints with forms of their own. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Clause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

export const MEDIA_TYPE: Readonly<Record<Format, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
  cbor: "application/cbor",
};

/** One event behind the other: a watch. */
export const CBOR_SEQUENCE = "application/cbor-seq";

const FORMAT_OF: Readonly<Record<string, Format>> = {
  "application/json": "json",
  "application/*": "json",
  "*/*": "json",
  "application/yaml": "yaml",
  "application/x-yaml": "yaml",
  "text/yaml": "yaml",
  "application/vnd.kubernetes.protobuf": "protobuf",
  "application/cbor": "cbor",
};

const PLAIN: Accepted = { format: "json", as: "", asVersion: "", parameters: {} };
const META_GROUP = "meta.k8s.io";
const META_VERSIONS = ["v1", "v1beta1"];

/** What the header asks for, best first. Remembered: clients send the same few headers for ever. */
export function accepted(header: string | undefined, forms: AcceptableForms): Accepted {
  if (header === undefined || header === "") return PLAIN;
  const found = forms.known.get(header);
  if (found) return found;
  const chosen = choose(header, forms);
  if (forms.known.size < HEADERS_REMEMBERED_MAX) forms.known.set(header, chosen);
  return chosen;
}

const HEADERS_REMEMBERED_MAX = 512;

/** What an endpoint can answer with. */
export interface AcceptableForms {
  readonly formats: readonly Format[];
  readonly transforms: readonly Transform[];
  /** Named in the error. */
  readonly mediaTypes: readonly string[];
  /** Only metadata has a protobuf form. */
  readonly protobufOfMetadataOnly?: boolean;
  readonly isStream: boolean;
  readonly known: Map<string, Accepted>;
}

const forms = (
  formats: readonly Format[],
  transforms: readonly Transform[],
  suffix = "",
): AcceptableForms => ({
  formats,
  transforms,
  mediaTypes: formats.map((format) => MEDIA_TYPE[format] + suffix),
  isStream: suffix !== "",
  known: new Map(),
});

export const OBJECT_FORMS = forms(["json", "yaml", "protobuf"], ["Table", "PartialObjectMetadata"]);
export const LIST_FORMS = forms(["json", "yaml", "protobuf"], ["Table", "PartialObjectMetadataList"]);
export const WATCH_FORMS = forms(["json", "protobuf"], ["Table", "PartialObjectMetadata"], ";stream=watch");
/** For answers that are no objects of a kind: Status, Scale, discovery. */
export const PLAIN_FORMS = forms(["json", "yaml", "protobuf"], []);

/** The same forms for custom kinds, which are JSON and nothing else. */
function forCustom(of: AcceptableForms): AcceptableForms {
  const mediaTypes = of.mediaTypes.filter((type) => !type.startsWith(MEDIA_TYPE.protobuf));
  return { ...of, mediaTypes, protobufOfMetadataOnly: true, known: new Map() };
}

const CUSTOM_FORMS = new Map([OBJECT_FORMS, LIST_FORMS, WATCH_FORMS].map((of) => [of, forCustom(of)]));

export const customForms = (of: AcceptableForms): AcceptableForms => CUSTOM_FORMS.get(of) ?? of;

const withCbor = (of: AcceptableForms): AcceptableForms => ({
  ...of,
  formats: [...of.formats, "cbor"],
  mediaTypes: [...of.mediaTypes, of.isStream ? CBOR_SEQUENCE : MEDIA_TYPE.cbor],
  known: new Map(),
});

const CBOR_FORMS = new Map(
  [OBJECT_FORMS, LIST_FORMS, WATCH_FORMS, PLAIN_FORMS, ...CUSTOM_FORMS.values()].map((of) => [
    of,
    withCbor(of),
  ]),
);

/** The same forms, and CBOR. */
export const cborForms = (of: AcceptableForms): AcceptableForms => CBOR_FORMS.get(of) ?? of;

function choose(header: string, all: AcceptableForms): Accepted {
  const { formats, transforms, mediaTypes } = all;
  for (const { type: named, parameters } of clausesOf(header)) {
    const type = all.isStream && named === CBOR_SEQUENCE ? MEDIA_TYPE.cbor : named;
    const format = Object.hasOwn(FORMAT_OF, type) ? FORMAT_OF[type]! : undefined;
    if (!format || !formats.includes(format)) continue;
    const as = parameters.as ?? "";
    if (as === "" && format === "protobuf" && all.protobufOfMetadataOnly) continue;
    if (as === "") return { format, as: "", asVersion: "", parameters };
    if (as === "Table" && format === "protobuf") continue;
    const version = parameters.v ?? "";
    const known =
      transforms.includes(as as Transform) && parameters.g === META_GROUP && META_VERSIONS.includes(version);
    if (known) return { format, as: as as Transform, asVersion: version, parameters };
  }
  throw notAcceptable(`only the following media types are accepted: ${mediaTypes.join(", ")}`);
}

/** The clauses of an Accept header, best quality first, in their own order among equals. */
export function clausesOf(header: string): Clause[] {
  const clauses = header.split(",").map((text) => {
    const [type = "", ...rest] = text.split(";").map((part) => part.trim());
    const parameters = Object.fromEntries(
      rest.map((part) => {
        const at = part.indexOf("=");
        return at < 0 ? [part, ""] : [part.slice(0, at).trim(), unquoted(part.slice(at + 1).trim())];
      }),
    ) as Record<string, string>;
    return { type: type.toLowerCase(), parameters, quality: qualityOf(parameters.q) };
  });
  return clauses.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

const qualityOf = (text: string | undefined): number => {
  const quality = Number(text ?? 1);
  return Number.isFinite(quality) ? quality : 0;
};

const unquoted = (text: string): string => text.replace(/^"(.*)"$/, "$1");
