import assert from "node:assert/strict";
import { test } from "node:test";
import { resources } from "#api/registry";
import { seededRandom } from "#base/random";
import { parseJson, stringifyJson } from "../json.ts";
import { applyDefaults, applyDeclaredDefaults } from "./defaults.ts";
import { fuzzObject } from "./fuzz.ts";
import { decodeJson } from "./json.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf.ts";
import { validateStruct } from "./validate.ts";

const SEEDS = 20;

for (const of of resources) {
  test(`${of.apiVersion} ${of.kind}: what holds for any object`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = seededRandom(seed);
      const sent = fuzzObject(of, random, seed / SEEDS);
      const told: string[] = [];
      const object = decodeJson<object>(of, sent, (path) => told.push(path));
      assert.deepEqual(told, [], "no field is unknown");
      assert.equal(decodeJson(of, object), object, "canonical once is canonical for ever");
      const again = decodeJson<object>(of, parseJson(stringifyJson(object)));
      assert.equal(stringifyJson(again), stringifyJson(object), "text and back");

      const decoded = decodeProtobuf<object>(of, encodeProtobuf(of, object));
      assert.equal(stringifyJson(decoded), stringifyJson(object), "protobuf and back");

      const filled = applyDeclaredDefaults(of.schema, object);
      assert.equal(applyDeclaredDefaults(of.schema, filled), filled, "declared defaults are idempotent");
      assert.equal(
        stringifyJson(decodeJson(of, filled)),
        stringifyJson(filled),
        "declared defaults keep it canonical",
      );
      validateStruct(of.schema, filled);
    }
  });

  test(`${of.apiVersion} ${of.kind}: defaults of an empty object are idempotent`, () => {
    const object = decodeJson<object>(of, {});
    const filled = applyDefaults(of, object);
    assert.deepEqual(applyDefaults(of, filled), filled);
  });
}
