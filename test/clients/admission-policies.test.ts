/** kubectl 1.35 and admission policies, against a server of this process. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { resources } from "#api/registry";
import { servedResources } from "#apiserver/runtime-config";
import { secure } from "#apiserver/security";
import { startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { writeKubeconfig } from "#cluster/certificates/kubeconfig";
import { adminClient, apiServerServing } from "#cluster/certificates/profiles";
import { openMemoryStore } from "#store/memory/memory-store";
import { clientBinary } from "../tools/client-binaries.ts";
import { run } from "../tools/run.ts";

const LIMITS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: replicalimits.rules.example.com }
spec:
  group: rules.example.com
  scope: Namespaced
  names: { plural: replicalimits, kind: ReplicaLimit }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: { maxReplicas: { type: integer } }
`;

const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: replica-limit }
spec:
  paramKind: { apiVersion: rules.example.com/v1, kind: ReplicaLimit }
  matchConstraints:
    resourceRules:
      - { apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments], scope: "*" }
  variables:
    - { name: replicas, expression: object.spec.replicas }
  validations:
    - expression: variables.replicas <= params.maxReplicas
      messageExpression: "'no more than ' + string(params.maxReplicas) + ' replicas'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: replica-limit-of-tests }
spec:
  policyName: replica-limit
  validationActions: [Deny]
  paramRef: { name: limit, parameterNotFoundAction: Deny }
  matchResources:
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: default } }
`;

const LIMIT = `
apiVersion: rules.example.com/v1
kind: ReplicaLimit
metadata: { name: limit }
maxReplicas: 3
`;

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: many }
spec:
  replicas: 4
  selector: { matchLabels: { app: many } }
  template:
    metadata: { labels: { app: many } }
    spec: { containers: [{ name: web, image: "web:1" }] }
`;

const BAD_POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: bad }
spec:
  matchConstraints:
    resourceRules:
      - { apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }
  variables:
    - { name: first, expression: variables.second }
  validations:
    - { expression: "object.spec.replicas + 1" }
    - { expression: "params.x == 1" }
`;

const MUTATING = `
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: { name: sidecar }
spec:
  matchConstraints:
    resourceRules:
      - { apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }
  reinvocationPolicy: Never
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: >
          Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
            containers: [Object.spec.template.spec.containers{name: "proxy", image: "proxy:1"}]
          }}}}
    - patchType: JSONPatch
      jsonPatch:
        expression: '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/seen"), value: "yes"}]'
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: { name: sidecar }
spec: { policyName: sidecar }
`;

describe("admission policies through kubectl", () => {
  const cleanups: (() => unknown)[] = [];
  let env: Record<string, string>;

  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "k8ts-policies-"));
    const certificates = await CertificateStore.open(join(dir, "pki"), { clock: systemClock });
    const store = openMemoryStore();
    const authority = certificates.cluster.certificate;
    let url = "";
    const server = await startApiServer({
      store,
      clock: systemClock,
      random: systemRandom,
      gates: { MutatingAdmissionPolicy: true },
      resources: servedResources(resources, { "admissionregistration.k8s.io/v1beta1": true }),
      rooms: secure({
        clientAuthorities: [authority],
        serviceAccountKey: certificates.serviceAccountKey,
        serverUrl: () => url,
        disableAdmission: ["ServiceAccount"],
      }),
    });
    const pair = await certificates.pair(
      apiServerServing({ dns: [], addresses: [], serviceAddresses: ["10.96.0.1"] }),
    );
    const { port } = await server.listen({ host: "127.0.0.1", port: 0, clientCa: authority, ...pair });
    url = `https://127.0.0.1:${port}`;
    const kubeconfig = join(dir, "kubeconfig");
    const credentials = await certificates.pair(adminClient);
    await writeKubeconfig(kubeconfig, {
      cluster: "test",
      server: url,
      authority,
      user: "admin",
      credentials,
    });
    env = { KUBECONFIG: kubeconfig, HOME: dir };
    cleanups.push(
      () => server.close(),
      () => store.close(),
      () => certificates.close(),
      () => rm(dir, { recursive: true }),
    );
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  const kubectl = (words: string, input?: string) =>
    run(clientBinary("kubectl"), words.split(" "), { env, ...(input === undefined ? {} : { input }) });

  async function apply(input: string): Promise<string> {
    const { code, stdout, stderr } = await kubectl("apply -f -", input);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it("a policy with a param of a custom kind refuses what exceeds it", async () => {
    await apply(LIMITS);
    const wait = "wait crd/replicalimits.rules.example.com --for=condition=Established --timeout=180s";
    assert.equal((await kubectl(wait)).code, 0);
    assert.match(await apply(POLICY), /validatingadmissionpolicy.*replica-limit created/);
    const create = (name: string, replicas: number) =>
      kubectl(`create deployment ${name} --image=web:1 --replicas=${replicas}`);
    const early = await create("early", 1);
    assert.match(
      early.stderr,
      /denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction/,
    );
    await apply(LIMIT);
    const created = await create("many", 4);
    assert.match(created.stderr, /error: failed to create deployment: deployments.apps "many" is forbidden/);
    const applied = await kubectl("apply -f -", DEPLOYMENT);
    assert.equal(applied.code, 1);
    assert.equal(
      applied.stderr.trim(),
      "The deployments \"many\" is invalid: : ValidatingAdmissionPolicy 'replica-limit' with binding 'replica-limit-of-tests' denied request: no more than 3 replicas",
    );
    assert.equal((await create("few", 2)).code, 0);
    const scaled = await kubectl('patch deployment few -p {"spec":{"replicas":9}}');
    assert.match(scaled.stderr, /no more than 3 replicas/);
    // Nothing changes by applying the same again, and elsewhere the binding does not hold.
    assert.match(await apply(POLICY), /replica-limit unchanged/);
    assert.equal((await kubectl("create namespace free")).code, 0);
    assert.equal((await kubectl("create deployment many --image=web:1 --replicas=4 -n free")).code, 0);
    const shown = await kubectl("get validatingadmissionpolicies,validatingadmissionpolicybindings");
    assert.match(shown.stdout, /replica-limit +1 +rules.example.com\/v1\/ReplicaLimit/);
    assert.match(shown.stdout, /replica-limit-of-tests +replica-limit +\*\/limit/);
  });

  it("a policy that does not compile is refused with all that is wrong", async () => {
    const { code, stderr } = await kubectl("apply -f -", BAD_POLICY);
    assert.equal(code, 1);
    const lines = stderr.trim().split("\n");
    assert.equal(lines[0], 'The ValidatingAdmissionPolicy "bad" is invalid: ');
    const problems = lines.filter((line) => line.startsWith("* "));
    assert.deepEqual(
      problems.map((line) => line.split(": ").slice(0, 2).join(": ")),
      [
        "* spec.variables[0].expression: Invalid value",
        "* spec.validations[0].expression: Invalid value",
        "* spec.validations[1].expression: Invalid value",
      ],
    );
    assert.match(stderr, /undefined field 'second'/);
    assert.match(stderr, /"object.spec.replicas \+ 1": must evaluate to bool but got int/);
    assert.match(stderr, /undeclared reference to 'params' \(in container ''\)/);
  });

  it("a mutating policy adds a container and a label", async () => {
    await apply(MUTATING);
    assert.equal((await kubectl("create namespace meshed")).code, 0);
    const { code, stderr } = await kubectl("create deployment changed --image=web:1 -n meshed");
    assert.equal(code, 0, stderr);
    const { stdout } = await kubectl(
      "get deployment changed -n meshed -o jsonpath={.metadata.labels}{.spec.template.spec.containers[*].name}",
    );
    assert.equal(stdout, '{"app":"changed","example.com/seen":"yes"}web proxy');
  });
});
