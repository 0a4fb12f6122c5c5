/** What is sent to the attacked server. */

export interface OddRequest {
  readonly over: "h1" | "h2";
  readonly method: string;
  /** With query, as it stands on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
  /** Given up half-way: the connection or stream is reset after the headers and half of the body. */
  readonly abort: boolean;
  /** Somebody whom the server believes is asked on the way, and may make it answer 500. */
  readonly mayFail?: boolean;
}

export interface RawBytes {
  readonly over: "raw";
  /** Written one after the other. */
  readonly pieces: readonly Uint8Array[];
  /** What is asked for, for the report. */
  readonly what: string;
}

/** A request where what is not said is as usual. */
export type Made = Partial<Omit<OddRequest, "over" | "body">> & { readonly body?: Uint8Array };
