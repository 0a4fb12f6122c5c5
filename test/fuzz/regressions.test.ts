/** What once went wrong, found by attacks with other seeds or by reading. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { type Answer, Sender } from "./sender.ts";
import { MANNERS } from "./peers/misbehaving.ts";
import { EXTENSION, HOOK } from "./names.ts";
import { type Target, startTarget } from "./target.ts";
import { runSession } from "./connections/upgrades.ts";

const FUZZ = "/api/v1/namespaces/fuzz";
const THINGS = `/apis/${EXTENSION}/v1/things`;
const JSON_TYPE = "application/json";
const MERGE = "application/merge-patch+json";
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}`);

interface Row {
  readonly what: string;
  readonly as?: string;
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
  readonly over?: "h1" | "h2";
  readonly headers?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly says?: RegExp;
}

const ROWS: readonly Row[] = [
  {
    what: "a selector with an operator that does not exist",
    method: "POST",
    path: "/apis/apps/v1/namespaces/fuzz/deployments",
    body: '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"odd"},"spec":{"selector":{"matchExpressions":[{"key":"a","operator":""}]},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a","image":"b"}]}}}}',
    code: 422,
  },
  {
    what: "a wish for another protocol where there is none",
    method: "GET",
    path: `${FUZZ}/configmaps/map`,
    over: "h1",
    headers: { connection: "Upgrade", upgrade: "websocket" },
    code: 200,
  },
  {
    what: "the proxy of a node without an address",
    method: "GET",
    path: "/api/v1/nodes/kept/proxy/",
    code: 503,
  },
  {
    what: "JSON as deep as a body may be",
    method: "POST",
    path: "/apis/apps/v1/namespaces/fuzz/controllerrevisions",
    body: `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"deep"},"revision":1,"data":${nested(990)}}`,
    code: 201,
  },
  {
    what: "a name that is too long for a key",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/namespaces/fuzz/roles",
    body: `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"${"a".repeat(2000)}"}}`,
    code: 422,
    says: /metadata\.name/,
  },
  {
    what: "a name that is not ASCII",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/namespaces/fuzz/roles",
    body: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"\u00fc"}}',
    code: 422,
    says: /printable ASCII/,
  },
  {
    what: "an integer on record that no double holds",
    method: "DELETE",
    path: `${FUZZ}/endpoints/none`,
    body: '{"gracePeriodSeconds":9223372036854775807}',
    code: 404,
  },
  {
    what: "JSON that is deeper",
    method: "POST",
    path: "/apis/apps/v1/namespaces/fuzz/controllerrevisions",
    body: nested(1_100),
    code: 400,
  },
  {
    what: "a JSON patch whose copies double",
    method: "PATCH",
    path: `${FUZZ}/configmaps/map`,
    type: "application/json-patch+json",
    body: JSON.stringify(
      many(60).map((name) => ({ op: "copy", from: "/metadata", path: `/metadata/${name}` })),
    ),
    code: 413,
    says: /copies of a JSON patch/,
  },
  {
    what: "a directive that cannot be made a text",
    method: "PATCH",
    path: `${FUZZ}/configmaps/map`,
    type: "application/strategic-merge-patch+json",
    body: '{"$patch":{"toString":1,"valueOf":2}}',
    code: 400,
    says: /Unknown patch type found/,
  },
  {
    what: "a name that cannot be made a text",
    method: "PATCH",
    path: `${FUZZ}/configmaps/map?fieldManager=me`,
    type: "application/apply-patch+yaml",
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":{"toString":1,"valueOf":2}}}',
    code: 400,
  },
  {
    what: "a strategic merge of a long list in another order",
    method: "PATCH",
    path: "/apis/apps/v1/namespaces/fuzz/deployments/deployment?dryRun=All",
    type: "application/strategic-merge-patch+json",
    body: JSON.stringify({
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "web",
                env: many(20_000).map((name) => ({ name })),
                "$setElementOrder/env": many(20_000)
                  .toReversed()
                  .map((name) => ({ name })),
              },
            ],
          },
        },
      },
    }),
    code: 200,
  },
  {
    what: "exec by GET with the right to get only",
    as: "attacker",
    method: "GET",
    path: "/api/v1/namespaces/kept/pods/pod/exec?command=a&stdout=1",
    code: 403,
    says: /cannot create/,
  },
  {
    what: "exec by way of an old watch path",
    method: "GET",
    path: "/api/v1/watch/namespaces/fuzz/pods/pod/exec?command=a&stdout=1",
    code: 405,
  },
  {
    what: "exec by PATCH",
    method: "PATCH",
    path: `${FUZZ}/pods/pod/exec?command=a&stdout=1`,
    body: "{}",
    code: 405,
  },
  { what: "a log by DELETE", method: "DELETE", path: `${FUZZ}/pods/pod/log`, code: 405 },
  {
    what: "a pod that says to be at loopback",
    method: "PATCH",
    path: `${FUZZ}/pods/pod/status`,
    type: MERGE,
    body: '{"status":{"podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}]}}',
    code: 200,
  },
  {
    what: "its proxy",
    method: "GET",
    path: `${FUZZ}/pods/pod/proxy/`,
    code: 400,
    says: /address not allowed/,
  },
  {
    what: "a port that does not exist",
    method: "GET",
    path: `${FUZZ}/pods/pod:70000/proxy/`,
    code: 400,
    says: /no port/,
  },
  { what: "a path below the subresource", method: "GET", path: `${FUZZ}/pods/pod/exec/status`, code: 404 },
  {
    what: "another's secret as a name",
    method: "GET",
    path: `${FUZZ}/secrets/..%2F..%2Fkept%2Fsecret`,
    code: 404,
  },
  {
    what: "a kind without namespaces inside of one",
    method: "PATCH",
    path: "/api/v1/namespaces/fuzz/nodes/kept",
    type: MERGE,
    body: "{}",
    code: 403,
  },
  {
    what: "groups without a user",
    method: "GET",
    path: "/version",
    headers: { "impersonate-group": "system:masters" },
    code: 400,
  },
  {
    what: "an administrator whom one may not be",
    method: "GET",
    path: "/version",
    headers: { "impersonate-user": "x", "impersonate-group": "system:masters" },
    code: 403,
  },
  {
    what: "another node's secret",
    as: "node",
    method: "GET",
    path: "/api/v1/namespaces/kept/secrets/secret",
    code: 403,
  },
  { what: "all secrets, as a node", as: "node", method: "GET", path: "/api/v1/secrets", code: 403 },
  {
    what: "a label of the project, by a node",
    as: "node",
    method: "PATCH",
    path: "/api/v1/nodes/kept",
    type: MERGE,
    body: '{"metadata":{"labels":{"node-restriction.kubernetes.io/a":"b"}}}',
    code: 403,
  },
  {
    what: "a taint, by a node",
    as: "node",
    method: "PATCH",
    path: "/api/v1/nodes/kept",
    type: MERGE,
    body: '{"spec":{"taints":[{"key":"a","effect":"NoExecute"}]}}',
    code: 403,
  },
  {
    what: "another node's status, by a node",
    as: "node",
    method: "PATCH",
    path: "/api/v1/nodes/fuzz-0/status",
    type: MERGE,
    body: "{}",
    code: 403,
  },
  {
    what: "a token that is bound to no pod, by a node",
    as: "node",
    method: "POST",
    path: "/api/v1/namespaces/kept/serviceaccounts/default/token",
    body: '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["a"]}}',
    code: 403,
  },
  {
    what: "a binding to a role that one does not have",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/namespaces/fuzz/rolebindings",
    body: '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"up"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"attacker"}]}',
    code: 403,
  },
  {
    what: "a namespace finalized by who may not",
    method: "PUT",
    path: "/api/v1/namespaces/kept/finalize",
    body: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kept"}}',
    code: 403,
  },
  {
    what: "a wish for another protocol where a namespace has the name of a connection",
    method: "GET",
    path: "/api/v1/namespaces/exec/configmaps",
    over: "h1",
    headers: { connection: "Upgrade", upgrade: "websocket" },
    code: 200,
  },
  {
    what: "an extension server that changes the protocol unasked",
    method: "GET",
    path: `${THINGS}/${MANNERS.unasked}`,
    code: 503,
    says: /changed the protocol unasked/,
  },
  {
    what: "an extension server whose status is none",
    method: "GET",
    path: `${THINGS}/${MANNERS.oddStatus}`,
    code: 503,
    says: /answered with status 600/,
  },
  {
    what: "an extension server whose headers HTTP/2 may not have",
    method: "GET",
    path: `${THINGS}/${MANNERS.connectionHeaders}`,
    code: 200,
  },
  {
    what: "a kubelet that changes the protocol unasked",
    method: "GET",
    path: `/api/v1/nodes/broken/proxy/${MANNERS.unasked}`,
    code: 503,
    says: /changed the protocol unasked/,
  },
  {
    what: "a kubelet that breaks off while it refuses",
    method: "GET",
    path: `/api/v1/nodes/broken/proxy/${MANNERS.halfRefusal}`,
    code: 400,
    says: /half/,
  },
  {
    what: "a webhook that changes the protocol unasked, and must be asked",
    method: "POST",
    path: `${FUZZ}/configmaps`,
    body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"hooked","labels":{"${HOOK}":"3"}}}`,
    code: 500,
    says: /failed calling webhook/,
  },
];

describe("attacks that once worked", () => {
  let target: Target;
  let sender: Sender;
  before(async () => {
    target = await startTarget(1);
    sender = new Sender(target.port, target.authority);
  });
  after(async () => {
    sender.close();
    await target.close();
  });

  const ask = ({
    as = "attacker",
    method,
    path,
    type = JSON_TYPE,
    body,
    over = "h2",
    headers = {},
  }: Omit<Row, "what" | "code">): Promise<Answer> =>
    sender.send({
      over,
      method,
      path,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body === undefined ? {} : { "content-type": type }),
        ...headers,
      },
      body: body === undefined ? undefined : new TextEncoder().encode(body),
      abort: false,
    });

  for (const { what, code, says, ...request } of ROWS) {
    it(what, async () => {
      const answer = await ask(request);
      assert.equal(answer.status, code, answer.body.slice(0, 500));
      if (says) assert.match(answer.body, says);
    });
  }

  it("who tried to be somebody else is on record", async () => {
    const headers = { "impersonate-user": "an-administrator" };
    await ask({ method: "GET", path: "/version", headers });
    const line = target.audited.findLast(
      (each) => each.includes('"/version"') && each.includes("ResponseComplete"),
    );
    const { user, responseStatus } = JSON.parse(line!) as {
      user: { username: string };
      responseStatus: { code: number };
    };
    assert.deepEqual([user.username, responseStatus.code], ["attacker", 403]);
  });

  it("a node cannot lead the server's credentials to the server itself", async () => {
    const status = {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: target.port } },
    };
    const told = await ask({
      as: "node",
      method: "PATCH",
      path: "/api/v1/nodes/kept/status",
      type: MERGE,
      body: JSON.stringify({ status }),
    });
    assert.equal(told.status, 200, told.body);
    const answer = await ask({
      method: "GET",
      path: "/api/v1/nodes/kept/proxy/api/v1/namespaces/kept/secrets",
    });
    assert.equal(answer.status, 503, answer.body);
    assert.match(answer.body, /is not that of node kept/);
  });

  const session = (number: number, early: string) => ({
    over: "upgrade" as const,
    what: "exec",
    number,
    head: `GET /api/v1/namespaces/streams/pods/pod/exec?stdout=1&command=n${number}n HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer attacker\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
    bridged: true,
    early: Buffer.from(early),
    pieces: [],
    leave: "wait" as const,
    hasty: false,
  });

  it("a kubelet that leaves before it is asked for a stream ends the command", async () => {
    assert.equal(await runSession(session(MANNERS.goAway, ""), target.port, target.authority), undefined);
  });

  it("a client that spoke too early and left is not forgotten while the kubelet is silent", async () => {
    await runSession(session(MANNERS.silent, "early"), target.port, target.authority);
    await target.kubelet.allGone();
  });

  it("a client that leaves in the middle of a body is not forgotten while the kubelet is silent", async () => {
    await sender.send({
      over: "h1",
      method: "POST",
      path: `/api/v1/nodes/broken/proxy/${MANNERS.silent}`,
      headers: { authorization: "Bearer attacker" },
      body: new Uint8Array(600_000),
      abort: true,
    });
    await target.kubelet.allGone();
  });

  it("answers that are given up do not use up a connection", async () => {
    const session = connectHttp2(`https://127.0.0.1:${target.port}`, { ca: target.authority });
    session.on("error", () => undefined);
    const headers = { authorization: "Bearer attacker" };
    for (let time = 0; time < 20; time++) {
      const stream = session.request({ ...headers, ":path": "/openapi/v2" });
      stream.on("response", () => stream.close(constants.NGHTTP2_CANCEL));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await once(stream, "close");
    }
    const stream = session.request({ ...headers, ":path": `${FUZZ}/configmaps/map` });
    const [answer] = (await once(stream, "response")) as [Record<string, unknown>];
    assert.equal(answer[":status"], 200);
    session.destroy();
  });

  it("what is malformed behind a wish for another protocol is answered, and so is what is no HTTP", async () => {
    for (const [sent, wanted] of [
      [
        "GET /version HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET /\u00fc HTTP/1.1\r\nHost: a\r\n\r\n",
        /^HTTP\/1\.1 [0-9]{3}/,
      ],
      ["nonsense\r\n\r\n", /^HTTP\/1\.1 400 Bad Request\r\n/],
      [
        "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\nHost: a\r\n\r\n",
        /^HTTP\/1\.1 400 Bad Request\r\n/,
      ],
    ] as const) {
      const socket = connectTls({
        host: "127.0.0.1",
        port: target.port,
        ca: target.authority,
        ALPNProtocols: ["http/1.1"],
      });
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => undefined);
      socket.write(sent, "latin1");
      // The server ends the connection by itself.
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await once(socket, "close");
      assert.match(Buffer.concat(chunks).toString("latin1"), wanted);
    }
  });
});
