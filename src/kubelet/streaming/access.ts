import type { TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
import { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import { TokenReview } from "#api/authentication-v1/tokenreview";
import type { Clock } from "#base/clock";
import type { Client } from "#client/client";

/** Who asks the kubelet, as the API server knows them. */
interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
}

const ALLOWED_MS = 5 * 60_000;
const DENIED_MS = 30_000;
const KNOWN_MAX = 1_000;
const MASTERS = "system:masters";

/** Decides who may use this node's kubelet: asks the API server, and remembers its answers for a while. */
export class KubeletAccess {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #nodeName: string;
  readonly #known = new Map<string, { readonly allowed: boolean; readonly untilMs: number }>();

  constructor(client: Client, clock: Clock, nodeName: string) {
    this.#client = client;
    this.#clock = clock;
    this.#nodeName = nodeName;
  }

  /** 401, 403 or 200. `subresource` is that of `nodes` in the API: `proxy`, `stats`, `metrics`, … */
  async check(request: IncomingMessage, subresource: string): Promise<200 | 401 | 403> {
    const caller = certificateOf(request) ?? (await this.#tokenOf(request));
    if (!caller) return 401;
    return caller.groups.includes(MASTERS) || (await this.#allowed(caller, verbOf(request), subresource))
      ? 200
      : 403;
  }

  async #tokenOf({ headers }: IncomingMessage): Promise<Caller | undefined> {
    const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const { status } = await this.#client.create(TokenReview, { metadata: {}, spec: { token } });
    if (!status.authenticated) return undefined;
    return { name: status.user?.username ?? "", groups: status.user?.groups ?? [] };
  }

  async #allowed({ name, groups }: Caller, verb: string, subresource: string): Promise<boolean> {
    const key = JSON.stringify([name, groups, verb, subresource]);
    const known = this.#known.get(key);
    if (known && known.untilMs > this.#clock.monotonic()) return known.allowed;
    const resourceAttributes = { verb, resource: "nodes", subresource, name: this.#nodeName, version: "v1" };
    const spec = { user: name, groups: [...groups], resourceAttributes };
    const { status } = await this.#client.create(SubjectAccessReview, { metadata: {}, spec });
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    const untilMs = this.#clock.monotonic() + (status.allowed ? ALLOWED_MS : DENIED_MS);
    this.#known.set(key, { allowed: status.allowed, untilMs });
    return status.allowed;
  }
}

/** The subject of a certificate that the TLS layer has checked against the cluster's authority. */
function certificateOf({ socket }: IncomingMessage): Caller | undefined {
  const tls = socket as TLSSocket;
  if (!tls.authorized) return undefined;
  const { subject } = tls.getPeerCertificate();
  if (!subject?.CN) return undefined;
  const organizations = subject.O as string | string[] | undefined;
  const groups = organizations === undefined ? [] : [organizations].flat();
  return { name: [subject.CN].flat()[0]!, groups: [...groups, "system:authenticated"] };
}

function verbOf({ method }: IncomingMessage): string {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return "delete";
    default:
      return "get";
  }
}
