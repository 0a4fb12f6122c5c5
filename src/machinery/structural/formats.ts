/** Named forms of text in schemas of custom kinds. Formats that are not here say nothing about the value. */
import type { JsonSchema } from "../schema.ts";
import { canonicalTime } from "../time.ts";
import { itemsOf, valuesOf } from "./place.ts";

const holds =
  (pattern: RegExp) =>
  (text: string): boolean =>
    text.length <= TEXT_MAX && pattern.test(text);

/** Longer texts have none of these forms. */
const TEXT_MAX = 4096;

const isDateTime = (text: string): boolean => {
  try {
    canonicalTime(text);
    return true;
  } catch {
    return false;
  }
};

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const isDate = (text: string): boolean => DATE.test(text) && isDateTime(`${text}T00:00:00Z`);

const OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const isIpv4 = (text: string): boolean => IPV4.test(text);
function isIpv6(text: string): boolean {
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !text.includes(":")) return false;
  return URL.canParse(`http://[${text}]`);
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIpv4(address) && Number(bits) <= 32) || (isIpv6(address) && Number(bits) <= 128);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DURATION =
  /^(?:\d+|(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|\d+\s?(?:ns|us|µs|ms|s|m|h|d|w|hours?|minutes?|seconds?|days?|weeks?|milliseconds?))$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuidOf = (version: number): RegExp =>
  new RegExp(
    `^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${version === 3 ? "[0-9a-f]" : "[89ab]"}[0-9a-f]{3}-?[0-9a-f]{12}$`,
    "i",
  );
const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const HOSTNAME =
  /^(?:[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?$/;
const DIGITS = (text: string): string => text.replace(/[ -]/g, "");

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: holds(/^[0-9a-f]{24}$/i),
  uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) || text.startsWith("/"),
  email: holds(/^[^\s@<>]+@[^\s@<>]+$/),
  hostname: (text) => text.length <= 255 && HOSTNAME.test(text),
  ipv4: isIpv4,
  ipv6: isIpv6,
  cidr: isCidr,
  mac: holds(
    /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:(?:[:-][0-9a-f]{2}){2})?$|^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2,3}$/i,
  ),
  uuid: holds(UUID),
  uuid3: holds(uuidOf(3)),
  uuid4: holds(uuidOf(4)),
  uuid5: holds(uuidOf(5)),
  isbn: (text) => /^(?:\d{9}[\dXx]|97[89]\d{10})$/.test(DIGITS(text)),
  isbn10: (text) => /^\d{9}[\dXx]$/.test(DIGITS(text)),
  isbn13: (text) => /^97[89]\d{10}$/.test(DIGITS(text)),
  creditcard: (text) => /^\d{12,19}$/.test(DIGITS(text)),
  ssn: holds(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: holds(/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i),
  rgbcolor: holds(/^rgb\(\s*\d{1,3}%?\s*(?:,\s*\d{1,3}%?\s*){2}\)$/),
  byte: (text) => BASE64.test(text),
  // Said for those who show it.
  password: () => true,
  date: isDate,
  datetime: isDateTime,
  duration: holds(DURATION),
  "k8s-short-name": (text) => new RegExp(`^${LABEL}$`).test(text),
  "k8s-long-name": (text) => text.length <= 253 && new RegExp(`^${LABEL}(?:\\.${LABEL})*$`).test(text),
};

/** `date-time` and `datetime` are the same name; those that start with k8s keep their dashes. */
const nameOf = (format: string): string => (format.startsWith("k8s-") ? format : format.replace(/-/g, ""));

export const isKnownFormat = (format: string): boolean => Object.hasOwn(FORMATS, nameOf(format));

/** Whether a text has the named form; undefined where nothing is known about the form. */
export const formatCheck = (format: string): ((text: string) => boolean) | undefined =>
  isKnownFormat(format) ? FORMATS[nameOf(format)] : undefined;

/** Forms of texts in a schema that say nothing to us, each once. */
export function unknownFormats(schema: JsonSchema): Set<string> {
  const found = new Set<string>();
  const visit = (one: JsonSchema): void => {
    if (one.type === "string" && one.format && !isKnownFormat(one.format)) found.add(one.format);
    const items = itemsOf(one);
    const values = valuesOf(one);
    for (const member of Object.values(one.properties ?? {})) visit(member);
    if (items) visit(items);
    if (values && values !== true) visit(values);
  };
  visit(schema);
  return found;
}
