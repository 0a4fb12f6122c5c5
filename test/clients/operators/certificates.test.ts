/** Certificates in three versions: a webhook converts them, and the stored version changes while they are used. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CustomObjectsApi, Watch } from "@kubernetes/client-node";
import { eventually } from "../../tools/eventually.ts";
import { certificates, converted } from "./certificates.ts";
import { type ConversionServer, startConversion } from "./conversion-server.ts";
import { type Json, OperatorServer, yamlOf } from "./operator-server.ts";

const OLD = `
apiVersion: certs.example.com/v1alpha2
kind: Certificate
metadata: { name: shop, labels: { team: web } }
spec:
  secretName: shop-tls
  issuerRef: { name: corporate }
  keyAlgorithm: ecdsa
  keySize: 256
  emailSANs: [shop@example.com]
`;
const NEW = `
apiVersion: certs.example.com/v1
kind: Certificate
metadata: { name: api }
spec:
  secretName: api-tls
  issuerRef: { name: corporate, kind: ClusterIssuer }
  usages: [server auth, client auth]
  ipAddresses: [10.0.0.1]
  additionalOutputFormats: [{ type: DER }]
  keystores: { jks: { create: true, passwordSecretRef: { name: pass } } }
`;
const NAME = "certificates.certs.example.com";
const at = (version: string) => `certificates.${version}.certs.example.com`;

describe("a certificate manager's definition", () => {
  let server: OperatorServer;
  let webhook: ConversionServer;
  before(async () => {
    webhook = await startConversion((certificate, apiVersion) => {
      if (certificate.metadata.labels?.broken) throw new Error("cannot be read");
      return converted(certificate, apiVersion);
    });
    server = await OperatorServer.start();
    await server.install(certificates(webhook, "v1alpha2"));
  });
  after(async () => {
    await server.close();
    webhook.close();
  });

  it("is found by all of its names, and its versions by their age", async () => {
    const names = await server.kubectl("api-resources --api-group=certs.example.com -o wide");
    assert.match(
      names,
      /^certificates +cert,certs +certs.example.com\/v1 +true +Certificate +\S+ +cert-things$/m,
    );
    const group = JSON.parse(await server.raw("/apis/certs.example.com"));
    assert.deepEqual(
      group.versions.map(({ version }: Json) => version),
      ["v1", "v1beta1", "v1alpha2"],
    );
    assert.equal(group.preferredVersion.version, "v1");
    for (const name of ["cert", "certs", "certificate", "cert-things"])
      assert.equal(await server.kubectl(`get ${name} -o name`), "");
  });

  it("is explained version by version, down to the last field", async () => {
    assert.match(
      await server.kubectl("explain cert.spec.privateKey.rotationPolicy"),
      /ENUM:\n +Never\n +Always\n/,
    );
    assert.match(
      await server.kubectl("explain cert.spec.keystores.jks.passwordSecretRef.key"),
      /FIELD: key <string>/,
    );
    const refused = await server.refused(
      "explain cert.spec.privateKey --api-version=certs.example.com/v1alpha2",
    );
    assert.match(refused, /field "privateKey" does not exist/);
    assert.match(
      await server.kubectl("explain cert.spec.keyAlgorithm --api-version=certs.example.com/v1alpha2"),
      /How the key is made\./,
    );
  });

  it("objects are written and read in every version, whichever is stored", async () => {
    const { stdout, stderr } = await server.ran("apply -f -", OLD);
    assert.equal(stdout, "certificate.certs.example.com/shop created\n");
    assert.match(stderr, /Warning: certs.example.com\/v1alpha2 Certificate is deprecated/);
    assert.equal(
      await server.kubectl("apply --server-side -f -", NEW),
      "certificate.certs.example.com/api serverside-applied\n",
    );
    const shop = await server.read(`get ${at("v1")} shop`);
    assert.deepEqual(shop.spec, {
      emailAddresses: ["shop@example.com"],
      issuerRef: { group: "certs.example.com", kind: "Issuer", name: "corporate" },
      privateKey: { algorithm: "ECDSA", rotationPolicy: "Always", size: 256 },
      secretName: "shop-tls",
    });
    const api = await server.read(`get ${at("v1alpha2")} api`);
    assert.equal(api.spec.keystores.jks.alias, "certificate");
    const beta = await server.ran(`get ${at("v1beta1")} api -o yaml`);
    assert.match(beta.stdout, /^apiVersion: certs.example.com\/v1beta1$/m);
    assert.match(beta.stderr, /Warning: certs.example.com\/v1beta1 Certificate goes away; say/);
    // What the stored version has no words for is lost, as with any webhook that forgets it.
    assert.equal((await server.read(`get ${at("v1")} api`)).spec.usages, undefined);
  });

  it("lists and watches show each version to whom asks for it", async () => {
    const list = await server.read(`get ${at("v1")}`);
    assert.deepEqual(
      list.items.map(({ apiVersion, metadata }: Json) => `${apiVersion} ${metadata.name}`),
      ["certs.example.com/v1 api", "certs.example.com/v1 shop"],
    );
    const seen: string[] = [];
    const watch = new Watch(server.config);
    const requests = await Promise.all(
      ["v1", "v1beta1"].map((version) =>
        watch.watch(
          `/apis/certs.example.com/${version}/namespaces/default/certificates`,
          {},
          (phase, { apiVersion, metadata, spec }: Json) => {
            seen.push(
              `${phase} ${apiVersion} ${metadata.name} ${spec.privateKey?.size ?? spec.keySize ?? ""}`,
            );
          },
          () => undefined,
        ),
      ),
    );
    await eventually(() => assert.equal(seen.length, 4));
    await server.kubectl(`patch ${at("v1")} shop --type=merge -p {"spec":{"privateKey":{"size":384}}}`);
    await eventually(() => {
      assert.ok(seen.includes("MODIFIED certs.example.com/v1 shop 384"), seen.join("\n"));
      assert.ok(seen.includes("MODIFIED certs.example.com/v1beta1 shop 384"), seen.join("\n"));
    });
    for (const request of requests) request.abort();
  });

  it("patches of every type go through the version they are sent to", async () => {
    await server.kubectl([
      "patch",
      at("v1beta1"),
      "shop",
      "--type=json",
      "-p",
      '[{"op":"replace","path":"/spec/keyAlgorithm","value":"rsa"},{"op":"test","path":"/spec/keySize","value":384}]',
    ]);
    assert.equal((await server.read(`get ${at("v1")} shop`)).spec.privateKey.algorithm, "RSA");
    assert.match(
      await server.refused(`patch ${at("v1")} shop --type=strategic -p {"spec":{}}`),
      /application\/strategic-merge-patch\+json is not supported by certs.example.com\/v1, Kind=Certificate/,
    );
    const wrong = await server.refused(
      `patch ${at("v1beta1")} shop --type=merge -p {"spec":{"keyAlgorithm":"RSA"}}`,
    );
    assert.match(wrong, /spec.keyAlgorithm: Unsupported value: "RSA": supported values: "rsa", "ecdsa"/);
  });

  it("status is apart, and columns show it", async () => {
    const status = {
      conditions: [{ type: "Ready", status: "True" }],
      notAfter: "2030-01-01T00:00:00Z",
      lastFailureTime: null,
    };
    const body = JSON.stringify({ status, spec: { secretName: "other" } });
    await server.kubectl(["patch", at("v1"), "shop", "--subresource=status", "--type=merge", "-p", body]);
    const shop = await server.read(`get ${at("v1")} shop`);
    assert.equal(shop.spec.secretName, "shop-tls");
    assert.equal(shop.status.lastFailureTime, undefined);
    await server.kubectl(["patch", at("v1"), "shop", "--type=merge", "-p", '{"status":{"revision":9}}']);
    assert.equal((await server.read(`get ${at("v1")} shop`)).status.revision, undefined);
    const wide = await server.kubectl(`get ${at("v1")} -o wide`);
    assert.match(wide, /^NAME +READY +SECRET +ISSUER +EXPIRES +AGE\n/);
    assert.match(wide, /^shop +True +shop-tls +corporate +\S+ +\S+$/m);
    assert.match(
      await server.kubectl("wait --for=condition=Ready cert/shop --timeout=180s"),
      /condition met/,
    );
    const bad = await server.refused([
      "patch",
      at("v1"),
      "shop",
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"notAfter":"soon","renewalTime":5}}',
    ]);
    assert.match(
      bad,
      /status.notAfter: Invalid value: "soon": status.notAfter in body must be of type date-time: "soon"/,
    );
    assert.match(
      bad,
      /status.renewalTime: Invalid value: "int64": status.renewalTime in body must be of type date-time: "int64"/,
    );
  });

  it("what does not fit is refused in full", async () => {
    const bad = NEW.replace("name: api", "name: bad")
      .replace("[server auth, client auth]", "[server auth, server auth, anything]")
      .replace("[{ type: DER }]", "[{ type: DER }, { type: DER }, {}]")
      .replace("secretName: api-tls", `commonName: ${"x".repeat(65)}`);
    const refused = await server.refused("create -f -", bad);
    for (const line of [
      "spec.secretName: Required value",
      "spec.commonName: Too long: may not be more than 64 bytes",
      'spec.usages[2]: Unsupported value: "anything": supported values: "signing", "digital signature", ',
      "spec.additionalOutputFormats[2].type: Required value",
      'spec.usages[1]: Duplicate value: "server auth"',
      'spec.additionalOutputFormats[1]: Duplicate value: {"type":"DER"}',
    ])
      assert.ok(refused.includes(line), `${line}\n${refused}`);
    const unknown = NEW.replace("name: api", "name: odd").replace("usages:", "usage:");
    assert.match(
      await server.refused("create -f -", unknown),
      /strict decoding error: unknown field "spec.usage"/,
    );
    const warned = await server.ran("create --validate=warn -f -", unknown);
    assert.equal(warned.stdout, "certificate.certs.example.com/odd created\n");
    assert.match(warned.stderr, /Warning: unknown field "spec.usage"/);
    await server.kubectl("delete cert odd");
    const held = NEW.replace("name: api", "name: held, finalizers: [hold, example.com/hold]");
    assert.equal(
      (await server.ran("create -f -", held)).stderr,
      'Warning: metadata.finalizers: "hold": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers\n',
    );
    await server.kubectl([
      "patch",
      at("v1"),
      "held",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    ]);
    const { metadata, status } = await server.read(`get ${at("v1")} held --show-managed-fields`);
    assert.deepEqual(status, {});
    for (const { fieldsV1 } of metadata.managedFields) assert.equal(fieldsV1["f:status"], undefined);
    await server.kubectl("delete cert held");
    const failed = OLD.replace("name: shop", "name: broken")
      .replace("team: web", "broken: yes-it-is")
      .replace("v1alpha2", "v1beta1");
    assert.match(
      await server.refused("create -f -", failed),
      /conversion webhook for certs.example.com\/v1beta1, Kind=Certificate failed: cannot be read/,
    );
  });

  it("the stored version moves on when all objects have been written anew", async () => {
    await server.install(certificates(webhook, "v1"));
    const stored = async () => (await server.read(`get crd ${NAME}`)).status.storedVersions;
    assert.deepEqual(await stored(), ["v1alpha2", "v1"]);
    const without = certificates(webhook, "v1");
    const versions = without.spec.versions.filter(({ name }) => name !== "v1alpha2");
    const early = await server.refused(
      "apply --server-side -f -",
      yamlOf({ ...without, spec: { ...without.spec, versions } }),
    );
    assert.match(
      early,
      /status.storedVersions\[0\]: Invalid value: "v1alpha2": missing from spec.versions; v1alpha2 was previously a storage version/,
    );
    const api = server.config.makeApiClient(CustomObjectsApi);
    const of = { group: "certs.example.com", version: "v1", namespace: "default", plural: "certificates" };
    for (const item of ((await api.listNamespacedCustomObject(of)) as Json).items)
      await api.replaceNamespacedCustomObject({ ...of, name: item.metadata.name, body: item });
    await server.kubectl([
      "patch",
      "crd",
      NAME,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"storedVersions":["v1"]}}',
    ]);
    await server.kubectl(
      "apply --server-side -f -",
      yamlOf({ ...without, spec: { ...without.spec, versions } }),
    );
    assert.deepEqual(await stored(), ["v1"]);
    await eventually(async () => {
      const { versions: served } = JSON.parse(await server.raw("/apis/certs.example.com")) as Json;
      assert.deepEqual(
        served.map(({ version }: Json) => version),
        ["v1", "v1beta1"],
      );
    });
    // Now nobody is asked for what is stored.
    webhook.asked.clear();
    const { spec } = await server.read(`get ${at("v1")} shop`);
    assert.equal(spec.privateKey.algorithm, "RSA");
    assert.equal(webhook.asked.size, 0);
    await server.kubectl([
      "patch",
      at("v1"),
      "api",
      "--type=merge",
      "-p",
      '{"spec":{"usages":["ocsp signing"]}}',
    ]);
    assert.deepEqual((await server.read(`get ${at("v1")} api`)).spec.usages, ["ocsp signing"]);
  });

  it("goes with its objects, and waits for those that are held", async () => {
    await server.kubectl([
      "patch",
      at("v1"),
      "api",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":["example.com/hold"]}}',
    ]);
    await server.kubectl(`delete crd ${NAME} --wait=false`);
    await eventually(async () => {
      const { status } = (await server.read(`get crd ${NAME}`)) as Json;
      const condition = status.conditions.find(({ type }: Json) => type === "Terminating");
      assert.equal(condition?.reason, "InstanceDeletionInProgress");
    });
    await eventually(async () => {
      const { items } = (await server.read(`get ${at("v1")}`)) as Json;
      assert.deepEqual(
        items.map(({ metadata }: Json) => metadata.name),
        ["api"],
      );
    });
    assert.match(
      await server.refused("create -f -", NEW.replace("name: api", "name: late")),
      /create not allowed while custom resource definition is terminating|the server does not allow this method/,
    );
    await server.kubectl([
      "patch",
      at("v1"),
      "api",
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    ]);
    await server.kubectl(`wait --for=delete crd/${NAME} --timeout=180s`);
    await eventually(async () => assert.doesNotMatch(await server.raw("/apis"), /certs\.example\.com/));
  });
});
