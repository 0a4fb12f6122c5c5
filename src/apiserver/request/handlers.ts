import type { RequestInfo, User } from "../contracts.ts";
import type { Exchange, Headers } from "../http/exchange.ts";
import type { ServedKind } from "../resource-set.ts";

/** A request to a path that is about no kind: health, version, discovery, metrics. */
export interface PathRequest {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly user: User;
  /** To answer with, beside the handler's own. */
  readonly headers: Headers;
}

export type PathHandler = (request: PathRequest) => void | Promise<void>;

/** A request to a subresource that takes its connection over: exec, attach, port-forward, proxy, log. */
export interface ConnectRequest {
  readonly info: RequestInfo;
  readonly user: User;
  /** `exchange.raw` has the protocol's own objects; a refusal is thrown as a StatusError before they are used. */
  readonly exchange: Exchange;
  readonly kind: ServedKind;
}

/** Resolves when the connection has been served, or handed over. */
export type ConnectHandler = (request: ConnectRequest) => Promise<void>;
