import type { Container } from "../pod/spec.ts";

/**
 * Fingerprint of what makes a running container outdated when it changes: its name and image. Resources are
 * changed in place, and the API lets nothing else change.
 */
export function specHash({ name, image }: Container): string {
  return fnv1a(JSON.stringify({ image, name }));
}

/** 32-bit FNV-1a over the text's UTF-8 bytes, in hexadecimal. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
