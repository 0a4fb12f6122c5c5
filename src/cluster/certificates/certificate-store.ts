/**
 * The keys and certificates of a cluster as PEM files of one directory, readable by their owner only. Made once,
 * loaded from then on, and renewed in time while the process runs.
 */
import { type KeyObject, X509Certificate, createPublicKey } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assert, present } from "#base/assert";
import type { CancelTimer, Clock } from "#base/clock";
import { logger } from "#base/log";
import { type Random, systemRandom } from "#base/random";
import { addressBytes } from "./address.ts";
import { CertificateAuthority, type KeyPair, subjectField } from "./authority.ts";
import { keyFromPem, keyToPem, newKey } from "./certificate.ts";
import type { CertificateProfile } from "./profiles.ts";

export interface CertificateStoreOptions {
  readonly clock: Clock;
  readonly random?: Random;
}

/** A certificate is replaced when this share of its life has passed. */
const RENEW_AT = 0.7;
/** Where a renewal fails (a full disk, say), the next try. */
const RETRY_MS = 10 * 60 * 1000;

type RenewalListener = (pair: KeyPair) => void;

interface Held {
  readonly profile: CertificateProfile;
  pair: KeyPair;
  renewAtMs: number;
  readonly listeners: Set<RenewalListener>;
}

const log = logger("certificates");

export class CertificateStore {
  readonly cluster: CertificateAuthority;
  readonly frontProxy: CertificateAuthority;
  /** Signs service-account tokens (ES256). */
  readonly serviceAccountKey: KeyObject;
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  #cancelTimer: CancelTimer | undefined;
  #closed = false;
  #renewing: Promise<void> = Promise.resolve();

  private constructor(dir: string, clock: Clock, roots: Roots) {
    this.#dir = dir;
    this.#clock = clock;
    this.cluster = roots.cluster;
    this.frontProxy = roots.frontProxy;
    this.serviceAccountKey = roots.serviceAccountKey;
  }

  /** Loads the authorities and the signing key of this directory; makes those that are missing. */
  static async open(
    dir: string,
    { clock, random = systemRandom }: CertificateStoreOptions,
  ): Promise<CertificateStore> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const [cluster, frontProxy, serviceAccountKey] = await Promise.all([
      authority(dir, "ca", "kubernetes", clock, random),
      authority(dir, "front-proxy-ca", "front-proxy-ca", clock, random),
      signingKey(dir),
    ]);
    return new CertificateStore(dir, clock, { cluster, frontProxy, serviceAccountKey });
  }

  /**
   * The pair of this profile: the file's, when it still fits the profile and has time left, else a new one.
   * It is renewed until the store is closed.
   */
  async pair(profile: CertificateProfile): Promise<KeyPair> {
    const known = this.#held.get(profile.name);
    if (known && this.#fits(known.pair, profile)) return known.pair;
    const loaded = await this.#load(profile);
    const pair = loaded ?? (await this.#issue(profile));
    this.#hold(profile, pair, known?.listeners);
    return pair;
  }

  /** The pair of this profile as it is at the time of each call. */
  async current(profile: CertificateProfile): Promise<() => KeyPair> {
    await this.pair(profile);
    return () => present(this.#held.get(profile.name), `certificate ${profile.name}`).pair;
  }

  /** Calls with every pair that replaces the profile's present one, so that TLS contexts can follow. */
  onRenewed(name: string, listener: RenewalListener): () => void {
    const held = this.#held.get(name);
    assert(held, `no certificate ${name} has been asked for`);
    held.listeners.add(listener);
    return () => void held.listeners.delete(listener);
  }

  /** Ends renewal; a renewal that has begun is finished first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#renewing;
  }

  #authorityOf = (profile: CertificateProfile): CertificateAuthority =>
    profile.authority === "cluster" ? this.cluster : this.frontProxy;

  #hold(profile: CertificateProfile, pair: KeyPair, listeners = new Set<RenewalListener>()): void {
    this.#held.set(profile.name, { profile, pair, renewAtMs: renewalOf(pair), listeners });
    this.#schedule();
    for (const listener of listeners) listener(pair);
  }

  #schedule(): void {
    this.#cancelTimer?.();
    if (this.#closed || this.#held.size === 0) return;
    const nextMs = Math.min(...[...this.#held.values()].map((held) => held.renewAtMs));
    // Timers of the machine end after 24 days; an early call finds nothing due and sets the next one.
    this.#cancelTimer = this.#clock.after(nextMs - this.#clock.now(), () => {
      this.#renewing = this.#renewDue();
    });
  }

  async #renewDue(): Promise<void> {
    const nowMs = this.#clock.now();
    for (const held of this.#held.values()) {
      if (held.renewAtMs > nowMs) continue;
      // Far ahead while it runs, so that it is not started twice.
      held.renewAtMs = nowMs + RETRY_MS;
      try {
        // oxlint-disable-next-line no-await-in-loop -- once a year; order does not matter
        held.pair = await this.#issue(held.profile);
        held.renewAtMs = renewalOf(held.pair);
        log.info("certificate renewed", { name: held.profile.name });
        for (const listener of held.listeners) listener(held.pair);
      } catch (error) {
        log.error("a certificate could not be renewed", { name: held.profile.name, error });
      }
    }
    this.#schedule();
  }

  async #load(profile: CertificateProfile): Promise<KeyPair | undefined> {
    const pair = await readPair(this.#dir, profile.name);
    return pair && this.#fits(pair, profile) ? pair : undefined;
  }

  /** Is it ours, does it say what the profile says, and is it not yet time to renew it? */
  #fits(pair: KeyPair, profile: CertificateProfile): boolean {
    try {
      const certificate = new X509Certificate(pair.certificate);
      return (
        renewalOf(pair) > this.#clock.now() &&
        certificate.checkPrivateKey(keyFromPem(pair.key)) &&
        this.#authorityOf(profile).signed(certificate) &&
        saysTheSame(certificate, profile)
      );
    } catch {
      // A torn or foreign file: a new pair takes its place.
      return false;
    }
  }

  async #issue(profile: CertificateProfile): Promise<KeyPair> {
    const pair = this.#authorityOf(profile).issue(profile.facts, this.#clock.now());
    // Not synced to disk: what a power cut takes away is simply issued again.
    await writePair(this.#dir, profile.name, pair, { durable: false });
    return pair;
  }
}

interface Roots {
  readonly cluster: CertificateAuthority;
  readonly frontProxy: CertificateAuthority;
  readonly serviceAccountKey: KeyObject;
}

function renewalOf({ certificate }: KeyPair): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const fromMs = validFromDate.getTime();
  return fromMs + RENEW_AT * (validToDate.getTime() - fromMs);
}

