/** The ways in: over the wire through the chain, and in process as a function call. */
import type { Transport } from "#client/transport";
import type { User } from "./contracts.ts";
import { InProcessTransport } from "./in-process/transport.ts";
import { Chain, type ChainOptions } from "./request/chain.ts";

/** Who may do what, and what of it goes on record. */
export type Guards = Pick<ChainOptions, "authenticator" | "authorizer" | "impersonate" | "audit">;

/** What all ways in share. */
export type ServingOptions = Omit<ChainOptions, keyof Guards>;

export class Serving {
  readonly #options: ServingOptions;

  constructor(options: ServingOptions) {
    this.#options = options;
  }

  chain(guards: Guards): Chain {
    const { authenticator, authorizer, impersonate, audit } = guards;
    return new Chain({ ...this.#options, authenticator, authorizer, impersonate, audit });
  }

  /** The server as this user sees it. */
  transport(user: User, { authorizer, audit }: Pick<Guards, "authorizer" | "audit">): Transport {
    const { kinds, dispatcher, delegate, clock, random } = this.#options;
    const chainAs = (as: User): Chain =>
      this.chain({
        authenticator: { authenticate: () => Promise.resolve(as) },
        authorizer,
        impersonate: undefined,
        audit,
      });
    return new InProcessTransport({
      user,
      kinds,
      dispatcher,
      authorizer,
      isElsewhere: (group, version) => delegate({ isResource: true, group, version, path: "" }) !== undefined,
      handle: (exchange, as) => chainAs(as).handle(exchange),
      userAgent: programOf(user),
      clock,
      random,
      audit,
    });
  }
}

/** In process, the last part of the user's name stands for the program: `kube-scheduler`, `deployment-controller`. */
const programOf = ({ name }: User): string => name.slice(name.lastIndexOf(":") + 1);
