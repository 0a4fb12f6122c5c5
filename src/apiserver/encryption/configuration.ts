/** The `apiserver.config.k8s.io/v1` EncryptionConfiguration file: what is encrypted, with which keys. */
import { parseDuration } from "#machinery/time";
import { type FieldProblem, invalid, item, required } from "#machinery/schema";
import { problemText } from "#machinery/status";
import { YamlError, parseYaml } from "#machinery/yaml";
import { resourceProblems } from "./configured-resources.ts";

interface NamedKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

export type ProviderConfiguration =
  | { readonly type: "identity" }
  | { readonly type: "aescbc" | "aesgcm" | "secretbox"; readonly keys: readonly NamedKey[] }
  | { readonly type: "kms"; readonly name: string; readonly endpoint: string; readonly timeoutMs: number };

export interface ResourceConfiguration {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
  readonly resources: readonly string[];
  /** The first one writes, all of them read. */
  readonly providers: readonly ProviderConfiguration[];
}

export interface EncryptionConfiguration {
  readonly resources: readonly ResourceConfiguration[];
}

/** A file that cannot be used. */
export class EncryptionConfigurationError extends Error {
  override readonly name = "EncryptionConfigurationError";
}

const KMS_V1_DISABLED =
  "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.";
const KMS_TIMEOUT_MS = 3_000;
const AES_KEY_BYTES = [16, 24, 32];
const KEY_BYTES = { aescbc: AES_KEY_BYTES, aesgcm: AES_KEY_BYTES, secretbox: [32] } as const;
const PROVIDERS = ["aesgcm", "aescbc", "secretbox", "identity", "kms"] as const;

type Json = Readonly<Record<string, unknown>>;

