/** Every bound of the API server in one place, with its unit. A server may be started with others. */
export interface Limits {
  /** Bytes of one request body. */
  readonly bodyBytesMax: number;
  /** Bytes of one stored object. */
  readonly objectBytesMax: number;
  /** Bytes of all headers of a request. */
  readonly headerBytesMax: number;
  /** Levels of nesting in a body. Everything that looks at objects goes down by calling itself. */
  readonly bodyDepthMax: number;
  /** Streams at once on one HTTP/2 connection. */
  readonly streamsPerConnectionMax: number;
  /** Milliseconds a client may take to send its body. */
  readonly bodyMs: number;
  /** Milliseconds a read waits for a resourceVersion that has not been seen yet. */
  readonly freshnessMs: number;
  /** Past events kept for each kind. */
  readonly windowEventsMax: number;
  /** Bytes of past events kept for each kind. */
  readonly windowBytesMax: number;
  /** Bytes that may wait in a watcher's connection before the events stay in the window. */
  readonly watchBufferBytesMax: number;
  /** Milliseconds between bookmarks. */
  readonly bookmarkMs: number;
  /** A watch that names no timeout lives this long, and up to twice that. */
  readonly watchTimeoutMs: number;
  /** Tries of a write that met another one. */
  readonly conflictRetries: number;
  /** Seconds an Event is kept. */
  readonly eventTtlSeconds: number;
}

export const defaultLimits: Limits = {
  bodyBytesMax: 3 * 1024 * 1024,
  objectBytesMax: 1.5 * 1024 * 1024,
  headerBytesMax: 1024 * 1024,
  bodyDepthMax: 1_000,
  streamsPerConnectionMax: 1000,
  bodyMs: 60_000,
  freshnessMs: 3_000,
  windowEventsMax: 10_000,
  windowBytesMax: 16 * 1024 * 1024,
  watchBufferBytesMax: 256 * 1024,
  bookmarkMs: 60_000,
  watchTimeoutMs: 1_800_000,
  conflictRetries: 5,
  eventTtlSeconds: 3600,
};
