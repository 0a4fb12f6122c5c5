/** Malformed and odd requests for every kind there is. */
import type { Random } from "#base/random";
import type { Resource } from "#machinery/schema";
import { VALID } from "../objects.ts";
import { chance, pick } from "./choices.ts";
import { bodyOf } from "./bodies.ts";
import { headersOf, upgradeHeaders } from "./headers.ts";
import { rawBytes } from "./http1.ts";
import { PATHS, pathOf } from "./paths.ts";
import { queryOf } from "./queries.ts";
import type { OddRequest, RawBytes } from "./request.ts";
import { smuggling } from "./smuggling.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

const ODD_METHODS = ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "MKCOL", "QUERY"];

export function oddRequest(random: Random, kinds: readonly Resource[]): OddRequest | RawBytes {
  if (chance(random, 0.05)) return chance(random, 0.3) ? smuggling(random) : rawBytes(random);
  const kind = chance(random, 0.4) ? kindOf(pick(random, VALID), kinds) : pick(random, kinds);
  const method = chance(random, 0.05) ? pick(random, ODD_METHODS) : pick(random, METHODS);
  const gate = kind.group === "admissionregistration.k8s.io";
  const path = chance(random, 0.1) ? pick(random, PATHS) : pathOf(random, kind, method);
  const query = queryOf(random, gate);
  const withBody = (method !== "GET" && method !== "HEAD") || chance(random, 0.02);
  const body = withBody ? bodyOf(random, kind, method) : undefined;
  const over = chance(random, 0.25) || method === "TRACE" ? "h1" : "h2";
  const upgrade = over === "h1" && chance(random, 0.15) ? upgradeHeaders(random) : {};
  return {
    over,
    method,
    path: `${path}${query === "" ? "" : `${path.includes("?") ? "&" : "?"}${query}`}`,
    headers: { ...headersOf(random, method, body?.type, gate), ...upgrade },
    body: body?.bytes,
    abort: chance(random, 0.02),
  };
}

const kindOf = (
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  kinds: readonly Resource[],
): Resource => kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind)!;
