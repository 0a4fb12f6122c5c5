import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { systemClock } from "#base/clock";
import { CertificateAuthority, type KeyPair } from "#cluster/certificates/authority";
import { formatKubeconfig } from "#cluster/certificates/kubeconfig";
import { adminClient, apiServerServing } from "#cluster/certificates/profiles";

/** The keys of a cluster that lives as long as its process: nothing is written. Clients check them by the machine's clock. */
export class Credentials {
  readonly serviceAccountKey: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  readonly #authority = new CertificateAuthority(
    CertificateAuthority.create({ commonName: "kubernetes" }, systemClock.now()),
  );

  /** PEM. */
  get authority(): string {
    return this.#authority.certificate;
  }

  serving(addresses: readonly string[]): KeyPair {
    const { facts } = apiServerServing({ dns: [], addresses, serviceAddresses: [] });
    return this.#authority.issue(facts, systemClock.now());
  }

  kubeconfig(server: string): string {
    return formatKubeconfig({
      cluster: "test",
      server,
      authority: this.authority,
      user: "kubernetes-admin",
      credentials: this.#authority.issue(adminClient.facts, systemClock.now()),
    });
  }
}
