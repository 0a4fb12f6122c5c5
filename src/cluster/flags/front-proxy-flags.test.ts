import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock";
import { CertificateAuthority } from "../certificates/authority.ts";
import { CertificateStore } from "../certificates/certificate-store.ts";
import { frontProxyClient } from "../certificates/profiles.ts";
import { frontProxyIdentity, requestHeaderOf } from "./front-proxy-flags.ts";
import { type FlagTexts, parseServerFlags } from "./server-flags.ts";

async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "front-proxy-"));
  const certificates = await CertificateStore.open(join(dir, "pki"), { clock: systemClock });
  const ended = new AbortController();
  t.after(async () => {
    ended.abort();
    await certificates.close();
    await rm(dir, { recursive: true });
  });
  const authority = (commonName: string) => CertificateAuthority.create({ commonName }, systemClock.now());
  const requestHeader = (texts: FlagTexts) => requestHeaderOf(parseServerFlags(texts), certificates);
  const identity = (texts: FlagTexts) =>
    frontProxyIdentity(parseServerFlags(texts), certificates, ended.signal);
  return { place: (name: string) => join(dir, name), certificates, authority, requestHeader, identity };
}

test("whom the server believes", async (t) => {
  const { place, certificates, authority, requestHeader } = await setUp(t);
  assert.deepEqual(await requestHeader({}), {
    clientAuthorities: [certificates.frontProxy.certificate],
    allowedNames: ["front-proxy-client"],
  });
  const [one, other] = [authority("one").certificate, authority("other").certificate];
  await writeFile(place("ca"), `# two\n${one}${other}`);
  assert.deepEqual(
    await requestHeader({
      "requestheader-client-ca-file": [place("ca")],
      "requestheader-username-headers": ["X-User,X-Name"],
      "requestheader-extra-headers-prefix": ["X-More-"],
    }),
    { clientAuthorities: [one, other], usernameHeaders: ["X-User", "X-Name"], extraPrefixes: ["X-More-"] },
  );
  const named = { "requestheader-client-ca-file": [place("ca")], "requestheader-allowed-names": ["a,b"] };
  assert.deepEqual((await requestHeader(named)).allowedNames, ["a", "b"]);
  await writeFile(place("none"), "nothing");
  await assert.rejects(
    requestHeader({ "requestheader-client-ca-file": [place("none")] }),
    /none holds no certificate/,
  );
});

test("what it shows to others", async (t) => {
  const { place, certificates, authority, identity } = await setUp(t);
  const own = await identity({});
  assert.deepEqual(own(), await certificates.pair(frontProxyClient));
  const [first, second] = [authority("first"), authority("second")];
  await writeFile(place("crt"), first.certificate);
  await writeFile(place("key"), first.key);
  const texts = { "proxy-client-cert-file": [place("crt")], "proxy-client-key-file": [place("key")] };
  const shown = await identity(texts);
  assert.deepEqual(shown(), first);
  for (const [name, text] of [
    ["crt", second.certificate],
    ["key", second.key],
  ] as const) {
    await writeFile(place(`${name}.new`), text);
    await rename(place(`${name}.new`), place(name));
  }
  while (shown().certificate === first.certificate) await new Promise(setImmediate);
  assert.deepEqual(shown(), second);
  await assert.rejects(identity({ "proxy-client-key-file": [place("key")] }), /belong together/);
  await writeFile(place("key"), first.key);
  await assert.rejects(identity(texts), /key holds no key of .*crt/);
});
