import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tidy } from "./tidy.ts";

test("the tree is tidy", () => {
  const { files, complaints } = tidy(fileURLToPath(new URL("..", import.meta.url)));
  assert.ok(files > 20, "the checker looked at the tree");
  assert.deepEqual(complaints, []);
});

const untidy: Record<string, { files: Record<string, string>; complaint: RegExp }> = {
  "an import upwards": {
    files: {
      "src/base/a.ts": 'import "#api/b";',
      "src/api/b.ts": "",
      "src/cli/main.ts": 'import "#base/a";',
    },
    complaint: /base may not import api/,
  },
  "an import of nothing": {
    files: { "src/cli/main.ts": 'import "./gone.ts";' },
    complaint: /does not exist/,
  },
  "a cycle": {
    files: { "src/cli/main.ts": 'import "./b.ts";', "src/cli/b.ts": 'import { x } from "./main.ts";' },
    complaint: /imports itself: src\/cli\/b.ts -> src\/cli\/main.ts -> src\/cli\/b.ts/,
  },
  "ambient time": {
    files: { "src/cli/main.ts": "export const t = Date.now();" },
    complaint: /Date.now is ambient/,
  },
  "a node module in a browser room": {
    files: { "src/cli/main.ts": 'import "#base/a";', "src/base/a.ts": 'import "node:fs";' },
    complaint: /belongs below base\/node/,
  },
  "a package for Node in a browser room": {
    files: { "src/cli/main.ts": 'import "#base/a";', "src/base/a.ts": 'import "ws";' },
    complaint: /ws belongs below base\/node/,
  },
  "a dead file": { files: { "src/base/a.ts": "" }, complaint: /nothing imports this file/ },
  "a dead link": { files: { "README.md": "[map](docs/map.md)" }, complaint: /docs\/map.md does not exist/ },
  "an unknown room": {
    files: { "src/attic/a.ts": "", "src/cli/main.ts": 'import "#attic/a";' },
    complaint: /does not know the room attic/,
  },
};

for (const [what, { files, complaint }] of Object.entries(untidy)) {
  test(`tidy finds ${what}`, () => {
    const root = mkdtempSync(join(tmpdir(), "tidy-"));
    try {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      assert.match(tidy(root).complaints.join("\n"), complaint);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
}
