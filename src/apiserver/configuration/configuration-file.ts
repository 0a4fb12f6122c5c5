/** Files of the group apiserver.config.k8s.io: read strictly, so that a slip of the pen is no silent default. */
import { DecodeError, decodeJson, strictDecodingText } from "#machinery/derive/json";
import { isObject } from "#machinery/patch/merge-patch";
import type { FieldProblem, StructOf } from "#machinery/schema";
import { problemText } from "#machinery/status";
import { parseYaml } from "#machinery/yaml";

/** A file that cannot be used; the message says all that is wrong with it. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const GROUP = "apiserver.config.k8s.io";

export interface ConfigurationKind<T> {
  readonly kind: string;
  /** Of the group, without its name. */
  readonly versions: readonly string[];
  readonly schema: StructOf<T>;
}

/** From YAML or JSON text. Throws ConfigurationError. */
export function parseConfiguration<T>({ kind, versions, schema }: ConfigurationKind<T>, text: string): T {
  const file = yamlOf(text);
  if (!isObject(file)) throw new ConfigurationError(`the file is no ${kind}`);
  const known = versions.map((version) => `${GROUP}/${version}`);
  if (file.kind !== kind || !known.includes(String(file.apiVersion))) {
    const asked = `${String(file.apiVersion ?? "")}, Kind=${String(file.kind ?? "")}`;
    throw new ConfigurationError(
      `no kind "${kind}" is registered for ${asked}; ${kind} is known in ${known.join(", ")}`,
    );
  }
  const unknown: string[] = [];
  const decoded = decodedOf(schema, file, (path) => void unknown.push(`unknown field "${path}"`));
  if (unknown.length > 0) throw new ConfigurationError(strictDecodingText(unknown));
  return decoded;
}

function yamlOf(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw new ConfigurationError((cause as Error).message, { cause });
  }
}

function decodedOf<T>(schema: StructOf<T>, file: unknown, onUnknown: (path: string) => void): T {
  try {
    return decodeJson<T>(schema, file, onUnknown);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ConfigurationError(cause.message, { cause });
  }
}

/** Throws ConfigurationError for any problem: one as it is, several as a list. */
export function refuseProblems(problems: readonly FieldProblem[]): void {
  const texts = problems.map((problem) => `${problem.path}: ${problemText(problem)}`);
  if (texts.length > 0)
    throw new ConfigurationError(texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`);
}
