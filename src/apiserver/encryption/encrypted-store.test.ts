import { systemRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore, restoreMemoryStore } from "#store/memory/memory-store";
import { storeSuite } from "#store/suite";
import { aesGcm } from "./aes-gcm.ts";
import { EncryptedStore, type StoreEncryption } from "./encrypted-store.ts";
import { Providers } from "./providers.ts";

storeSuite("encrypted store", async () => {
  const clock = new VirtualClock();
  const cipher = aesGcm(systemRandom.bytes(32), systemRandom);
  const providers = new Providers([{ ...cipher, prefix: "k8s:enc:aesgcm:v1:one:" }]);
  const encryption: StoreEncryption = {
    of: () => ({ resource: "secrets", providers }),
    measure: () => () => undefined,
    missed: () => undefined,
  };
  const store = new EncryptedStore(openMemoryStore({ clock }), encryption);
  return {
    store,
    leaseSeconds: 10,
    tellsProgress: true,
    pinsSnapshots: true,
    advance: (byMs) => clock.advance(byMs),
    restore: async (snapshot) =>
      new EncryptedStore(await restoreMemoryStore(snapshot, { clock }), encryption),
    dispose: () => store.close(),
  };
});
