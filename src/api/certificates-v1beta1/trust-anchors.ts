/** Certificates of authorities as PEM, one after the other. */
import { fromBase64 } from "#machinery/base64";
import { type FieldProblem, invalid, tooLong } from "#machinery/schema";

const BYTES_MAX = 1024 * 1024;
const BLOCK = /-----BEGIN ([^-\n]*)-----\r?\n([^-]*)-----END \1-----/g;

export function* trustBundleProblems(pem: string, path: string): Iterable<FieldProblem> {
  if (pem.length > BYTES_MAX) {
    yield tooLong(path, BYTES_MAX);
    return;
  }
  const places = new Map<string, number[]>();
  let isWrong = false;
  for (const [index, [, type = "", body = ""]] of [...pem.matchAll(BLOCK)].entries()) {
    const problem = blockProblem(type, body);
    if (problem !== undefined) {
      isWrong = true;
      yield invalid(path, "<value omitted>", `entry ${index} ${problem}`);
    }
    const text = body.replace(/\s/g, "");
    places.set(text, [...(places.get(text) ?? []), index]);
  }
  if (isWrong) return;
  if (places.size === 0) yield invalid(path, "<value omitted>", "at least one trust anchor must be provided");
  for (const indices of places.values())
    if (indices.length > 1)
      yield invalid(path, "<value omitted>", `duplicate trust anchor (indices [${indices.join(" ")}])`);
}

function blockProblem(type: string, body: string): string | undefined {
  if (type !== "CERTIFICATE") return `has bad block type: ${type}`;
  if (body.includes(":")) return "has PEM block headers";
  try {
    return isAuthority(fromBase64(body.replace(/\s/g, ""))) ? undefined : "does not have the CA bit set";
  } catch {
    return "does not parse as X.509";
  }
}

const SEQUENCE = 0x30;
const BOOLEAN = 0x01;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const EXTENSIONS = 0xa3;
const BASIC_CONSTRAINTS = "85,29,19";

interface Part {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The parts of a DER sequence. Throws RangeError for what is none. */
function partsOf(bytes: Uint8Array): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    let length = octet(bytes, at + 1);
    let start = at + 2;
    if (length > 0x80) {
      const octets = length - 0x80;
      length = 0;
      for (let each = 0; each < octets; each++) length = length * 256 + octet(bytes, start + each);
      start += octets;
    }
    const end = start + length;
    if (end > bytes.length) throw new RangeError("a part is longer than the whole");
    parts.push({ tag, content: bytes.subarray(start, end) });
    at = end;
  }
  return parts;
}

function octet(bytes: Uint8Array, at: number): number {
  const found = bytes[at];
  if (found === undefined) throw new RangeError("a part ends too early");
  return found;
}

function only(parts: readonly Part[], tag: number): Part {
  const [part] = parts;
  if (parts.length !== 1 || part?.tag !== tag) throw new RangeError("another part is expected");
  return part;
}

/** May the certificate sign others? Throws RangeError when it is no certificate. */
function isAuthority(der: Uint8Array): boolean {
  const [body, algorithm, signature] = partsOf(only(partsOf(der), SEQUENCE).content);
  if (body?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE || !signature)
    throw new RangeError("a certificate has a body, an algorithm and a signature");
  const members = partsOf(body.content);
  if (members.length < 6) throw new RangeError("a certificate says more");
  const extensions = members.find(({ tag }) => tag === EXTENSIONS);
  if (!extensions) return false;
  for (const { content } of partsOf(only(partsOf(extensions.content), SEQUENCE).content)) {
    const parts = partsOf(content);
    if (parts[0]?.tag !== OBJECT_IDENTIFIER || parts[0].content.join() !== BASIC_CONSTRAINTS) continue;
    const value = parts.find(({ tag }) => tag === OCTET_STRING);
    if (!value) throw new RangeError("an extension has a value");
    const [flag] = partsOf(only(partsOf(value.content), SEQUENCE).content);
    return flag?.tag === BOOLEAN && flag.content[0] !== 0;
  }
  return false;
}
