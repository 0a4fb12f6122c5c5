/** What a server that is believed should answer, by its role: the first part of its URL. */
import type { Random } from "#base/random";
import { issuerUrl, publishedKeys } from "./issuer.ts";
import { chance, pick } from "../requests/choices.ts";
import { ODD_VALUES, jsonOf } from "../requests/odd-values.ts";
import { POINTERS } from "../requests/pointers.ts";

export interface Asked {
  readonly url: string;
  readonly host: string;
  readonly review: {
    readonly request?: {
      readonly uid?: string;
      readonly desiredAPIVersion?: string;
      readonly objects?: readonly object[];
    };
    readonly spec?: { readonly token?: string; readonly audiences?: readonly string[] };
  };
  readonly random: Random;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Some take what is written apart. */
function operations(random: Random): unknown[] {
  const few = [{ op: "add", path: "/metadata/annotations/seen", value: "yes" }];
  if (chance(random, 0.4)) return few;
  return Array.from({ length: 1 + random.below(4) }, () => ({
    op: pick(random, ["add", "remove", "replace", "move", "copy", "test"]),
    path: pick(random, [...POINTERS, "/metadata/annotations", "/apiVersion", "/metadata/namespace"]),
    from: pick(random, POINTERS),
    value: pick(random, ODD_VALUES)(),
  }));
}

const STATUSES: readonly object[] = [
  { code: 0 },
  { code: 200, status: "Success" },
  { code: 99 },
  { code: 418, message: "x".repeat(100_000) },
  { code: 500, message: "meant" },
  { code: 999_999_999 },
  { code: -1, reason: "\u0000" },
  { message: "a\nb\r\nc: d\u0000\ud800" },
  { details: { retryAfterSeconds: -5, causes: [{}, { field: "x" }] } },
  { details: { retryAfterSeconds: 2_000_000_000 }, code: 429 },
  { reason: "__proto__" },
];

function admitted({ url, review, random }: Asked): object {
  const uid = review.request?.uid;
  const patch = url.startsWith("/admit") && chance(random, 0.8);
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed: chance(random, 0.8),
      ...(patch ? { patchType: "JSONPatch", patch: base64(jsonOf(operations(random), random)) } : {}),
      ...(chance(random, 0.3) ? { status: pick(random, STATUSES) } : {}),
      ...(chance(random, 0.3)
        ? { warnings: pick(random, [["w"], ["w\r\nx: y"], ["\u00fc\u0000"], Array(3000).fill("w"), [""]]) }
        : {}),
      ...(chance(random, 0.3)
        ? {
            auditAnnotations: pick<object>(random, [{ a: "b" }, { "": "" }, { "a/b/c": "x".repeat(50_000) }]),
          }
        : {}),
    },
  };
}

/** Fields that a conversion may not touch, and some that it may. */
const TOUCHES: readonly object[] = [
  {},
  {},
  { spec: null },
  { spec: { size: "x" } },
  { metadata: null },
  { metadata: { name: "other" } },
  { kind: "Other" },
  { apiVersion: "x/y/z" },
];

function converted({ review: { request = {} }, random }: Asked): object {
  const { uid, desiredAPIVersion, objects = [] } = request;
  const labels = pick<unknown>(random, [{}, { a: "b" }, null, { a: 1 }, { "a/b/c": "d" }, "x", []]);
  const convertedObjects = objects.map((object) => {
    const one = { ...object, apiVersion: desiredAPIVersion };
    if (chance(random, 0.7)) return one;
    const { metadata } = one as { metadata?: object };
    return { ...one, metadata: { ...metadata, labels, annotations: labels }, ...pick(random, TOUCHES) };
  });
  if (chance(random, 0.05)) convertedObjects.pop();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    response: {
      uid,
      convertedObjects,
      result: pick<object>(random, [
        { status: "Success" },
        { status: "Success" },
        { status: "Success" },
        { status: "Failure", message: "meant" },
        { status: "Failure", code: 200 },
      ]),
    },
  };
}

const tokenKnown = ({ review }: Asked): object => ({
  ...review,
  status: !/n[0-9]+n/.test(review.spec?.token ?? "")
    ? {}
    : {
        authenticated: true,
        user: { username: "liars-user", uid: "1", groups: ["liars"], extra: { "example.com/a": ["b"] } },
        audiences: review.spec?.audiences,
      },
});

const allowed = ({ review, random }: Asked): object => ({
  ...review,
  status: pick<object>(random, [
    { allowed: true },
    { allowed: false, denied: true, reason: "\u00fc\r\nx: y" },
    { allowed: false, evaluationError: "e" },
    { allowed: true, denied: true },
  ]),
});

function issued({ url, host }: Asked): object {
  const number = Number(/\/([0-9]+)/.exec(url)?.[1] ?? 0);
  return url.includes("keys")
    ? publishedKeys()
    : { issuer: issuerUrl(number), jwks_uri: `https://${host}/issuer/${number}/keys` };
}

/** Discovery and OpenAPI of an extension server. */
function documented({ url }: Asked): object {
  const [, , group = "", version = ""] = url.split(/[/?]/);
  if (url.startsWith("/openapi/v2"))
    return {
      swagger: "2.0",
      info: { title: "x", version: "1" },
      paths: {
        [`/apis/${group}/`]: { get: { operationId: "x", responses: { "200": { description: "OK" } } } },
      },
      definitions: {
        "com.example.Thing": { type: "object", properties: { a: { $ref: "#/definitions/x" } } },
      },
    };
  if (url.startsWith("/openapi/v3"))
    return {
      openapi: "3.0.0",
      info: { title: "x" },
      paths: { "apis/x/v1": { serverRelativeURL: "/openapi/v3/apis/x/v1?hash=A" } },
    };
  const verbs = ["get", "list", "watch", "create"];
  const things = { name: "things", singularName: "thing", namespaced: true, kind: "Thing", verbs };
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/${version}`,
    resources: [things, { ...things, name: "things/status" }],
  };
}

export const HONEST: Readonly<Record<string, (asked: Asked) => object>> = {
  admit: admitted,
  validate: admitted,
  convert: converted,
  token: tokenKnown,
  access: allowed,
  issuer: issued,
  document: documented,
};
