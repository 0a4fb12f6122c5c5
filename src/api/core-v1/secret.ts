import { ageColumn, nameColumn, text } from "#api/columns";
import { dataKeys, unchanged } from "#api/checks";
import { DATA_BYTES_MAX, dataSize, frozenProblems } from "./data-rules.ts";
import { withStringData } from "./secret-data.ts";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  bytes,
  entry,
  type FieldProblem,
  invalid,
  map,
  type Of,
  required,
  resource,
  string,
  tooLong,
} from "#machinery/schema";

interface SecretParts {
  readonly metadata: ObjectMeta;
  readonly data?: Readonly<Record<string, string>>;
  readonly type: string;
}

export const ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name";

/** Secrets of a known type have what their users look for. */
function* typeProblems({ type, data = {}, metadata }: SecretParts): Iterable<FieldProblem> {
  const needs = (key: string): boolean => data[key] === undefined;
  switch (type) {
    case "kubernetes.io/service-account-token":
      if (!metadata.annotations?.[ACCOUNT_ANNOTATION])
        yield required(entry("metadata.annotations", ACCOUNT_ANNOTATION));
      return;
    case "kubernetes.io/dockercfg":
      return yield* jsonProblems(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return yield* jsonProblems(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth":
      if (!needs("username") || !needs("password")) return;
      yield required(entry("data", "username"));
      yield required(entry("data", "password"));
      return;
    case "kubernetes.io/ssh-auth":
      if (!data["ssh-privatekey"]) yield required(entry("data", "ssh-privatekey"));
      return;
    case "kubernetes.io/tls":
      for (const key of ["tls.crt", "tls.key"]) if (needs(key)) yield required(entry("data", key));
  }
}

function* jsonProblems(data: Readonly<Record<string, string>>, key: string): Iterable<FieldProblem> {
  const text = data[key];
  if (text === undefined) return yield required(entry("data", key));
  try {
    JSON.parse(atob(text));
  } catch {
    yield invalid(entry("data", key), "<secret contents redacted>", "invalid character");
  }
}

export const Secret = resource({
  apiVersion: "v1",
  kind: "Secret",
  doc: "Confidential data by key.",
  plural: "secrets",
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    immutable: bool(5).pointer().doc("Data can never change again."),
    data: map(2, bytes).doc("Bytes by key."),
    stringData: map(4, string).doc("Texts by key, for writing only."),
    type: string(3).default("Opaque").doc("What the data is, for those who use it."),
  },

  fieldSelectors: { type: (secret) => secret.type },
  columns: [
    nameColumn,
    text("Type", (secret: SecretParts) => secret.type),
    text("Data", (secret: SecretParts) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
  rules: {
    defaults: (secret) => withStringData(secret),
    *validate(secret) {
      yield* dataKeys("data", secret.data);
      if (dataSize({}, secret.data) > DATA_BYTES_MAX) yield tooLong("data", DATA_BYTES_MAX);
      yield* typeProblems(secret);
    },
    *validateUpdate(secret, old) {
      yield* unchanged("type", secret.type, old.type);
      yield* frozenProblems(secret, old);
    },
  },
});
export interface Secret extends Of<typeof Secret> {}
