/** Semantic versions. */
import { Library } from "../function-table.ts";
import { fixed, readsText } from "../pricing.ts";
import { CelError, Opaque } from "../values.ts";

class Semver extends Opaque {
  readonly typeName = "kubernetes.Semver";
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly (bigint | string)[];
  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly (bigint | string)[]) {
    super();
    this.numbers = numbers;
    this.pre = pre;
  }
  equals(other: Opaque): boolean {
    return other instanceof Semver && compareVersions(this, other) === 0n;
  }
}

const NUMBER = "(0|[1-9]\\d{0,19})";
const WORDS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
const SHAPE = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${WORDS}))?(?:\\+${WORDS})?$`);

/** The version, or what is wrong. */
function parseSemver(text: string): Semver | CelError {
  const match = text.length > 1000 ? null : SHAPE.exec(text);
  if (!match) return new CelError(problemOf(text));
  const pre = match[4] === undefined ? [] : match[4].split(".");
  const leading = pre.find((part) => /^0\d+$/.test(part));
  if (leading !== undefined)
    return new CelError(
      `Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(leading)}`,
    );
  return new Semver(
    [BigInt(match[1]!), BigInt(match[2]!), BigInt(match[3]!)],
    pre.map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)),
  );
}

function problemOf(text: string): string {
  if (text === "") return "Version string empty";
  const parts = text.split(".");
  if (parts.length < 3) return "No Major.Minor.Patch elements found";
  for (const [index, name] of ["major", "minor", "patch"].entries()) {
    const part = index === 2 ? parts.slice(2).join(".").split(/[-+]/, 1)[0]! : parts[index]!;
    const shown = JSON.stringify(part);
    const title = name[0]!.toUpperCase() + name.slice(1);
    if (!/^\d+$/.test(part)) return `Invalid character(s) found in ${name} number ${shown}`;
    if (/^0\d/.test(part)) return `${title} number must not contain leading zeroes ${shown}`;
  }
  return `Invalid character(s) found in prerelease or build of ${JSON.stringify(text)}`;
}

/** Takes away a `v` and leading zeros, and adds missing numbers. */
function parseLoose(text: string): Semver | CelError {
  const parts = text.replace(/^v/, "").split(".");
  const head = parts.length > 3 ? [...parts.slice(0, 2), parts.slice(2).join(".")] : parts;
  const plain = head.map((part) => part.replace(/^0+(?=\d)/, ""));
  if (plain.length < 3 && /[+-]/.test(plain.at(-1)!))
    return new CelError("short version cannot contain PreRelease/Build meta data");
  while (plain.length < 3) plain.push("0");
  return parseSemver(plain.join("."));
}

const read = (text: string, loose = false): Semver | CelError =>
  loose ? parseLoose(text) : parseSemver(text);

function compareVersions(a: Semver, b: Semver): bigint {
  for (let index = 0; index < 3; index += 1) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index]! < b.numbers[index]! ? -1n : 1n;
  }
  if (a.pre.length === 0 || b.pre.length === 0)
    return BigInt(Math.sign(Number(a.pre.length === 0) - Number(b.pre.length === 0)));
  const shared = Math.min(a.pre.length, b.pre.length);
  for (let index = 0; index < shared; index += 1) {
    const order = comparePre(a.pre[index]!, b.pre[index]!);
    if (order !== 0n) return order;
  }
  return BigInt(Math.sign(a.pre.length - b.pre.length));
}

/** Numbers come before words. */
function comparePre(a: bigint | string, b: bigint | string): bigint {
  if (a === b) return 0n;
  if (typeof a !== typeof b) return typeof a === "bigint" ? -1n : 1n;
  return a < b ? -1n : 1n;
}

const TYPE = "kubernetes.Semver";
const NOMINAL = fixed(1);

export const semver = new Library()
  .add(`semver(string) -> ${TYPE}`, (text: string) => read(text), readsText())
  .add(`semver(string, bool) -> ${TYPE}`, read, readsText())
  .add("isSemver(string) -> bool", (text: string) => read(text) instanceof Semver, readsText())
  .add(
    "isSemver(string, bool) -> bool",
    (text: string, loose: boolean) => read(text, loose) instanceof Semver,
    readsText(),
  )
  .add(`${TYPE}.major() -> int`, ({ numbers }: Semver) => numbers[0], NOMINAL)
  .add(`${TYPE}.minor() -> int`, ({ numbers }: Semver) => numbers[1], NOMINAL)
  .add(`${TYPE}.patch() -> int`, ({ numbers }: Semver) => numbers[2], NOMINAL)
  .add(
    `${TYPE}.isGreaterThan(${TYPE}) -> bool`,
    (a: Semver, b: Semver) => compareVersions(a, b) > 0n,
    NOMINAL,
  )
  .add(`${TYPE}.isLessThan(${TYPE}) -> bool`, (a: Semver, b: Semver) => compareVersions(a, b) < 0n, NOMINAL)
  .add(`${TYPE}.compareTo(${TYPE}) -> int`, compareVersions, NOMINAL);
