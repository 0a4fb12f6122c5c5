/**
 * kubectl 1.20, as Debian has it: a client of fifteen versions ago that speaks SPDY, reads OpenAPI v2 and discovery group by
 * group. The tests build on one another, in order.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { unpackedPackage } from "../tools/debian-package.ts";
import { output, type RunOptions, start } from "../tools/run.ts";

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: k8ts.local/hello:1
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }]
`;

describe("kubectl 1.20", () => {
  let cluster: LocalCluster;
  let program: string;
  before(async () => {
    const package_ = await unpackedPackage("kubernetes-client");
    program = join(package_, "usr/bin/kubectl");
    cluster = await startLocalCluster({ images: ["k8ts.local/hello:2"] });
  });
  after(async () => assert.deepEqual(await cluster.remove(), []));

  const options = (more: RunOptions = {}): RunOptions => ({
    ...more,
    env: { KUBECONFIG: cluster.kubeconfig, HOME: join(cluster.kubeconfig, "..") },
  });
  const kubectl = (words: string, ...more: readonly string[]) =>
    output(program, [...words.split(" "), ...more], options());
  const apply = (manifest: string, words = "apply -f -") =>
    output(program, words.split(" "), options({ input: manifest }));

  it("knows the server, and what it serves", async () => {
    const told = await kubectl("version --short");
    assert.match(told, /Client Version: v1\.20\./);
    assert.match(told, /Server Version: v1\.35\./);
    assert.match(await kubectl("api-resources --api-group=apps -o name"), /^deployments\.apps$/m);
    assert.match(await kubectl("api-versions"), /^rbac\.authorization\.k8s\.io\/v1$/m);
    assert.match(await kubectl("cluster-info"), /control plane.* is running at/);
  });

  it("apply, checked against the schema it read; diff-free a second time", async () => {
    assert.equal(await apply(WEB), "deployment.apps/web created\nservice/web created\n");
    assert.equal(await apply(WEB), "deployment.apps/web unchanged\nservice/web unchanged\n");
    await assert.rejects(
      apply(WEB.replace("replicas: 1", "replicaz: 1")),
      /error validating data: .*unknown field "replicaz" in io\.k8s\.api\.apps\.v1\.DeploymentSpec/,
    );
    assert.match(await apply(WEB, "apply --dry-run=server -f -"), /web unchanged \(server dry run\)/);
    const server = await apply(WEB, "apply --server-side --force-conflicts -f -");
    assert.match(server, /deployment\.apps\/web serverside-applied/);
    // The server has written down what was applied in its own words; these are the client's again.
    assert.match(await apply(WEB), /deployment\.apps\/web configured/);
    assert.match(await apply(WEB), /deployment\.apps\/web unchanged/);
  });

  it("rollout, set image, undo, scale, wait", async () => {
    assert.match(await kubectl("rollout status deployment/web --timeout=180s"), /successfully rolled out/);
    await kubectl("set image deployment/web web=k8ts.local/hello:2");
    assert.match(await kubectl("rollout status deployment/web --timeout=180s"), /successfully rolled out/);
    assert.match(await kubectl("rollout history deployment/web"), /^2 /m);
    assert.match(await kubectl("rollout undo deployment/web"), /rolled back/);
    assert.match(await kubectl("scale deployment/web --replicas=2"), /scaled/);
    await kubectl("rollout status deployment/web --timeout=180s");
    assert.match(
      await kubectl("wait --for=condition=Available deployment/web --timeout=180s"),
      /condition met/,
    );
  });

  it("get in every form, describe, explain", async () => {
    assert.match(
      await kubectl("get deployments"),
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /,
    );
    assert.match(await kubectl("get pods -o wide -l app=web"), /^web-.* 1\/1 +Running/m);
    assert.equal(await kubectl("get deployment web -o jsonpath={.spec.replicas}"), "2");
    assert.match(await kubectl("get all"), /^service\/web /m);
    assert.match(await kubectl("describe deployment web"), /^Replicas: +2 desired \| 2 updated \| 2 total/m);
    assert.match(await kubectl("describe node"), /^Conditions:\n/m);
    assert.match(await kubectl("explain deployment.spec.replicas"), /^FIELD: +replicas <integer>/m);
  });

  it("exec, logs and port-forward over SPDY", async () => {
    await kubectl("run box --image=k8ts.local/hello:1 --restart=Never -- sh -c", "echo ready; sleep 3600");
    await kubectl("wait --for=condition=Ready pod/box --timeout=180s");
    assert.equal(await kubectl("exec box -- echo hello"), "hello\n");
    const echoed = await output(
      program,
      ["exec", "-i", "box", "--", "cat"],
      options({ input: "to and fro" }),
    );
    assert.equal(echoed, "to and fro");
    await assert.rejects(kubectl("exec box -- sh -c", "exit 7"), /exit code 7/);
    assert.equal(await kubectl("logs box"), "ready\n");

    const forward = start(program, ["port-forward", "service/web", ":80"], options());
    try {
      const [, port] = /127\.0\.0\.1:([0-9]+) ->/.exec(await forward.says(/127\.0\.0\.1:[0-9]+ ->/))!;
      const answer = await fetch(`http://127.0.0.1:${port}/cgi-bin/hostname`);
      assert.match(await answer.text(), /^web-/);
    } finally {
      await forward.stop();
    }
  });

  it("label, annotate, patch, taint, cordon", async () => {
    await kubectl("label pod box tier=tools");
    await kubectl("annotate pod box", "note=by hand");
    assert.match(await kubectl("get pods -l tier=tools --show-labels"), /^box .*tier=tools/m);
    await kubectl(
      "patch deployment web --type=json -p",
      '[{"op":"replace","path":"/spec/replicas","value":1}]',
    );
    await kubectl("patch deployment web -p", '{"metadata":{"labels":{"patched":"yes"}}}');
    assert.equal(
      await kubectl("get deployment web -o jsonpath={.metadata.labels.patched}{.spec.replicas}"),
      "yes1",
    );
    const [node] = cluster.settings.nodes;
    assert.match(await kubectl(`cordon ${node}`), /cordoned/);
    assert.match(await kubectl("get nodes"), /Ready,SchedulingDisabled/);
    assert.match(await kubectl(`uncordon ${node}`), /uncordoned/);
  });

  it("who may do what, config maps, secrets, quota", async () => {
    await kubectl("create serviceaccount robot");
    await kubectl("create role reader --verb=get,list --resource=pods");
    await kubectl("create rolebinding robot --role=reader --serviceaccount=default:robot");
    const as = "--as=system:serviceaccount:default:robot";
    assert.equal(await kubectl(`auth can-i list pods ${as}`), "yes\n");
    await assert.rejects(kubectl(`auth can-i delete pods ${as}`), /no/);
    await kubectl("create configmap settings --from-literal=a=b");
    await kubectl("create secret generic password --from-literal=word=secret");
    assert.match(await kubectl("describe secret password"), /^word: +6 bytes/m);
    await kubectl("create quota few --hard=configmaps=2");
    assert.match(await kubectl("get quota few"), /configmaps: [0-9]\/2/);
  });

  it("delete waits until the objects are gone", async () => {
    assert.match(await kubectl("delete pod box --grace-period=0 --force"), /deleted/);
    await kubectl("delete deployment/web service/web");
    await kubectl("wait --for=delete pod -l app=web --timeout=180s").catch(() => undefined);
    assert.equal(await kubectl("get pods -o name"), "");
  });
});
