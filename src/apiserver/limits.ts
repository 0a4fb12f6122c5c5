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
  /** Headers of one request over HTTP/1.1. */
  readonly headersMax: number;
  /** Connections at once. */
  readonly connectionsMax: number;
  /** Streams at once on one HTTP/2 connection. */
  readonly streamsPerConnectionMax: number;
  /** Seats of flow control: requests that are served at once. Those that read, and those that change, together. */
  readonly requestsInFlightMax: number;
  readonly mutatingRequestsInFlightMax: number;
  /** Milliseconds a request may take altogether, unless it is a watch or a connection; clients may ask for less. */
  readonly requestMs: number;
  /** Milliseconds in which a server which closes says that it is not ready, and still serves as before. */
  readonly shutdownDelayMs: number;
  /** Milliseconds that a server which closes waits for the requests that it has begun to serve. */
  readonly drainMs: number;
  /** Milliseconds a client may take for its TLS handshake. */
  readonly handshakeMs: number;
  /** Milliseconds a client may take to send its headers. */
  readonly headersMs: number;
  /** Milliseconds until a connection of HTTP/1.1 on which nothing happens is closed. */
  readonly idleMs: number;
  /** Milliseconds between questions to the other end of a connection of HTTP/2 whether it is still there. */
  readonly heartbeatMs: number;
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
  headersMax: 2_000,
  connectionsMax: 16_384,
  streamsPerConnectionMax: 1000,
  requestsInFlightMax: 400,
  mutatingRequestsInFlightMax: 200,
  requestMs: 60_000,
  shutdownDelayMs: 0,
  drainMs: 5_000,
  handshakeMs: 10_000,
  headersMs: 30_000,
  idleMs: 120_000,
  heartbeatMs: 30_000,
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
