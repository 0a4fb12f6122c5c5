import type { PodTemplateSpec } from "#api/core-v1/podtemplatespec";
import { stringifyJson } from "#machinery/json";
import { sameJson } from "#machinery/same-json";

export const TEMPLATE_HASH = "pod-template-hash";

/** Characters that are safe in names and spell no words; each digit of the hash becomes one. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

const PRIME = 0x01000193;
const OFFSET = 0x811c9dc5;

/** The label that tells the pods of one template from those of another. `collisions`: how often the hash was taken. */
export function templateHash(template: PodTemplateSpec, collisions: number): string {
  const text = stringifyJson(withoutHash(template)) + (collisions === 0 ? "" : String(collisions));
  const digits = String(fnv1a(new TextEncoder().encode(text)));
  return [...digits].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}

function fnv1a(bytes: Uint8Array): number {
  let hash = OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** Do two templates make the same pods? */
export const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  sameJson(withoutHash(a), withoutHash(b));

export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH]: hash, ...labels } = template.metadata.labels ?? {};
  return hash === undefined ? template : { ...template, metadata: { ...template.metadata, labels } };
}

export const withHash = (template: PodTemplateSpec, hash: string): PodTemplateSpec => ({
  ...template,
  metadata: { ...template.metadata, labels: { ...template.metadata.labels, [TEMPLATE_HASH]: hash } },
});
