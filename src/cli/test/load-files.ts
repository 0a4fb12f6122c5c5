/**
 * Loads the test files of one task before the runner does: in a shared process the runner passes over files that are
 * missing or fail to load, and here each of those is a failed test.
 */
import { resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { FILES_VARIABLE } from "./plan.ts";

for (const file of JSON.parse(process.env[FILES_VARIABLE] ?? "[]") as readonly string[]) {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    test(`${file} loads`, () => {
      throw error;
    });
  }
}
