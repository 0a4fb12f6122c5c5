/** Whole applications, made and removed with kubectl. */
import assert from "node:assert/strict";
import { eventually } from "../../tools/eventually.ts";
import { pods } from "../kinds.ts";
import { Kubectl, listOf } from "../kubectl.ts";
import { isReady, scripted, templateOf, web } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { leadsTo } from "../workloads.ts";

conformance(
  "[sig-cli] Kubectl client Guestbook application should create and stop a working application [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    const parts = guestbook();
    await kubectl.feed(listOf(...parts), "create");
    await pods(context).untilAll(
      {},
      (all) => all.length === 5 && all.every(isReady),
      "all five pods are ready",
    );

    const ask = async (query: string) => {
      const path = `/api/v1/namespaces/${context.namespace}/services/frontend:80/proxy/cgi-bin/guestbook?${query}`;
      const { code, body } = await context.raw("GET", path);
      return [code, body];
    };
    for (const [service, count] of [
      ["leader", 1],
      ["replica", 2],
      ["frontend", 2],
    ] as const)
      await leadsTo(context, service, count);
    // A frontend may hear a moment later where the others are.
    const answers = (query: string, answer: string) =>
      eventually(async () => assert.deepEqual(await ask(query), [200, answer]));
    await answers("get", "no entry\n");
    await answers("set+TestEntry", "written\n");
    // Through either frontend and either replica.
    for (let time = 0; time < 4; time++) await answers("get", "TestEntry\n");

    await kubectl.feed(listOf(...parts), "delete --grace-period=0 --force");
    await pods(context).untilAll({}, (all) => all.length === 0, "all pods are gone");
    assert.equal(await kubectl.run("get deployments,replicasets,services,pods -o name"), "");
  },
);

/** A store, two replicas that read from it, and two frontends that write to the one and read from the others. */
function guestbook(): object[] {
  const store = cgi(
    "store",
    `case "$QUERY_STRING" in set+*) echo "\${QUERY_STRING#set+}" >/tmp/entry; echo written;; *) cat /tmp/entry 2>/dev/null || echo no entry;; esac`,
  );
  const replica = cgi("store", "wget -qO- http://leader:6379/cgi-bin/store?get");
  const frontend = cgi(
    "guestbook",
    `case "$QUERY_STRING" in set+*) wget -qO- "http://leader:6379/cgi-bin/store?$QUERY_STRING";; *) wget -qO- http://replica:6379/cgi-bin/store?get;; esac`,
  );
  return [
    ...application("leader", 1, store, 6379),
    ...application("replica", 2, replica, 6379),
    ...application("frontend", 2, frontend, 80),
  ];
}

/** Shell that serves a script at `/cgi-bin/<name>`. */
const cgi = (name: string, script: string): string =>
  [
    "mkdir -p /tmp/www/cgi-bin",
    `cat >/tmp/www/cgi-bin/${name} <<'END'\n#!/bin/sh\nprintf 'content-type: text/plain\\r\\n\\r\\n'\n${script}\nEND`,
    `chmod 755 /tmp/www/cgi-bin/${name}`,
    "exec httpd -f -p 8080 -h /tmp/www",
  ].join("\n");

function application(name: string, replicas: number, script: string, port: number): object[] {
  const labels = { app: "guestbook", tier: name };
  const container = scripted(script, {
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  });
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, labels },
      spec: { replicas, selector: { matchLabels: labels }, template: templateOf(labels, container) },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, labels },
      spec: { selector: labels, ports: [{ port, targetPort: 8080 }] },
    },
  ];
}

const demo = (replicas: number) => ({
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name: "update-demo" },
  spec: { replicas, selector: { name: "update-demo" }, template: templateOf({ name: "update-demo" }, web()) },
});

/** That many pods answer with their own name. */
async function answers(context: ConformanceContext, count: number): Promise<void> {
  const kubectl = new Kubectl(context);
  const all = await pods(context).untilAll(
    { labelSelector: "name=update-demo" },
    (found) => found.length === count && found.every(isReady),
    `${count} are ready`,
  );
  const named = await kubectl.run(
    "get pods -l name=update-demo -o",
    "template={{range .items}}{{.metadata.name}} {{end}}",
  );
  assert.deepEqual(named.trim().split(" ").toSorted(), all.map(({ metadata }) => metadata!.name).toSorted());
  for (const { metadata } of all) {
    const path = `/api/v1/namespaces/${context.namespace}/pods/${metadata!.name}:8080/proxy/cgi-bin/hostname`;
    assert.equal(await kubectl.run(`get --raw ${path}`), `${metadata!.name}\n`);
  }
}

conformance(
  "[sig-cli] Kubectl client Update Demo should create and stop a replication controller [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    assert.equal(await kubectl.feed(demo(2), "create"), "replicationcontroller/update-demo created\n");
    await answers(context, 2);
    await kubectl.feed(demo(2), "delete --grace-period=0 --force");
    await pods(context).untilAll({}, (all) => all.length === 0, "all pods are gone");
    assert.equal(await kubectl.run("get rc,svc -l name=update-demo --no-headers -o name"), "");
  },
);

conformance(
  "[sig-cli] Kubectl client Update Demo should scale a replication controller [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    await kubectl.feed(demo(2), "create");
    await answers(context, 2);
    for (const replicas of [1, 2]) {
      assert.equal(
        await kubectl.run(`scale rc update-demo --replicas=${replicas} --timeout=60s`),
        "replicationcontroller/update-demo scaled\n",
      );
      await answers(context, replicas);
    }
    const refused = await context.kubectl(
      "scale rc update-demo --current-replicas=5 --replicas=3".split(" "),
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Expected replicas to be 5, was 2/);
  },
);
