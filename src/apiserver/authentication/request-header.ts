/** A proxy in front of this server says who asks, in headers; its certificate says that it may. */
import { X509Certificate } from "node:crypto";
import type { Clock } from "#base/clock";
import { unauthorized } from "#machinery/status";
import type { Authenticator, Credentials, User } from "../contracts.ts";
import { headerText } from "../http/header-text.ts";
import { CLIENT_AUTH, subjectValues } from "./client-certificate.ts";
import { withAuthenticated } from "./users.ts";

export interface RequestHeaderOptions {
  /** PEM of the authorities whose client certificates may speak for users. */
  readonly clientAuthorities: readonly string[];
  /** Common names that may; none given: all that the authorities have signed. */
  readonly allowedNames?: readonly string[];
  /** The first that has a value counts. */
  readonly usernameHeaders?: readonly string[];
  readonly uidHeaders?: readonly string[];
  readonly groupHeaders?: readonly string[];
  readonly extraPrefixes?: readonly string[];
}

/** What the options are without being set. */
export const requestHeaderDefaults = {
  allowedNames: [],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraPrefixes: ["X-Remote-Extra-"],
} as const satisfies Partial<RequestHeaderOptions>;

/** Its own, and any. */
const CLIENT_USES = [CLIENT_AUTH, "2.5.29.37.0"];

interface Vouching {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

export class RequestHeaderAuthenticator implements Authenticator {
  readonly #authorities: readonly X509Certificate[];
  readonly #allowedNames: readonly string[];
  readonly #usernames: readonly string[];
  readonly #uids: readonly string[];
  readonly #groups: readonly string[];
  readonly #extras: readonly string[];
  readonly #clock: Clock;
  /** TLS gives the same bytes object for a whole connection. `undefined`: this one may not speak for others. */
  readonly #byConnection = new WeakMap<Uint8Array, Vouching | undefined>();

  constructor(options: RequestHeaderOptions, clock: Clock) {
    const { clientAuthorities, allowedNames, usernameHeaders, uidHeaders, groupHeaders, extraPrefixes } = {
      ...requestHeaderDefaults,
      ...options,
    };
    this.#authorities = clientAuthorities.map((pem) => new X509Certificate(pem));
    this.#allowedNames = allowedNames;
    this.#usernames = lower(usernameHeaders);
    this.#uids = lower(uidHeaders);
    this.#groups = lower(groupHeaders);
    this.#extras = lower(extraPrefixes);
    this.#clock = clock;
  }

  authenticate(credentials: Credentials): User | undefined {
    const { clientCertificate } = credentials;
    if (!clientCertificate) return undefined;
    if (!this.#byConnection.has(clientCertificate))
      this.#byConnection.set(clientCertificate, this.#look(clientCertificate));
    const vouching = this.#byConnection.get(clientCertificate);
    if (!vouching) return undefined;
    const nowMs = this.#clock.now();
    if (nowMs < vouching.notBeforeMs || nowMs > vouching.notAfterMs) throw unauthorized();
    return this.#userOf(credentials);
  }

  #look(der: Uint8Array): Vouching | undefined {
    const certificate = new X509Certificate(der);
    const isSigned = this.#authorities.some(
      (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
    if (!isSigned) return undefined;
    // One that is meant for servers only is no client's.
    const uses = certificate.keyUsage;
    if (uses !== undefined && !CLIENT_USES.some((use) => uses.includes(use))) return undefined;
    const names = subjectValues(certificate, "CN");
    // Of an authority that is only asked for this, and yet not one of those that may.
    if (this.#allowedNames.length > 0 && !names.some((name) => this.#allowedNames.includes(name)))
      return undefined;
    return {
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    };
  }

  #userOf({ header, all }: Credentials): User | undefined {
    const first = (names: readonly string[]) => headerText(names.map(header).find((value) => value) ?? "");
    const name = first(this.#usernames);
    if (!name) return undefined;
    const uid = first(this.#uids);
    const groups = this.#groups.flatMap((one) => (all?.headerValues(one) ?? []).map(headerText));
    const extra = this.#extraOf(all);
    return withAuthenticated({
      name,
      groups,
      ...(uid ? { uid } : {}),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    });
  }

  #extraOf(all: Credentials["all"]): Record<string, readonly string[]> {
    const extra = new Map<string, readonly string[]>();
    for (const name of all?.headerNames() ?? []) {
      const prefix = this.#extras.find((one) => name.startsWith(one));
      if (prefix === undefined) continue;
      const key = unescaped(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...all!.headerValues(name).map(headerText)]);
    }
    return Object.fromEntries(extra);
  }
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
