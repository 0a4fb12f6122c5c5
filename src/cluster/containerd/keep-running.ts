import { createConnection } from "node:net";
import { type Clock, sleep } from "#base/clock";
import { logger } from "#base/log";
import type { Scope } from "#base/scope";
import { pidOf } from "../daemon/daemon.ts";
import type { NodePlaces } from "../places.ts";
import { containerdDaemon, startContainerd } from "./start.ts";

const log = logger("containerd");

/** Between a lost connection and the next look: containerd closes silent connections now and then. */
const LOOK_MS = 500;
/** A containerd that does not start is tried less and less often, down to this. */
const LOOK_MS_MAX = 60_000;

/** Starts the node's containerd again when it has ended, as long as the scope is open. Its containers live on meanwhile. */
export function keepContainerdRunning(places: NodePlaces, clock: Clock, scope: Scope): void {
  scope.run(async (signal) => {
    let pauseMs = LOOK_MS;
    for (;;) {
      await connectionLost(places.containerdSocket, signal);
      await sleep(clock, pauseMs, { signal });
      if (pidOf(containerdDaemon(places)) !== undefined) {
        pauseMs = LOOK_MS;
        continue;
      }
      log.warn("containerd has ended and is started again", { node: places.name });
      pauseMs = Math.min(2 * pauseMs, LOOK_MS_MAX);
      await startContainerd(places, undefined, clock).catch((error: unknown) =>
        log.error("containerd does not start", { node: places.name, error }),
      );
    }
  });
}

/** Resolves when a connection to the socket ends, or cannot be made: the kernel tells when its other side is gone. */
function connectionLost(socketPath: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: socketPath, signal });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });
}
