import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type Clock, systemClock } from "#base/clock";
import {
  CertificateAuthority,
  type CertificateRequestFacts,
  type KeyPair,
} from "#cluster/certificates/authority";
import { formatKubeconfig } from "#cluster/certificates/kubeconfig";
import { adminClient, apiServerServing, kubeletServing } from "#cluster/certificates/profiles";

const DAY_MS = 24 * 3600 * 1000;

/**
 * The keys of a cluster that lives as long as its process: nothing is written. TLS checks certificates by the
 * machine's clock and the cluster by its own, so they are valid by both.
 */
export class Credentials {
  readonly serviceAccountKey: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  readonly #authority: CertificateAuthority;
  readonly #fromMs: number;
  readonly #lifetimeMs: number;

  constructor(clock: Clock) {
    const times = [clock.now(), systemClock.now()];
    this.#fromMs = Math.min(...times);
    this.#lifetimeMs = Math.max(...times) - this.#fromMs + DAY_MS;
    this.#authority = new CertificateAuthority(
      CertificateAuthority.create({ commonName: "kubernetes" }, this.#fromMs),
    );
  }

  /** PEM. */
  get authority(): string {
    return this.#authority.certificate;
  }

  serving(addresses: readonly string[]): KeyPair {
    const { facts } = apiServerServing({ dns: [], addresses, serviceAddresses: [] });
    return this.#issue(facts);
  }

  /** What a kubelet shows. */
  kubelet(node: string, addresses: readonly string[]): KeyPair {
    return this.#issue(kubeletServing(node, { dns: [], addresses }).facts);
  }

  kubeconfig(server: string): string {
    return formatKubeconfig({
      cluster: "test",
      server,
      authority: this.authority,
      user: "kubernetes-admin",
      credentials: this.#issue(adminClient.facts),
    });
  }

  #issue(facts: CertificateRequestFacts): KeyPair {
    return this.#authority.issue({ ...facts, lifetimeMs: this.#lifetimeMs }, this.#fromMs);
  }
}
