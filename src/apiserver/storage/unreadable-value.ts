import { asError } from "#base/attempt";
import { isEnvelope } from "#machinery/protobuf-envelope";
import { StatusError, internalError } from "#machinery/status";
import type { Entry } from "#store/store";
import { Item } from "./item.ts";
import { fromUpstream, inOurOrder } from "./upstream-value.ts";

/** Bytes in the store that are no object to this server: of a key that it does not have, or damaged. 500 to clients. */
export class UnreadableValue extends StatusError {
  readonly key: string;

  constructor(key: string, why: string, options?: ErrorOptions) {
    super(internalError(`unable to transform key ${JSON.stringify(key)}: ${why}`).status, options);
    this.key = key;
  }
}

const OPEN_BRACE = 0x7b;
/** As upstream's server begins the JSON of custom kinds; ours begins with the kind. */
const OTHER_ORDER = Buffer.from('{"apiVersion":');

/** How encrypted values begin, whatever with. */
export const ENCRYPTED = Buffer.from("k8s:enc:");

const startsWith = (value: Uint8Array, head: Buffer): boolean =>
  value[0] === head[0] && head.equals(value.subarray(0, head.length));

export const isEncrypted = (value: Uint8Array): boolean => startsWith(value, ENCRYPTED);

/** The object in an entry. Throws UnreadableValue where there is none. */
export function itemOf(entry: Entry): Item {
  const { key, modRevision, value } = entry;
  if (startsWith(value, OTHER_ORDER)) return new Item(key, modRevision, translated(key, value, inOurOrder));
  if (value[0] === OPEN_BRACE) return new Item(key, modRevision, value);
  if (isEnvelope(value)) return new Item(key, modRevision, translated(key, value, fromUpstream));
  throw new UnreadableValue(
    key,
    isEncrypted(value)
      ? "identity transformer tried to read encrypted data"
      : "the stored bytes are no JSON object",
  );
}

function translated(key: string, value: Uint8Array, form: (value: Uint8Array) => Buffer): Buffer {
  try {
    return form(value);
  } catch (cause) {
    throw new UnreadableValue(key, `the stored bytes make no sense: ${asError(cause).message}`, { cause });
  }
}
