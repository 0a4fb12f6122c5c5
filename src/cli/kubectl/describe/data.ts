import type { ConfigMap } from "#api/core-v1/configmap";
import type { Secret } from "#api/core-v1/secret";
import { Lines, pairs } from "./lines.ts";

const bytesOf = (base64: string): number => Buffer.from(base64, "base64").length;

const byName = <T>(map: Readonly<Record<string, T>> | undefined): readonly (readonly [string, T])[] =>
  Object.entries(map ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1));

const head = ({ metadata }: Pick<ConfigMap | Secret, "metadata">): Lines =>
  new Lines()
    .field("Name", metadata.name)
    .field("Namespace", metadata.namespace)
    .field("Labels", pairs(metadata.labels))
    .field("Annotations", pairs(metadata.annotations, ": "));

export function describeConfigMap(map: ConfigMap): string {
  const lines = head(map).text("").text("Data\n====");
  for (const [key, value] of byName(map.data)) lines.text(`${key}:\n----\n${value}\n`);
  lines.text("").text("BinaryData\n====");
  for (const [key, value] of byName(map.binaryData)) lines.text(`${key}: ${bytesOf(value)} bytes`);
  return `${lines}\n`;
}

/** What a secret holds is not for the screen. */
export function describeSecret(secret: Secret): string {
  const lines = head(secret).text("").field("Type", secret.type).text("").text("Data\n====");
  for (const [key, value] of byName(secret.data)) lines.text(`${key}:  ${bytesOf(value)} bytes`);
  return lines.toString();
}
