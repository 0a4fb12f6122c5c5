import { timingSafeEqual } from "node:crypto";
import { Secret } from "#api/core-v1/secret";
import type { Clock } from "#base/clock";
import { parseTime } from "#machinery/time";
import { unauthorized } from "#machinery/status";
import type { ReadCache } from "../contracts.ts";
import type { TokenAuthenticator, TokenHolder } from "./bearer-token.ts";
import { withAuthenticated } from "./users.ts";

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = "system:bootstrappers";
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const NAMESPACE = "kube-system";
const TYPE = "bootstrap.kubernetes.io/token";

/** Tokens of new nodes, `abcdef.0123456789abcdef`, kept as Secrets of kube-system. */
export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly #cache: ReadCache;
  readonly #clock: Clock;

  constructor(cache: ReadCache, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  async authenticateToken(token: string): Promise<TokenHolder | undefined> {
    const match = TOKEN.exec(token);
    if (!match) return undefined;
    const [, id = "", secret = ""] = match;
    const kept = this.#cache.get(Secret, NAMESPACE, `bootstrap-token-${id}`);
    if (!kept || kept.type !== TYPE || kept.metadata.deletionTimestamp) throw unauthorized();
    const value = (key: string) => decoded(kept.data?.[key]);
    const right =
      sameText(value("token-secret"), secret) &&
      value("token-id") === id &&
      value("usage-bootstrap-authentication") === "true" &&
      !this.#expired(value("expiration"));
    const groups = extraGroups(value("auth-extra-groups"));
    if (!right || !groups) throw unauthorized();
    return { user: withAuthenticated({ name: `system:bootstrap:${id}`, groups: [GROUP, ...groups] }) };
  }

  /** What cannot be read counts as expired. */
  #expired(expiration: string): boolean {
    if (expiration === "") return false;
    try {
      return parseTime(expiration) <= this.#clock.now();
    } catch {
      return true;
    }
  }
}

/** Undefined when one of them is not a group of bootstrappers. */
function extraGroups(text: string): readonly string[] | undefined {
  const groups = text.split(",").filter((group) => group !== "");
  return groups.every((group) => EXTRA_GROUP.test(group)) ? groups : undefined;
}

const decoded = (base64: string | undefined): string =>
  base64 === undefined ? "" : new TextDecoder().decode(Uint8Array.fromBase64(base64));

function sameText(left: string, right: string): boolean {
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(left), encoder.encode(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
