import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "./arguments.ts";
import { type Options, UsageError } from "./verb.ts";

const options: Options = {
  namespace: { type: "string", short: "n", help: "" },
  filename: { type: "string", short: "f", multiple: true, help: "" },
  stdin: { type: "boolean", short: "i", help: "" },
  tty: { type: "boolean", short: "t", help: "" },
  wait: { type: "boolean", help: "" },
  "dry-run": { type: "string", bare: "unchanged", help: "" },
};

interface Read {
  readonly positionals?: readonly string[];
  readonly rest?: readonly string[];
  readonly namespace?: string;
  readonly files?: readonly string[];
  readonly flags?: string;
  readonly dryRun?: string;
}

const TABLE: readonly (readonly [words: string, read: Read])[] = [
  ["", {}],
  ["get pods", { positionals: ["get", "pods"] }],
  ["-n a pods", { namespace: "a", positionals: ["pods"] }],
  ["-na", { namespace: "a" }],
  ["-n=a", { namespace: "a" }],
  ["--namespace a", { namespace: "a" }],
  ["--namespace=a=b", { namespace: "a=b" }],
  ["-n a -n b", { namespace: "b" }],
  ["-f a -f b --filename=c", { files: ["a", "b", "c"] }],
  ["-f -", { files: ["-"] }],
  ["- x", { positionals: ["-", "x"] }],
  ["-it pod", { flags: "it", positionals: ["pod"] }],
  ["-itn a", { flags: "it", namespace: "a" }],
  ["--stdin=false --tty=true", { flags: "t" }],
  ["pod -- ls -n x", { positionals: ["pod"], rest: ["ls", "-n", "x"] }],
  ["pod --", { positionals: ["pod"], rest: [] }],
  ["--dry-run x", { dryRun: "unchanged", positionals: ["x"] }],
  ["--dry-run=client", { dryRun: "client" }],
];

for (const [words, { positionals = [], rest, namespace, files = [], flags = "", dryRun }] of TABLE)
  test(`reads: ${words}`, () => {
    const args = parseArguments(
      options,
      words.split(" ").filter((word) => word !== ""),
    );
    assert.deepEqual(args.positionals, positionals);
    assert.deepEqual(args.rest, rest);
    assert.equal(args.text("namespace"), namespace);
    assert.deepEqual(args.list("filename"), files);
    assert.equal(`${args.flag("stdin") ? "i" : ""}${args.flag("tty") ? "t" : ""}`, flags);
    assert.equal(args.text("dry-run"), dryRun);
  });

test("a flag that is not given is as its verb wants it", () => {
  assert.equal(parseArguments(options, []).flag("wait", true), true);
  assert.equal(parseArguments(options, ["--wait=false"]).flag("wait", true), false);
});

const WRONG: readonly (readonly [words: string, message: RegExp])[] = [
  ["--nope", /unknown flag: --nope/],
  ["--__proto__", /unknown flag/],
  ["-x", /unknown shorthand flag: "x" in -x/],
  ["-n", /flag needs an argument: -n/],
  ["--wait=maybe", /it is true or false/],
];
for (const [words, message] of WRONG)
  test(`refuses: ${words}`, () => {
    assert.throws(
      () => parseArguments(options, words.split(" ")),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