function saysTheSame(certificate: X509Certificate, { facts }: CertificateProfile): boolean {
  const { subject, names } = facts;
  const wanted = [...(names?.dns ?? []), ...(names?.addresses ?? []).map(canonicalAddress)];
  return (
    subjectField(certificate, "CN")[0] === subject.commonName &&
    sameSet(subjectField(certificate, "O"), subject.organizations ?? []) &&
    sameSet(namesIn(certificate), wanted)
  );
}

/** The names of a certificate of ours, which hold neither commas nor quotes. */
const namesIn = ({ subjectAltName }: X509Certificate): string[] =>
  (subjectAltName ?? "")
    .split(", ")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const value = entry.slice(entry.indexOf(":") + 1);
      return entry.startsWith("IP Address:") ? canonicalAddress(value) : value;
    });

const canonicalAddress = (address: string): string => addressBytes(address).toHex();

const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((value) => right.includes(value));

async function authority(
  dir: string,
  name: string,
  commonName: string,
  clock: Clock,
  random: Random,
): Promise<CertificateAuthority> {
  let pair = await readPair(dir, name);
  if (!pair) {
    pair = CertificateAuthority.create({ commonName }, clock.now(), random);
    await writePair(dir, name, pair, { durable: true });
  }
  try {
    return new CertificateAuthority(pair, random);
  } catch (cause) {
    throw new Error(`cannot use the certificate authority ${join(dir, name)}.crt and .key`, { cause });
  }
}

async function signingKey(dir: string): Promise<KeyObject> {
  const known = await readIfThere(join(dir, "sa.key"));
  if (known !== undefined) return keyFromPem(known);
  const key = newKey();
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  await Promise.all([
    writeSecret(join(dir, "sa.pub"), publicKey, { durable: true }),
    writeSecret(join(dir, "sa.key"), keyToPem(key), { durable: true }),
  ]);
  return key;
}

async function readPair(dir: string, name: string): Promise<KeyPair | undefined> {
  const [certificate, key] = await Promise.all([
    readIfThere(join(dir, `${name}.crt`)),
    readIfThere(join(dir, `${name}.key`)),
  ]);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** The key first: a certificate without its key must not look like a whole pair. */
async function writePair(dir: string, name: string, pair: KeyPair, options: WriteOptions): Promise<void> {
  await writeSecret(join(dir, `${name}.key`), pair.key, options);
  await writeSecret(join(dir, `${name}.crt`), pair.certificate, options);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

interface WriteOptions {
  readonly durable: boolean;
}

/** Whole or not at all, mode 0600. */
export async function writeSecret(path: string, text: string, { durable }: WriteOptions): Promise<void> {
  const part = `${path}.new`;
  const file = await open(part, "w", 0o600);
  try {
    await file.writeFile(text);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  if (durable) await syncDirectory(dirname(path));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
