import { VirtualClock } from "#base/virtual-clock";
import { storeSuite } from "../suite.ts";
import { openMemoryStore, restoreMemoryStore } from "./memory-store.ts";

storeSuite("memory store", async () => {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  return {
    store,
    leaseSeconds: 10,
    tellsProgress: true,
    pinsSnapshots: true,
    advance: (byMs) => clock.advance(byMs),
    restore: (snapshot) => restoreMemoryStore(snapshot, { clock }),
    dispose: () => store.close(),
  };
});
