/** Where the server listens: any number of addresses, for as long as it lives. */
import type { Scope } from "#base/scope";
import { Listener, type ListenerOptions, type ServingCertificate } from "./http/listener.ts";

export interface ListenOptions extends ServingCertificate {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM of the authorities whose client certificates count. */
  readonly clientCa: string;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  /** New connections see this certificate. */
  readonly renew: (certificate: ServingCertificate) => void;
}

export interface EntrancesOptions extends Pick<
  ListenerOptions,
  "clock" | "limits" | "handle" | "takesUpgrade"
> {
  readonly scope: Scope;
  /** Called when there is one more, with its URL. */
  readonly opened: (url: string) => void;
}

export class Entrances {
  readonly #options: EntrancesOptions;
  readonly #listeners: Listener[] = [];

  constructor(options: EntrancesOptions) {
    this.#options = options;
  }

  /** Serves TLS there until the scope closes. */
  async open({ host, port, ...tls }: ListenOptions): Promise<Listening> {
    const { clock, limits, handle, takesUpgrade, scope, opened } = this.#options;
    const listener = new Listener({ ...tls, clock, limits, handle, takesUpgrade });
    const bound = await listener.listen(host, port);
    this.#listeners.push(listener);
    scope.defer(() => listener.close());
    const url = `https://${host.includes(":") ? `[${host}]` : host}:${bound.port}`;
    opened(url);
    return { url, port: bound.port, renew: (renewed) => listener.renew(renewed) };
  }

  /** Takes no more connections, and tells those that are open to go elsewhere with what is new. */
  refuse(): void {
    for (const listener of this.#listeners) listener.refuse();
  }
}
