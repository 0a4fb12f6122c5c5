import { named, type Problems } from "#api/checks";
import { required, tooLong } from "#machinery/schema";

const NAME_BYTES_MAX = 63;

/** The name by which a CSI driver is known: a domain name, in upper or lower case. */
export function* driverName(path: string, name: string): Problems {
  if (name === "") return yield required(path);
  if (name.length > NAME_BYTES_MAX) yield tooLong(path, NAME_BYTES_MAX);
  yield* named(path, name, "dns-subdomain-caseless");
}
