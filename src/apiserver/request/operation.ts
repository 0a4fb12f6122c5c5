import type { Struct } from "#machinery/schema";
import type { Annotate, RequestInfo, User } from "../contracts.ts";
import type { ServedKind } from "../resource-set.ts";
import type { WatchSink } from "../watch/subscription.ts";
import type { Item } from "../storage/item.ts";

/** What came with a request: bytes from the wire, or a value from a caller in process. */
export type Body =
  | { readonly type: "none" }
  | { readonly type: "bytes"; readonly bytes: Buffer; readonly contentType: string }
  | { readonly type: "value"; readonly value: unknown; readonly contentType: string };

/** One request about a kind, authorized, however it came. */
export interface Operation {
  readonly info: RequestInfo;
  readonly user: User;
  readonly kind: ServedKind;
  readonly body: Body;
  /** Names the field manager of those who name none. */
  readonly userAgent: string;
  /** Texts for `Warning` headers. */
  readonly warn: (text: string) => void;
  readonly annotate: Annotate;
  /** Told how many milliseconds others have taken for their part of it. */
  readonly waited?: (ms: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Anything with a kind that is not a stored object: Status, Scale, reviews. */
export interface Shown {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** What a list says about itself. */
export interface ListPageMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type Answer =
  /** A stored object, served from its bytes. */
  | { readonly type: "item"; readonly code: number; readonly kind: ServedKind; readonly item: Item }
  /** An object that is not stored, or not yet. `kind` is set when it is one of a served kind. */
  | {
      readonly type: "object";
      readonly code: number;
      readonly object: Shown;
      readonly schema: Struct;
      readonly kind?: ServedKind;
    }
  | {
      readonly type: "list";
      readonly kind: ServedKind;
      readonly meta: ListPageMeta;
      readonly items: readonly Item[];
    }
  | { readonly type: "watch"; readonly kind: ServedKind; readonly watch: OpenWatch };

/** A watch that has been accepted and waits for somebody to listen. */
export interface OpenWatch {
  /** Ends by itself after this long. */
  readonly timeoutMs: number;
  start(sink: WatchSink): RunningWatch;
}

export interface RunningWatch {
  /** The sink has room again. */
  resume(): void;
  end(): void;
}
