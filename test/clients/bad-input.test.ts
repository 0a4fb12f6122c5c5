/** What must never end the server, hang it or lose anything: each gets the Status that Kubernetes gives. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { pidOf } from "#cluster/daemon/daemon";
import { serverDaemon } from "#cluster/daemons";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { ApiCaller } from "../tools/api-caller.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";

interface Case {
  readonly what: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body?: string;
    readonly type?: string;
  };
  readonly code: number;
  readonly reason: string | undefined;
  readonly message: RegExp;
}

const post = (body: string, path = MAPS, type = JSON_TYPE) => ({ method: "POST", path, body, type });
const patch = (body: string, type: string, path = `${MAPS}/kept`) => ({ method: "PATCH", path, body, type });
const get = (path: string) => ({ method: "GET", path });
const map = (inner: string) => `{"apiVersion":"v1","kind":"ConfigMap",${inner}}`;
const deployment = (spec: string) =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"bad"},"spec":${spec}}`;

const CASES: readonly Case[] = [
  {
    what: "JSON that ends too early",
    request: post('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"'),
    code: 400,
    reason: "BadRequest",
    message: /unexpected (EOF|end of JSON input)/,
  },
  {
    what: "no JSON at all",
    request: post("\u0000\u0001\u0002 not json"),
    code: 400,
    reason: "BadRequest",
    message: /couldn't get version\/kind; json parse error|invalid character/,
  },
  {
    what: "an empty body",
    request: post(""),
    code: 400,
    reason: "BadRequest",
    message: /./,
  },
  {
    what: "JSON of the wrong kind of value",
    request: post("[1,2,3]"),
    code: 400,
    reason: "BadRequest",
    message: /cannot unmarshal array into Go value/,
  },
  {
    what: "malformed YAML",
    request: post("apiVersion: v1\nkind: ConfigMap\n  bad: [indent\n", MAPS, YAML_TYPE),
    code: 400,
    reason: "BadRequest",
    message: /yaml/,
  },
  {
    what: "YAML that multiplies itself by aliases",
    request: post(bomb(), MAPS, YAML_TYPE),
    code: 400,
    reason: "BadRequest",
    message: /./,
  },
  {
    what: "an unknown field, strictly",
    request: post(map('"metadata":{"name":"a"},"dota":{"x":"y"},"spec":1'), `${MAPS}?fieldValidation=Strict`),
    code: 400,
    reason: "BadRequest",
    message:
      /^ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dota", unknown field "spec"$/,
  },
  {
    what: "a field given twice, strictly",
    request: post(map('"metadata":{"name":"a","name":"b"}'), `${MAPS}?fieldValidation=Strict`),
    code: 400,
    reason: "BadRequest",
    message: /strict decoding error: duplicate field "metadata\.name"/,
  },
  {
    what: "a wrong way of checking fields",
    request: post(map('"metadata":{"name":"a"}'), `${MAPS}?fieldValidation=Loud`),
    code: 422,
    reason: "Invalid",
    message: /fieldValidation: Unsupported value: "Loud": supported values: "Ignore", "Strict", "Warn"/,
  },
  {
    what: "text where a number belongs",
    request: post(deployment('{"replicas":"three"}'), DEPLOYMENTS),
    code: 400,
    reason: "BadRequest",
    message:
      /Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/,
  },
  {
    what: "a number where text belongs",
    request: post(map('"metadata":{"name":"a"},"data":{"n":1}')),
    code: 400,
    reason: "BadRequest",
    message: /json: cannot unmarshal number into Go struct field ConfigMap\.data of type string/,
  },
  {
    what: "a number beyond its type",
    request: post(deployment('{"replicas":99999999999}'), DEPLOYMENTS),
    code: 400,
    reason: "BadRequest",
    message:
      /cannot unmarshal number 99999999999 into Go struct field DeploymentSpec\.spec\.replicas of type int32/,
  },
  {
    what: "a quantity that is none",
    request: post(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"many"}}}]}}',
      "/api/v1/namespaces/default/pods",
    ),
    code: 400,
    reason: "BadRequest",
    message: /quantities must match the regular expression/,
  },
  {
    what: "an object that misses what is required",
    request: post(deployment("{}"), DEPLOYMENTS),
    code: 422,
    reason: "Invalid",
    message:
      /^Deployment\.apps "bad" is invalid: \[(?=.*spec\.selector: Required value)(?=.*spec\.template\.metadata\.labels: Invalid value: .*`selector` does not match template `labels`)(?=.*spec\.template\.spec\.containers: Required value)/,
  },
  {
    what: "another kind than the path says",
    request: post('{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}'),
    code: 400,
    reason: "BadRequest",
    message:
      /the object provided is unrecognized|does not match the expected|cannot be handled as a ConfigMap/,
  },
  {
    what: "a name that is none",
    request: post(map('"metadata":{"name":"Not_A_Name"}')),
    code: 422,
    reason: "Invalid",
    message:
      /^ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '\.', and must start and end with an alphanumeric character \(e\.g\. 'example\.com', regex used for validation is '\[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?\(\\\.\[a-z0-9\]\(\[-a-z0-9\]\*\[a-z0-9\]\)\?\)\*'\)$/,
  },
  {
    what: "no name",
    request: post(map('"metadata":{}')),
    code: 422,
    reason: "Invalid",
    message: /^ConfigMap "" is invalid: metadata\.name: Required value: name or generateName is required$/,
  },
  {
    what: "a namespace that contradicts the path",
    request: post(map('"metadata":{"name":"a","namespace":"other"}')),
    code: 400,
    reason: "BadRequest",
    message: /^the namespace of the provided object does not match the namespace sent on the request$/,
  },
  {
    what: "a namespace that is not there",
    request: post(map('"metadata":{"name":"a"}'), "/api/v1/namespaces/none/configmaps"),
    code: 404,
    reason: "NotFound",
    message: /^namespaces "none" not found$/,
  },
  {
    what: "a name that is taken",
    request: post(map('"metadata":{"name":"kept"}')),
    code: 409,
    reason: "AlreadyExists",
    message: /^configmaps "kept" already exists$/,
  },
  {
    what: "a resourceVersion at creation",
    request: post(map('"metadata":{"name":"a","resourceVersion":"1"}')),
    code: 500,
    reason: undefined,
    message: /resourceVersion should not be set on objects to be created/,
  },
  {
    what: "a stale resourceVersion",
    request: {
      method: "PUT",
      path: `${MAPS}/kept`,
      body: map('"metadata":{"name":"kept","resourceVersion":"1"},"data":{}'),
      type: JSON_TYPE,
    },
    code: 409,
    reason: "Conflict",
    message:
      /^Operation cannot be fulfilled on configmaps "kept": the object has been modified; please apply your changes to the latest version and try again$/,
  },
  {
    what: "another name than the path says",
    request: {
      method: "PUT",
      path: `${MAPS}/kept`,
      body: map('"metadata":{"name":"other"}'),
      type: JSON_TYPE,
    },
    code: 400,
    reason: "BadRequest",
    message: /^the name of the object \(other\) does not match the name on the URL \(kept\)$/,
  },
  {
    what: "a continue token of somebody else",
    request: get(`${MAPS}?limit=1&continue=bm90IGEgdG9rZW4`),
    code: 400,
    reason: "BadRequest",
    message: /continue key is not valid/,
  },
  {
    what: "a watch from a revision that is none",
    request: get(`${MAPS}?watch=1&resourceVersion=abc`),
    code: 422,
    reason: "Invalid",
    message:
      /^configmaps "" is invalid: resourceVersion: Invalid value: "abc": strconv\.ParseUint: parsing "abc": invalid syntax$/,
  },
  {
    what: "a list from the future",
    request: get(`${MAPS}?resourceVersion=99999999999999&resourceVersionMatch=NotOlderThan`),
    code: 504,
    reason: "Timeout",
    message: /^Timeout: Too large resource version: 99999999999999, current: \d+$/,
  },
  {
    what: "a label selector that is none",
    request: get(`${MAPS}?labelSelector=a%3D%3D%3Db`),
    code: 400,
    reason: "BadRequest",
    message: /unable to parse requirement/,
  },
  {
    what: "a field selector that nobody knows",
    request: get(`${MAPS}?fieldSelector=data.x%3D1`),
    code: 400,
    reason: "BadRequest",
    message: /^"data\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
  },
  {
    what: "a limit that is no number",
    request: get(`${MAPS}?limit=many`),
    code: 400,
    reason: "BadRequest",
    message: /strconv\.ParseInt: parsing "many": invalid syntax|limit/,
  },
  {
    what: "a body of a type nobody reads",
    request: post("<a/>", MAPS, "text/xml"),
    code: 415,
    reason: "UnsupportedMediaType",
    message: /^the body of the request was in an unknown format - accepted media types include: /,
  },
  {
    what: "a patch of a type nobody applies",
    request: patch("{}", "application/json"),
    code: 415,
    reason: "UnsupportedMediaType",
    message: /accepted media types include: application\/json-patch\+json/,
  },
  {
    what: "a JSON patch of what is not there",
    request: patch('[{"op":"remove","path":"/data/nothing/below"}]', "application/json-patch+json"),
    code: 422,
    reason: "Invalid",
    message: /^the server rejected our request due to an error in our request$/,
  },
  {
    what: "a JSON patch that is none",
    request: patch('{"op":"add"}', "application/json-patch+json"),
    code: 400,
    reason: "BadRequest",
    message: /cannot unmarshal object/,
  },
  {
    what: "a JSON patch with more steps than anybody needs",
    request: patch(
      `[${Array(10_001).fill('{"op":"test","path":"/a","value":1}').join()}]`,
      "application/json-patch+json",
    ),
    code: 413,
    reason: "RequestEntityTooLarge",
    message: /The allowed maximum operations in a JSON patch is 10000, got 10001/,
  },
  {
    what: "a body of more than 3 MiB",
    request: post(map(`"metadata":{"name":"a"},"data":{"x":"${"x".repeat(3_200_000)}"}`)),
    code: 413,
    reason: "RequestEntityTooLarge",
    message: /^Request entity too large: limit is 3145728$/,
  },
  {
    what: "a config map of more than 1 MiB",
    request: post(map(`"metadata":{"name":"a"},"data":{"x":"${"x".repeat(1_100_000)}"}`)),
    code: 422,
    reason: "Invalid",
    message: /Too long: may not be more than 1048576 bytes/,
  },
  {
    what: "values nested a hundred thousand deep",
    request: post(map(`"metadata":{"name":"a"},"data":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)),
    code: 400,
    reason: "BadRequest",
    message: /exceeded max depth/,
  },
  {
    what: "a resource that is not there",
    request: get("/api/v1/namespaces/default/nothings"),
    code: 404,
    reason: "NotFound",
    message: /^the server could not find the requested resource$/,
  },
  {
    what: "a verb that is not served",
    request: { method: "PUT", path: MAPS, body: "{}", type: JSON_TYPE },
    code: 405,
    reason: "MethodNotAllowed",
    message: /^the server does not allow this method on the requested resource$/,
  },
];

/** Nine lists of nine aliases each: a billion values, if somebody wrote them out. */
function bomb(): string {
  const rows = Array.from(
    { length: 9 },
    (_each, at) =>
      `l${at}: &l${at} [${Array(9)
        .fill(at === 0 ? "x" : `*l${at - 1}`)
        .join(", ")}]`,
  );
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\n${rows.join("\n")}\ndata: *l8\n`;
}

describe("bad input", () => {
  let cluster: LocalCluster;
  let api: ApiCaller;
  let pid: number | undefined;
  before(async () => {
    cluster = await startLocalCluster();
    api = new ApiCaller(cluster.kubeconfig);
    pid = pidOf(serverDaemon(cluster.places));
    await cluster.kubectl("create configmap kept --from-literal=is=here");
  });
  after(async () => {
    api?.close();
    assert.deepEqual(await cluster.remove(), []);
  });

  for (const { what, request, code, reason, message } of CASES) {
    it(what, async () => {
      const answer = await api.call(request);
      const status = JSON.parse(answer.body) as Record<string, unknown>;
      assert.deepEqual(
        [answer.code, status.kind, status.apiVersion, status.status, status.code, status.reason],
        [code, "Status", "v1", "Failure", code, reason],
        answer.body.slice(0, 500),
      );
      assert.match(String(status.message), message);
    });
  }

  it("unknown fields only warn when asked to, and are not stored", async () => {
    const { code, headers, body } = await api.call(
      post(map('"metadata":{"name":"warned"},"dota":{"x":"y"}'), `${MAPS}?fieldValidation=Warn`),
    );
    assert.equal(code, 201);
    assert.equal(headers.warning, '299 - "unknown field \\"dota\\""');
    assert.equal("dota" in JSON.parse(body), false);
    const ignored = await api.call(
      post(map('"metadata":{"name":"ignored"},"dota":1'), `${MAPS}?fieldValidation=Ignore`),
    );
    assert.deepEqual([ignored.code, ignored.headers.warning], [201, undefined]);
  });

  it("keys that mean something to JavaScript are keys like any other", async () => {
    const { code, body } = await api.call(
      post(
        map(
          '"metadata":{"name":"keys","labels":{"constructor":"c"}},"data":{"__proto__":"p","constructor":"c","toString":"t"}',
        ),
      ),
    );
    assert.equal(code, 201);
    assert.match(body, /"__proto__":"p"/);
    const fields = await api.call(
      post(
        map('"metadata":{"name":"proto"},"__proto__":{"data":{"a":"b"}}'),
        `${MAPS}?fieldValidation=Strict`,
      ),
    );
    assert.equal(fields.code, 400);
    assert.match(fields.body, /unknown field \\"__proto__\\"/);
    const merged = await api.call(
      patch(
        '{"data":{"__proto__":null,"toString":"changed"}}',
        "application/merge-patch+json",
        `${MAPS}/keys`,
      ),
    );
    assert.equal(merged.code, 200);
    const { data } = JSON.parse(merged.body) as { data: Record<string, string> };
    assert.deepEqual(Object.entries(data), [
      ["constructor", "c"],
      ["toString", "changed"],
    ]);
    assert.equal(({} as Record<string, unknown>).data, undefined);
  });

  it("a continue token that has become too old gets 410 and a way on", async () => {
    const first = await api.call(get(`${MAPS}?limit=1`));
    const token = (JSON.parse(first.body) as { metadata: { continue: string } }).metadata.continue;
    const decoded = JSON.parse(Buffer.from(token, "base64url").toString()) as Record<string, unknown>;
    const old = Buffer.from(JSON.stringify({ ...decoded, rv: 1 })).toString("base64url");
    const answer = await api.call(get(`${MAPS}?limit=1&continue=${old}`));
    // A server that still has the revision may go on from it; one that compacted it away says so.
    if (answer.code === 200) return;
    const status = JSON.parse(answer.body) as {
      code: number;
      reason: string;
      metadata: { continue?: string };
    };
    assert.deepEqual([status.code, status.reason], [410, "Expired"]);
    assert.ok(status.metadata.continue);
  });

  it("paths and headers made to confuse", async () => {
    for (const path of [
      "/api/v1/namespaces/default/configmaps/%2e%2e%2f%2e%2e%2fsecrets",
      "/api/v1/namespaces/%00/pods",
      "/api//v1",
      "/apis/%ZZ",
      `/api/v1/namespaces/default/configmaps/${"a".repeat(5000)}`,
    ]) {
      const { code } = await api.call(get(path));
      assert.ok(code >= 200 && code < 500, `${path.slice(0, 80)}: ${code}`);
    }
  });

  it("clients that speak slowly or not at all harm nobody", async () => {
    const strays = api.strays(20);
    try {
      const { code } = await api.call(get(`${MAPS}/kept`));
      assert.equal(code, 200);
    } finally {
      strays.close();
    }
  });

  it("the server lives on, and nothing is lost", async () => {
    assert.equal(pidOf(serverDaemon(cluster.places)), pid);
    assert.equal(await cluster.kubectl("get configmap kept -o jsonpath={.data.is}"), "here");
    assert.equal(
      await cluster.kubectl("get configmaps -o name"),
      "configmap/ignored\nconfigmap/kept\nconfigmap/keys\nconfigmap/kube-root-ca.crt\nconfigmap/warned\n",
    );
    assert.equal(await cluster.kubectl("get --raw /livez"), "ok");
  });
});
