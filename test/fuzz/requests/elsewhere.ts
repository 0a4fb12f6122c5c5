/** What goes on to other servers: extension servers and kubelets. */
import type { Random } from "#base/random";
import { endsByItself } from "../peers/misbehaving.ts";
import { EXTENSION } from "../names.ts";
import { pick } from "./choices.ts";
import type { Made } from "./request.ts";

/** What another server is asked for through this one; the number is the manner in which it answers. */
export function elsewhere(random: Random): Made {
  const number = random.below(10_000);
  const root = `/apis/${EXTENSION}/v1/namespaces/fuzz/things`;
  const path = pick(random, [
    `${root}/${number}`,
    `${root}?watch=1&resourceVersion=${number}`,
    `${root}?n=${number}`,
    `${root}/a b/${number}`,
    `${root}/\u00fc/${number}`,
    `${root}/%zz/${number}`,
    `/apis/${EXTENSION}/v1/../../../${number}`,
    `/api/v1/nodes/broken/proxy/${number}`,
    `/api/v1/nodes/broken/proxy/a b/${number}`,
    `/api/v1/nodes/broken/proxy/\u00fc/${number}`,
    `/api/v1/namespaces/streams/pods/pod/log?tailLines=${number}`,
    `/api/v1/namespaces/streams/pods/pod/log?follow=1&tailLines=${number}`,
  ]);
  const method = path.includes("/log")
    ? "GET"
    : pick(random, ["GET", "GET", "POST", "PUT", "DELETE", "HEAD", "G T", "PURGE"]);
  const headers = pick<Record<string, string>>(random, [
    {},
    {},
    { te: "trailers" },
    { expect: "100-continue" },
    { "x-odd": "\u00e9\u00ff" },
    { accept: "\u00fc" },
    { cookie: "a=b", "proxy-authorization": "x", forwarded: "for=x" },
    { "x-forwarded-for": "1.2.3.4", "x-forwarded-uri": "/x" },
  ]);
  const withBody = method === "POST" || method === "PUT" || random.next() < 0.1;
  // Where there will be no answer, nobody waits for it.
  return {
    method,
    path,
    headers,
    abort: !endsByItself(number),
    ...(withBody ? { body: new Uint8Array(random.below(200_000)) } : {}),
  };
}
