/** Base64 with the standard alphabet and padding, natively where the runtime has it. */
interface NativeBytes {
  toBase64?(): string;
}
interface NativeConstructor {
  fromBase64?(text: string): Uint8Array<ArrayBuffer>;
}

/** Characters at a time, so that no call has too many arguments. */
const CHUNK = 8192;

export function toBase64(bytes: Uint8Array): string {
  const native = (bytes as unknown as NativeBytes).toBase64;
  if (native) return native.call(bytes);
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/** Throws on text that is no base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as NativeConstructor).fromBase64;
  if (native) return native.call(Uint8Array, text);
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
