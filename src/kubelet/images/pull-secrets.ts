/** Registry credentials in secrets. */
import type { Secret } from "#api/core-v1/secret";
import type { Wire } from "#machinery/schema";
import type { AuthConfig } from "../cri/image.ts";
import { type ImageName, parseImageName } from "./image-name.ts";

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** Credentials for the image in these secrets, the closest match first. */
export function credentialsFor(image: string, secrets: readonly Secret[]): readonly Wire<AuthConfig>[] {
  const name = parseImageName(image);
  if (!name) return [];
  const found = secrets.flatMap((secret) => Object.entries(entriesOf(secret)));
  return found
    .filter(([pattern]) => matches(pattern, name))
    .toSorted(([a], [b]) => b.length - a.length)
    .map(([, entry]) => authOf(entry, name));
}

function entriesOf({ type, data = {} }: Secret): Readonly<Record<string, Entry>> {
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString("utf8");
  try {
    if (type === "kubernetes.io/dockerconfigjson") return JSON.parse(text(".dockerconfigjson")).auths ?? {};
    if (type === "kubernetes.io/dockercfg") return JSON.parse(text(".dockercfg"));
  } catch {
    // The API checks these secrets; one that got by all the same holds no credentials.
  }
  return {};
}

/** `pattern`: `registry[:port][/path]`, where `*` stands for a part of the host name. */
function matches(pattern: string, { registry, repository }: ImageName): boolean {
  const bare = pattern.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
  const slash = bare.indexOf("/");
  const host = normalHost(slash < 0 ? bare : bare.slice(0, slash));
  const path = slash < 0 ? "" : bare.slice(slash + 1);
  const wanted = host.split(".");
  const given = registry.split(".");
  const sameHost =
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || glob(part).test(given[index]!));
  return sameHost && (path === "" || path === "v1" || path === "v2" || repository.startsWith(path));
}

const normalHost = (host: string): string =>
  host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;

const glob = (part: string): RegExp =>
  new RegExp(`^${part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^.]*")}$`);

function authOf(entry: Entry, { registry }: ImageName): Wire<AuthConfig> {
  const [username = "", ...password] = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  return {
    username: entry.username ?? username,
    password: entry.password ?? password.join(":"),
    serverAddress: registry,
    identityToken: entry.identitytoken ?? "",
    registryToken: entry.registrytoken ?? "",
  };
}
