/** Objects in protobuf, and what is none. */
import type { Random } from "#base/random";
import { encodeProtobuf } from "#machinery/derive/protobuf";
import { wrapEnvelope } from "#machinery/protobuf-envelope";
import type { Resource } from "#machinery/schema";

export function protobufOf(kind: Resource, object: object): Uint8Array {
  try {
    return wrapEnvelope(kind, encodeProtobuf(kind.schema, object));
  } catch {
    // A mutation that protobuf cannot say.
    return new TextEncoder().encode("k8s\u0000nonsense");
  }
}

/** Cut, or with bits flipped, or as it was. */
export function broken(bytes: Uint8Array, random: Random): Uint8Array {
  const how = random.next();
  if (how < 0.3) return bytes;
  if (how < 0.5) return bytes.slice(0, random.below(bytes.length));
  const made = bytes.slice();
  for (let flips = 1 + random.below(5); flips > 0; flips--)
    made[random.below(made.length)]! ^= 1 << random.below(8);
  return made;
}
