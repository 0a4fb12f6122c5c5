import { X509Certificate } from "node:crypto";
import type { Clock } from "#base/clock";
import { unauthorized } from "#machinery/status";
import type { Authenticator, Credentials, User } from "../contracts.ts";
import { BoundedMap } from "./bounded-map.ts";
import { CREDENTIAL_ID, withAuthenticated } from "./users.ts";

/** Certificates remembered, so that a client that reconnects costs no second look. */
const CERTIFICATES_MAX = 4096;

/** What a certificate that clients show is for. */
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

interface Seen {
  readonly user: User;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Client certificates of the cluster's authority: the common name is the user, organizations are the groups. TLS has
 * proved that the client holds the key.
 */
export class ClientCertificateAuthenticator implements Authenticator {
  readonly #authorities: readonly X509Certificate[];
  readonly #clock: Clock;
  // TLS gives the same bytes object for a whole connection.
  readonly #byConnection = new WeakMap<Uint8Array, Seen>();
  readonly #byDigest = new BoundedMap<string, Seen>(CERTIFICATES_MAX);

  /** `authorities`: PEM of those whose client certificates count. */
  constructor(authorities: readonly string[], clock: Clock) {
    this.#authorities = authorities.map((pem) => new X509Certificate(pem));
    this.#clock = clock;
  }

  authenticate({ clientCertificate }: Credentials): User | undefined {
    if (!clientCertificate) return undefined;
    let seen = this.#byConnection.get(clientCertificate);
    if (!seen) {
      seen = this.#look(clientCertificate);
      this.#byConnection.set(clientCertificate, seen);
    }
    const nowMs = this.#clock.now();
    // A connection can outlive the certificate it was opened with.
    if (nowMs < seen.notBeforeMs || nowMs > seen.notAfterMs) throw unauthorized();
    return seen.user;
  }

  #look(der: Uint8Array): Seen {
    const certificate = new X509Certificate(der);
    const known = this.#byDigest.get(certificate.fingerprint256);
    if (known) return known;
    const issuer = this.#authorities.find(
      (authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
    if (!issuer || certificate.keyUsage?.includes(CLIENT_AUTH) !== true) throw unauthorized();
    const name = subjectValues(certificate, "CN")[0];
    if (!name) throw unauthorized();
    const seen: Seen = {
      user: withAuthenticated({
        name,
        groups: subjectValues(certificate, "O"),
        extra: { [CREDENTIAL_ID]: [`X509SHA256=${digest(certificate)}`] },
      }),
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    };
    this.#byDigest.set(certificate.fingerprint256, seen);
    return seen;
  }
}

const digest = ({ fingerprint256 }: X509Certificate): string =>
  fingerprint256.replaceAll(":", "").toLowerCase();

/** All values of one attribute of the subject, such as `CN`. */
export function subjectValues(certificate: X509Certificate, attribute: string): readonly string[] {
  // Node's types know only text here; a repeated attribute is a list.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[]>;
  const found = Object.hasOwn(subject, attribute) ? subject[attribute] : undefined;
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}