/** From YAML or JSON text. Throws EncryptionConfigurationError that names every problem. */
export function parseEncryptionConfiguration(text: string): EncryptionConfiguration {
  const file = fileOf(text);
  const problems: FieldProblem[] = [];
  const entries = list(file, "resources", "resources");
  if (entries.length === 0) problems.push(required("resources", "at least one resources is required"));
  const kmsNames = new Set<string>();
  const resources = entries.map((entry, index) => {
    const path = item("resources", index);
    return resourceConfiguration(fieldsOf(entry, path, ["resources", "providers"]), path, kmsNames, problems);
  });
  if (problems.length > 0) {
    const texts = problems.map((problem) => `${problem.path}: ${problemText(problem)}`);
    throw new EncryptionConfigurationError(texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`);
  }
  return { resources };
}

function fileOf(text: string): Json {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new EncryptionConfigurationError(`the file is no YAML: ${error.message}`, { cause: error });
  }
  const file = fieldsOf(value, "", ["apiVersion", "kind", "metadata", "resources"]);
  const { apiVersion, kind } = file;
  const known = apiVersion === "apiserver.config.k8s.io/v1" && kind === "EncryptionConfiguration";
  // The name that it had before it was a version.
  const legacy = apiVersion === "v1" && kind === "EncryptionConfig";
  if (!known && !legacy)
    throw new EncryptionConfigurationError(
      "the file is no EncryptionConfiguration of apiserver.config.k8s.io/v1",
    );
  return file;
}

function resourceConfiguration(
  entry: Json,
  path: string,
  kmsNames: Set<string>,
  problems: FieldProblem[],
): ResourceConfiguration {
  const [resourcesPath, providersPath] = [`${path}.resources`, `${path}.providers`];
  const resources = list(entry, "resources", resourcesPath).map((name, index) =>
    text(name, item(resourcesPath, index)),
  );
  if (resources.length === 0)
    problems.push(required(resourcesPath, `at least one ${resourcesPath} is required`));
  problems.push(...resourceProblems(resources, resourcesPath));
  const sent = list(entry, "providers", providersPath);
  if (sent.length === 0) problems.push(required(providersPath, `at least one ${providersPath} is required`));
  const providers = sent.flatMap(
    (provider, index) => providerOf(provider, item(providersPath, index), kmsNames, problems) ?? [],
  );
  return { resources, providers };
}

function providerOf(
  sent: unknown,
  path: string,
  kmsNames: Set<string>,
  problems: FieldProblem[],
): ProviderConfiguration | undefined {
  const provider = fieldsOf(sent, path, PROVIDERS);
  const named = PROVIDERS.filter((type) => provider[type] !== undefined && provider[type] !== null);
  const [type] = named;
  if (type === undefined || named.length > 1) {
    const why =
      type === undefined
        ? "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
        : "more than one provider specified in a single element, should split into different list elements";
    // What else stands there may be secret.
    problems.push(invalid(path, named, why));
    return undefined;
  }
  const at = `${path}.${type}`;
  if (type === "identity") {
    fieldsOf(provider.identity, at, []);
    return { type };
  }
  if (type === "kms") return kmsOf(provider.kms, at, kmsNames, problems);
  const keys = list(fieldsOf(provider[type], at, ["keys"]), "keys", `${at}.keys`);
  if (keys.length === 0) problems.push(required(`${at}.keys`, "at least one keys is required"));
  return {
    type,
    keys: keys.map((key, index) => keyOf(key, item(`${at}.keys`, index), KEY_BYTES[type], problems)),
  };
}

function keyOf(sent: unknown, path: string, lengths: readonly number[], problems: FieldProblem[]): NamedKey {
  const key = fieldsOf(sent, path, ["name", "secret"]);
  const name = optionalText(key.name, `${path}.name`);
  const encoded = optionalText(key.secret, `${path}.secret`);
  if (name === "") problems.push(required(`${path}.name`, "name is a mandatory field for a key"));
  if (encoded === "") problems.push(required(`${path}.secret`, "secret is a mandatory field for a key"));
  const secret = Buffer.from(encoded, "base64");
  const hidden = (why: string) => problems.push(invalid(`${path}.secret`, "REDACTED", why));
  if (secret.toString("base64") !== encoded) hidden("secrets must be base64 encoded");
  else if (encoded !== "" && !lengths.includes(secret.length)) {
    hidden(
      `secret is not of the expected length, got ${secret.length}, expected one of [${lengths.join(" ")}]`,
    );
  }
  return { name, secret };
}

function kmsOf(
  sent: unknown,
  path: string,
  names: Set<string>,
  problems: FieldProblem[],
): ProviderConfiguration {
  const kms = fieldsOf(sent, path, ["apiVersion", "name", "cachesize", "endpoint", "timeout"]);
  const version = optionalText(kms.apiVersion, `${path}.apiVersion`) || "v1";
  const name = optionalText(kms.name, `${path}.name`);
  const endpoint = optionalText(kms.endpoint, `${path}.endpoint`);
  const duration = optionalText(kms.timeout, `${path}.timeout`);
  const timeoutMs = duration === "" ? KMS_TIMEOUT_MS : durationOf(duration, `${path}.timeout`);
  const wrong = (field: string, value: unknown, why: string) =>
    void problems.push(invalid(`${path}.${field}`, value, why));
  if (name === "") problems.push(required(`${path}.name`, "name is a mandatory field for a provider"));
  if (version !== "v1" && name.includes(":"))
    wrong("name", name, `invalid KMS provider name ${name}, must not contain ':'`);
  if (names.has(name)) wrong("name", name, `duplicate KMS provider name ${name}, names must be unique`);
  names.add(name);
  if (timeoutMs <= 0) wrong("timeout", duration, "timeout should be a positive value");
  if (endpoint === "") wrong("endpoint", "", "endpoint is a mandatory field for a kms");
  else {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1]?.toLowerCase() ?? "";
    if (scheme !== "unix") {
      const why = `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`;
      wrong("endpoint", endpoint, why);
    }
  }
  if (version !== "v1" && kms.cachesize !== undefined)
    wrong("cachesize", kms.cachesize, "cachesize is not supported in v2");
  if (version !== "v1" && version !== "v2") {
    wrong(
      "apiVersion",
      version,
      "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported",
    );
  }
  if (version === "v1") throw new EncryptionConfigurationError(`${path}: ${KMS_V1_DISABLED}`);
  return { type: "kms", name, endpoint, timeoutMs };
}

/** An object that has none but these fields: a misspelled one must not leave secrets unencrypted. */
function fieldsOf(value: unknown, path: string, known: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new EncryptionConfigurationError(`${path || "the file"}: must be an object`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const place = path === "" ? unknown : `${path}.${unknown}`;
    throw new EncryptionConfigurationError(`strict decoding error: unknown field ${JSON.stringify(place)}`);
  }
  return value as Json;
}

function list(of: Json, name: string, path: string): readonly unknown[] {
  const value = of[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new EncryptionConfigurationError(`${path}: must be a list`);
}

function text(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw new EncryptionConfigurationError(`${path}: must be text`);
}

const optionalText = (value: unknown, path: string): string =>
  value === undefined || value === null ? "" : text(value, path);

function durationOf(duration: string, path: string): number {
  try {
    return parseDuration(duration);
  } catch (error) {
    throw new EncryptionConfigurationError(`${path}: must be a duration, such as 3s`, { cause: error });
  }
}
