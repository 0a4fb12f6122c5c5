/** Runs the conformance tests of the files that `K8TS_TEST_FILES` names, in one process and against one cluster. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FILES_VARIABLE } from "#cli/test/plan";
import { defineTests } from "./suite.ts";

await defineTests(async () => {
  for (const file of JSON.parse(process.env[FILES_VARIABLE] ?? "[]") as readonly string[])
    await import(pathToFileURL(resolve(file)).href);
});
