import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { dispatch, nearest } from "./dispatch.ts";
import type { Io } from "./io.ts";
import { UsageError, type Verb, type VerbTable } from "./verb.ts";
import { verbs } from "./verbs.ts";

function recorder() {
  const said = { out: "" };
  const io: Io = {
    write: (text) => void (said.out += text),
    tell: () => undefined,
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: {},
    clock: new VirtualClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
  };
  return { said, io };
}

const echo: Verb = {
  usage: "x echo [WORD]",
  summary: "Says it again.",
  options: { loud: { type: "boolean", short: "l", help: "louder" } },
  async run(args, io) {
    io.write([args.text("place") ?? "-", args.flag("loud") ? "loud" : "low", ...args.positionals].join(" "));
    return 7;
  },
};
const table: VerbTable = {
  name: "x",
  summary: "A program.",
  shared: { place: { type: "string", short: "p", value: "PLACE", help: "where" } },
  verbs: {
    echo: { summary: "say it again", load: async () => echo },
    hidden: { summary: "never shown", hidden: true, load: async () => echo },
    inner: {
      summary: "more",
      load: async () => ({
        name: "x inner",
        summary: "Inner.",
        verbs: { echo: { summary: "", load: async () => echo } },
      }),
    },
  },
};

const RUNS: readonly (readonly [words: string, said: string])[] = [
  ["echo a b", "- low a b"],
  ["-p here echo a", "here low a"],
  ["--place=here echo -l", "here loud"],
  ["echo a -p there", "there low a"],
  ["inner echo -l x", "- loud x"],
  ["-p here inner echo", "here low"],
];
for (const [words, expected] of RUNS)
  test(`runs: ${words}`, async () => {
    const { said, io } = recorder();
    assert.equal(await dispatch(table, words.split(" "), io), 7);
    assert.equal(said.out, expected);
  });

for (const words of ["", "--help", "help", "-h"])
  test(`"${words}" lists the commands`, async () => {
    const { said, io } = recorder();
    assert.equal(await dispatch(table, words.split(" ").filter(Boolean), io), 0);
    assert.match(said.out, /usage: x COMMAND/);
    assert.doesNotMatch(said.out, /hidden/);
  });

for (const words of ["help echo", "echo --help", "echo a -h", "inner help echo"])
  test(`"${words}" explains the verb`, async () => {
    const { said, io } = recorder();
    assert.equal(await dispatch(table, words.split(" "), io), 0);
    assert.match(said.out, /^usage: x echo \[WORD\]\n\nSays it again.\n\noptions:\n {2}-l, --loud/);
    assert.match(said.out, /-p, --place PLACE/);
  });

test("help after -- is for the command that follows", async () => {
  const { said, io } = recorder();
  assert.equal(await dispatch(table, ["echo", "--", "--help"], io), 7);
  assert.equal(said.out, "- low");
});

test("an unknown command is refused, with the nearest one", async () => {
  const { io } = recorder();
  await assert.rejects(dispatch(table, ["ehco"], io), (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /unknown command "ehco" for "x"\nDid you mean this\?\n\techo\n/);
    return true;
  });
  await assert.rejects(dispatch(table, ["constructor"], io), /unknown command "constructor"/);
});

test("nearest", () => {
  const candidates = ["get", "delete", "describe", "status"];
  assert.equal(nearest("gte", candidates), "get");
  assert.equal(nearest("stat", candidates), "status");
  assert.equal(nearest("descibe", candidates), "describe");
  assert.equal(nearest("banana", candidates), undefined);
});

test("every verb of the program loads and explains itself", async () => {
  const visit = async (of: VerbTable): Promise<void> => {
    for (const [name, entry] of Object.entries(of.verbs)) {
      const found = await entry.load();
      if ("verbs" in found) await visit(found);
      else assert.ok(found.usage.startsWith(`${of.name} ${name}`), found.usage);
    }
  };
  await visit(verbs);
});
