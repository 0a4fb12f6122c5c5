/** What is proxied to pods and services that answer in all manners; the number is the manner. */
import type { Random } from "#base/random";
import { endsByItself } from "../peers/misbehaving.ts";
import { STREAMS } from "../names.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

const PLACES = [
  "pods/live:http/proxy",
  "pods/http:live:http/proxy",
  "pods/https:live:https/proxy",
  "pods/live:https/proxy",
  "services/live:http/proxy",
  "services/https:live:https/proxy",
  "services/http:live:https/proxy",
];

export function proxied(random: Random): Made {
  const number = random.below(10_000);
  const path = `/api/v1/namespaces/${STREAMS}/${pick(random, PLACES)}/n${number}n${pick(random, [
    "",
    "/a/../b",
    "//x",
    "/%2e%2e/%zz",
    "?a=b&a=c",
    "?follow=1",
    "/" + "x".repeat(3000),
  ])}`;
  const method = pick(random, ["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
  const withBody = method === "POST" || method === "PUT" || method === "PATCH";
  return {
    method,
    path,
    headers: pick<Record<string, string>>(random, [
      {},
      {},
      { te: "trailers", trailer: "x" },
      { "accept-encoding": "gzip, br" },
      { "x-forwarded-for": "1.2.3.4", via: "x", "proxy-connection": "keep-alive" },
      { expect: "100-continue" },
      { range: "bytes=0-1" },
      { cookie: "a=b", "keep-alive": "x" },
    ]),
    ...(withBody ? { body: new Uint8Array(random.below(100_000)) } : {}),
    // Where there will be no answer, nobody waits for it.
    abort: !endsByItself(number),
  };
}
