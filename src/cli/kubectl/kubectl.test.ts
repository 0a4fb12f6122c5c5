/** The verbs of kubectl against the API server itself, over TLS, with a kubeconfig: all in this process. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { after, before, test } from "node:test";
import { Pod } from "#api/core-v1/pod";
import { secure } from "#apiserver/security";
import { type ApiServer, startApiServer } from "#apiserver/server";
import { systemClock } from "#base/clock";
import { systemRandom } from "#base/random";
import { Client } from "#client/client";
import { CertificateStore } from "#cluster/certificates/certificate-store";
import { writeKubeconfig } from "#cluster/certificates/kubeconfig";
import { adminClient, apiServerServing } from "#cluster/certificates/profiles";
import { openMemoryStore } from "#store/memory/memory-store";
import { dispatch } from "../dispatch.ts";
import { exitCodeOf, explain } from "../errors.ts";
import type { Io } from "../io.ts";
import { Exit } from "../verb.ts";
import { verbs } from "../verbs.ts";

let dir: string;
let server: ApiServer;
let client: Client;
let kubeconfig: string;
const cleanups: (() => unknown)[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "k8ts-cli-"));
  const certificates = await CertificateStore.open(join(dir, "pki"), { clock: systemClock });
  const store = openMemoryStore();
  let url = "";
  const authority = certificates.cluster.certificate;
  server = await startApiServer({
    store,
    clock: systemClock,
    random: systemRandom,
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
  kubeconfig = join(dir, "kubeconfig");
  const credentials = await certificates.pair(adminClient);
  await writeKubeconfig(kubeconfig, { cluster: "test", server: url, authority, user: "admin", credentials });
  client = new Client(server.transport({ name: "test", groups: ["system:masters"] }));
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

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `k8ts kubectl` with these words. */
async function kubectl(
  words: string,
  {
    input = "",
    args = [],
    signal = new AbortController().signal,
    onOutput,
  }: {
    readonly input?: string;
    /** Words with spaces. */
    readonly args?: readonly string[];
    readonly signal?: AbortSignal;
    readonly onOutput?: (all: string) => void;
  } = {},
): Promise<Ran> {
  let [out, err] = ["", ""];
  const io: Io = {
    write: (text) => {
      out += text;
      onOutput?.(out);
    },
    tell: (text) => void (err += text),
    stdin: Readable.from([input]),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: { KUBECONFIG: kubeconfig },
    clock: systemClock,
    random: systemRandom,
    signal,
  };
  try {
    const code = await dispatch(verbs, ["kubectl", ...words.split(" "), ...args], io);
    return { code, out, err };
  } catch (error) {
    if (error instanceof Exit) return { code: error.code, out, err };
    return { code: exitCodeOf(error), out, err: `${err}${explain(error)}\n` };
  }
}

/** What it prints; it must go well. */
async function prints(words: string, options: Parameters<typeof kubectl>[1] = {}): Promise<string> {
  const { code, out, err } = await kubectl(words, options);
  assert.equal(code, 0, err);
  return out;
}

async function fails(words: string, options: Parameters<typeof kubectl>[1] = {}): Promise<string> {
  const { code, out, err } = await kubectl(words, options);
  assert.notEqual(code, 0, out);
  return err;
}

async function namespace(name: string): Promise<void> {
  await prints(`create namespace ${name}`);
}

async function file(name: string, content: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  return path;
}

const deployment = (replicas: number, image: string, more = "") => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: "${image}"${more} }
`;

test("apply creates, sees that nothing changed, and changes; what others set stays", async () => {
  await namespace("apply");
  const path = await file(
    "web.yaml",
    deployment(1, "x:1", ", env: [{ name: A, value: a }, { name: B, value: b }]"),
  );
  assert.equal(await prints(`apply -n apply -f ${path}`), "deployment.apps/web created\n");
  assert.equal(await prints(`apply -n apply -f ${path}`), "deployment.apps/web unchanged\n");
  assert.equal(await prints("scale -n apply deployment/web --replicas=1"), "deployment.apps/web scaled\n");
  await file("web.yaml", deployment(1, "x:2", ", env: [{ name: B, value: c }]"));
  assert.equal(
    await prints(`apply -n apply --dry-run=server -f ${path}`),
    "deployment.apps/web configured (server dry run)\n",
  );
  assert.equal(await prints(`apply -n apply -f ${path}`), "deployment.apps/web configured\n");
  const [shown] = [JSON.parse(await prints("get -n apply deploy web -o json"))];
  const [container] = shown.spec.template.spec.containers;
  assert.deepEqual(
    [container.image, container.env, container.imagePullPolicy],
    ["x:2", [{ name: "B", value: "c" }], "IfNotPresent"],
  );
  assert.equal(
    await prints(`delete -f ${path} -n apply`),
    'deployment.apps "web" deleted from apply namespace\n',
  );
  assert.equal(
    await fails("get deploy web -n apply"),
    'Error from server (NotFound): deployments.apps "web" not found\n',
  );
});

test("apply on the server, from standard input", async () => {
  await namespace("server-side");
  const input = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: '1' }\n";
  assert.equal(
    await prints("apply --server-side -n server-side -f -", { input }),
    "configmap/c serverside-applied\n",
  );
  const taken = input.replace("'1'", "'2'");
  const conflict = await fails("apply --server-side --field-manager=other -n server-side -f -", {
    input: taken,
  });
  assert.match(conflict, /conflict/i);
  await prints("apply --server-side --force-conflicts --field-manager=other -n server-side -f -", {
    input: taken,
  });
  assert.equal(await prints("get cm c -n server-side -o jsonpath={.data.a}"), "2");
});

test("what a file says wrong is told with its place", async () => {
  const broken = await file(
    "broken.yaml",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c, namespac: x }\n",
  );
  assert.match(
    await fails(`apply -f ${broken}`),
    /^Error from server \(BadRequest\): error when creating .*unknown field "metadata.namespac"/,
  );
  const unknown = await file("unknown.yaml", "apiVersion: nobody/v1\nkind: Thing\nmetadata: { name: t }\n");
  assert.match(await fails(`apply -f ${unknown}`), /no matches for kind "Thing" in version "nobody\/v1"/);
  assert.match(await fails("apply -f /nowhere.yaml"), /the path "\/nowhere.yaml" does not exist/);
  const invalid = await file(
    "invalid.yaml",
    "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [] }\n",
  );
  assert.equal(
    await fails(`apply -f ${invalid}`),
    'The Pod "p" is invalid: spec.containers: Required value\n',
  );
  assert.match(await fails("get nothing"), /the server doesn't have a resource type "nothing"/);
  assert.match(await fails("gte pods"), /Did you mean this\?\n\tget/);
  assert.match(await fails("get pods --wrong"), /unknown flag: --wrong/);
});

test("get shows tables, names, objects and what a path or columns pick", async () => {
  await namespace("show");
  const at = "-n show";
  assert.deepEqual(await kubectl(`get pods ${at}`), {
    code: 0,
    out: "",
    err: "No resources found in show namespace.\n",
  });
  for (const name of ["b", "a"]) {
    await prints(`create configmap ${name} --from-literal=name=${name} ${at}`);
    await prints(`create -f - ${at}`, {
      input: `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: web, tier: ${name} } }\nspec: { containers: [{ name: c, image: x }] }\n`,
    });
  }
  assert.match(
    await prints(`get pods ${at}`),
    /^NAME   READY   STATUS    RESTARTS   AGE\na      0\/1     Pending   0          \d+s\nb /,
  );
  assert.match(await prints(`get po ${at} -o wide`), /NOMINATED NODE   READINESS GATES\n/);
  assert.match(await prints(`get po ${at} --show-labels`), /LABELS\na .* app=web,tier=a\n/);
  assert.match(
    await prints(`get pods,cm ${at}`),
    /^NAME +READY.*\npod\/a .*\npod\/b .*\n\nNAME +DATA +AGE\nconfigmap\/a +1 /s,
  );
  assert.match(await prints(`get pods -A -l tier=a`), /^NAMESPACE   NAME .*\nshow        a .*\n$/);
  assert.equal(await prints(`get po ${at} -o name`), "pod/a\npod/b\n");
  assert.equal(await prints(`get po/a cm/b ${at} -o name`), "pod/a\nconfigmap/b\n");
  assert.equal(await prints(`get po ${at} -l tier!=a -o name`), "pod/b\n");
  assert.equal(await prints(`get po ${at} --field-selector metadata.name=b -o name`), "pod/b\n");
  assert.equal(await prints(`get po ${at} -o jsonpath={.items[*].metadata.name}`), "a b");
  assert.equal(
    await prints(`get po ${at} -o custom-columns=N:.metadata.name,I:.spec.containers[*].image,X:.x`),
    "N     I     X\na     x     <none>\nb     x     <none>\n",
  );
  assert.equal(await prints(`get po a ${at} --no-headers -o custom-columns=N:.metadata.name`), "N\na\n");
  assert.match(await prints(`get po ${at} --sort-by=.metadata.creationTimestamp`), /^NAME.*\n(a|b) /);
  const list = JSON.parse(await prints(`get po ${at} -o json`));
  assert.deepEqual(
    [list.kind, list.apiVersion, list.items.length, list.items[0].metadata.managedFields],
    ["List", "v1", 2, undefined],
  );
  assert.match(
    await prints(`get cm a ${at} -o yaml`),
    /^apiVersion: v1\ndata:\n  name: a\nkind: ConfigMap\nmetadata:\n  creationTimestamp: /,
  );
  const some = await kubectl(`get po a none ${at}`);
  assert.equal(some.code, 1);
  assert.match(some.out, /^NAME.*\na /);
  assert.equal(some.err, 'Error from server (NotFound): pods "none" not found\n');
  assert.deepEqual(await kubectl(`get po none ${at} --ignore-not-found`), { code: 0, out: "", err: "" });
  assert.match(await prints("get --raw /version"), /"gitVersion"/);
});

test("get watches until it is ended", async () => {
  await namespace("watched");
  const ending = new AbortController();
  const watching = kubectl("get cm -n watched -o name --watch", {
    signal: ending.signal,
    onOutput: (all) => {
      if (all.includes("configmap/second")) ending.abort(new Exit(130));
      else if (all.includes("configmap/first")) void kubectl("create configmap second -n watched");
    },
  });
  await prints("create configmap first -n watched");
  const { code, out } = await watching;
  assert.equal(code, 130);
  assert.match(out, /configmap\/first\nconfigmap\/second\n$/);
});

test("delete by labels, all of a kind, and what is not there", async () => {
  await namespace("delete");
  for (const name of ["a", "b", "c"]) await prints(`create configmap ${name} -n delete`);
  await client.mergePatch(
    (await import("#api/core-v1/configmap")).ConfigMap,
    { namespace: "delete", name: "a" },
    { metadata: { labels: { x: "y" } } },
  );
  assert.equal(await prints("delete cm -l x=y -n delete"), 'configmap "a" deleted from delete namespace\n');
  assert.equal(await prints("delete cm/b -n delete -o name"), "configmap/b\n");
  assert.equal(
    await fails("delete cm b -n delete"),
    'Error from server (NotFound): configmaps "b" not found\n',
  );
  assert.equal(await prints("delete cm b -n delete --ignore-not-found"), "");
  assert.match(await fails("delete cm -n delete"), /no name was specified/);
  assert.equal(
    await prints("delete cm --all -n delete --dry-run=server"),
    'configmap "c" deleted from delete namespace (server dry run)\n',
  );
  assert.equal(await prints("delete cm --all -n delete"), 'configmap "c" deleted from delete namespace\n');
});

test("wait sees conditions, values, creation and the end", async () => {
  await namespace("waiting");
  await prints("create -f - -n waiting", {
    input:
      "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: c, image: x }] }\n",
  });
  const ready = kubectl("wait pod/p --for=condition=Ready -n waiting --timeout=30s");
  const running = kubectl("wait pod/p --for=jsonpath={.status.phase}=Running -n waiting");
  const created = kubectl("wait cm/c --for=create -n waiting");
  const pod = await client.get(Pod, { namespace: "waiting", name: "p" });
  const conditions = [{ type: "Ready", status: "True" as const }];
  await client.updateStatus(Pod, { ...pod, status: { ...pod.status, phase: "Running", conditions } });
  await prints("create configmap c -n waiting");
  assert.equal((await ready).out, "pod/p condition met\n");
  assert.equal((await running).out, "pod/p condition met\n");
  assert.equal((await created).out, "configmap/c condition met\n");
  const late = await kubectl("wait pod/p --for=condition=Never -n waiting --timeout=10ms");
  assert.deepEqual([late.code, late.err], [1, "error: timed out waiting for the condition on pods/p\n"]);
  const gone = kubectl("wait pod/p --for=delete -n waiting");
  await prints("delete pod p -n waiting --force --grace-period=0");
  assert.equal((await gone).out, "pod/p condition met\n");
});

test("create makes what its words say", async () => {
  await namespace("words");
  const made = async (words: string, args: readonly string[] = []) =>
    JSON.parse(await prints(`create -n words ${words} -o json`, { args }));
  assert.equal(
    (await made("deployment web --image=team/hello:1 --port=80 --replicas=2")).spec.template.spec
      .containers[0].name,
    "hello",
  );
  assert.deepEqual((await made("service clusterip web --tcp=80:8080")).spec.ports, [
    { name: "80-8080", port: 80, protocol: "TCP", targetPort: 8080 },
  ]);
  assert.deepEqual((await made("secret generic s --from-literal=a=b")).data, { a: "Yg==" });
  assert.deepEqual(
    (await made("job j --image=x", ["--", "echo", "two words"])).spec.template.spec.containers[0].command,
    ["echo", "two words"],
  );
  assert.deepEqual((await made("role r --verb=get,list --resource=pods,deployments.apps")).rules, [
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "list"] },
  ]);
  await prints("create rolebinding b --role=r --serviceaccount=words:sa -n words");
  await prints("create serviceaccount sa -n words");
  assert.match(await prints("create token sa -n words"), /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
  assert.equal(
    await prints("create configmap c --from-literal=a=b --dry-run=client -o yaml"),
    "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: c\n",
  );
  assert.equal(
    await fails("create configmap -n words c1 c2"),
    "error: exactly one NAME is required, got 2\nusage: k8ts kubectl create configmap NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] [--from-env-file=FILE]\n",
  );
  assert.equal(
    await fails("create serviceaccount sa -n words"),
    'Error from server (AlreadyExists): serviceaccounts "sa" already exists\n',
  );
});

test("rollout status, pause and resume; describe tells of objects and their events", async () => {
  await namespace("roll");
  await prints("apply -n roll -f -", { input: deployment(2, "x:1") });
  assert.match(
    await prints("rollout status deployment/web -n roll --watch=false"),
    /^Waiting for deployment/,
  );
  assert.equal(await prints("rollout pause deployment/web -n roll"), "deployment.apps/web paused\n");
  assert.match(await fails("rollout pause deployment/web -n roll"), /already paused/);
  assert.equal(await prints("rollout resume deployment/web -n roll"), "deployment.apps/web resumed\n");
  assert.equal(await prints("rollout restart deployment/web -n roll"), "deployment.apps/web restarted\n");
  const described = await prints("describe deploy web -n roll");
  assert.match(described, /^Name: +web\nNamespace: +roll\n/);
  assert.match(described, /Replicas: +2 desired \| 0 updated/);
  assert.match(described, /Image: +x:1\n/);
  assert.match(described, /Events: +<none>\n$/);
  await prints("create -n roll -f -", {
    input:
      "apiVersion: v1\nkind: Pod\nmetadata: { name: p, labels: { a: b } }\nspec: { containers: [{ name: c, image: x, ports: [{ containerPort: 80 }] }] }\n",
  });
  const pod = await prints("describe pod p -n roll");
  assert.match(pod, /Labels: +a=b\n/);
  assert.match(pod, / {4}Port: +80\/TCP\n/);
  assert.match(await prints("describe ns roll"), /Kind: +Namespace\n/);
});
