/** Webhooks as clients of the API meet them: a real one on loopback, asked by a server in this process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import {
  allowing,
  type Answered,
  type Json,
  patching,
  refusing,
  startServer,
  startWebhook,
} from "./test-kit.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";
const map = (name: string, more: object = {}) => ({ metadata: { name, ...more } });
const setLabel = (key: string, value = "yes") => [
  { op: "add", path: "/metadata/labels", value: { [key]: value } },
];
const addLabel = (key: string, value = "yes") => ({ op: "add", path: `/metadata/labels/${key}`, value });

function failed(answer: Answered, code: number, message: string | RegExp): void {
  assert.equal(answer.json.kind, "Status", JSON.stringify(answer.json));
  if (typeof message === "string") assert.equal(answer.json.message, message);
  else assert.match(answer.json.message as string, message);
  assert.equal(answer.status, code);
}

test("a mutating webhook changes what is written, and sees all there is to know about it", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/label", () => ({
    ...patching(...setLabel("added")),
    warnings: ["mind the gap"],
    auditAnnotations: { seen: "yes" },
  }));
  await configure("Mutating", "one", hook.webhook("/label"));
  const made = await ask("POST", `${MAPS}?fieldManager=me`, map("a"));
  assert.equal(made.status, 201);
  assert.deepEqual(made.json.metadata.labels, { added: "yes" });
  assert.match(String(made.headers.warning), /299 - "mind the gap"/);

  const [asked] = hook.asked;
  const { uid, object, userInfo, ...request } = asked;
  assert.match(uid, /^[0-9a-f-]{36}$/);
  assert.equal(object.metadata.name, "a");
  assert.equal(object.kind, "ConfigMap");
  assert.deepEqual(userInfo, {
    username: "admin",
    groups: ["system:masters", "system:authenticated"],
    extra: { team: ["a"] },
  });
  assert.deepEqual(request, {
    path: "/label",
    kind: { group: "", version: "v1", kind: "ConfigMap" },
    resource: { group: "", version: "v1", resource: "configmaps" },
    requestKind: { group: "", version: "v1", kind: "ConfigMap" },
    requestResource: { group: "", version: "v1", resource: "configmaps" },
    name: "a",
    namespace: "default",
    operation: "CREATE",
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "me" },
  });

  await ask("PATCH", `${MAPS}/a`, { data: { x: "1" } });
  const update = hook.asked.at(-1);
  assert.equal(update.operation, "UPDATE");
  assert.deepEqual(update.object.data, { x: "1" });
  assert.equal(update.oldObject.data, undefined);
  hook.answers.set("/label", () => allowing);
  await ask("DELETE", `${MAPS}/a`, { gracePeriodSeconds: 0 });
  const deletion = hook.asked.at(-1);
  assert.equal(deletion.operation, "DELETE");
  assert.equal(deletion.object, null);
  assert.equal(deletion.oldObject.metadata.name, "a");
  assert.deepEqual(deletion.options, {
    kind: "DeleteOptions",
    apiVersion: "meta.k8s.io/v1",
    gracePeriodSeconds: 0,
  });
});

test("a validating webhook sees the object as it will be, and refuses with its own words", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/label", () => patching(...setLabel("added")));
  hook.answers.set("/check", () => allowing);
  await configure("Mutating", "one", hook.webhook("/label"));
  await configure("Validating", "one", hook.webhook("/check"));
  assert.equal((await ask("POST", MAPS, map("a"))).status, 201);
  assert.deepEqual(hook.asked.at(-1).object.metadata.labels, { added: "yes" });

  const refusals: readonly (readonly [object | undefined, number, string, string?])[] = [
    [undefined, 400, "denied the request without explanation"],
    [{ message: "no" }, 400, "denied the request: no"],
    [{ reason: "Forbidden" }, 400, "denied the request: Forbidden", "Forbidden"],
    [{ message: "no", code: 403, reason: "Forbidden" }, 403, "denied the request: no", "Forbidden"],
    [{ message: "no", code: 200, status: "Success" }, 400, "denied the request: no"],
    [{ message: "slow down", code: 429 }, 429, "denied the request: slow down"],
  ];
  for (const [status, code, words, reason] of refusals) {
    hook.answers.set("/check", () => refusing(status));
    const refused = await ask("POST", MAPS, map("b"));
    failed(refused, code, `admission webhook "check.example.com" ${words}`);
    assert.equal(refused.json.reason, reason);
    assert.equal(refused.json.status, "Failure");
  }
  assert.equal((await ask("GET", `${MAPS}/b`)).status, 404);
});

test("what cannot be asked fails requests or is passed over, as its configuration says", async (t) => {
  const [hook, { ask, configure, clock }] = await Promise.all([startWebhook(t), startServer(t)]);
  await configure("Validating", "one", hook.webhook("/check"));
  const url = `https://127.0.0.1:${hook.port}/check?timeout=10s`;
  const head = `Internal error occurred: failed calling webhook "check.example.com": `;
  const cases: readonly (readonly [Parameters<typeof hook.answers.set>[1], string])[] = [
    [
      (_, response) => void response.writeHead(500).end("broken"),
      `failed to call webhook: an error on the server ("broken") has prevented the request from succeeding`,
    ],
    [
      (_, response) => void response.writeHead(404).end(),
      "failed to call webhook: the server could not find the requested resource",
    ],
    [
      (_, response) => void response.writeHead(302, { location: "https://127.0.0.1/" }).end(),
      "failed to call webhook: the server responded with the status code 302 but did not return more information",
    ],
    [
      (_, response) => void response.end("{}"),
      "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=",
    ],
    [() => ({ uid: "other", allowed: true }), "received invalid webhook response: expected response.uid="],
    [
      () => patching({ op: "remove", path: "/data" }),
      "received invalid webhook response: validating webhook may not return response.patch",
    ],
    [(_, response) => void response.destroy(), `failed to call webhook: Post "${url}": EOF`],
    [() => void clock.advance(10_000), `failed to call webhook: Post "${url}": context deadline exceeded`],
  ];
  for (const [answer, words] of cases) {
    hook.answers.set("/check", answer);
    const refused = await ask("POST", MAPS, map("a"));
    assert.equal(refused.status, 500, words);
    assert.ok((refused.json.message as string).startsWith(head + words), refused.json.message);
    assert.equal(refused.json.reason, "InternalError");
  }

  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/one";
  await ask("PATCH", path, { webhooks: [hook.webhook("/check", { failurePolicy: "Ignore" })] });
  await ask("GET", path);
  hook.answers.set("/check", (_, response) => void response.writeHead(503).end());
  assert.equal((await ask("POST", MAPS, map("a"))).status, 201);
  hook.answers.set("/check", () => refusing());
  failed(await ask("POST", MAPS, map("b")), 400, /denied the request/);
});

test("a server that nobody trusts, or that is not there, is not asked", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/check", () => allowing);
  const other = await startWebhook(t);
  const clientConfig = { url: `https://127.0.0.1:${hook.port}/check`, caBundle: other.caBundle };
  await configure("Validating", "one", hook.webhook("/check", { clientConfig }));
  failed(await ask("POST", MAPS, map("a")), 500, /x509: certificate signed by unknown authority$/);
  assert.equal(hook.asked.length, 0);
});

test("what is not meant to last reaches webhooks as a dry run", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/label", () => patching(...setLabel("added")));
  await configure("Mutating", "one", hook.webhook("/label", { sideEffects: "NoneOnDryRun" }));
  const made = await ask("POST", `${MAPS}?dryRun=All`, map("a"));
  assert.deepEqual(made.json.metadata.labels, { added: "yes" });
  assert.equal(hook.asked[0].dryRun, true);
  assert.deepEqual(hook.asked[0].options.dryRun, ["All"]);
  assert.equal((await ask("GET", `${MAPS}/a`)).status, 404);
});

test("webhooks run by name and order, and again only when others have changed something behind them", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  const paths = () => hook.asked.splice(0).map(({ path }) => path as string);
  hook.answers.set("/first", () => allowing);
  hook.answers.set("/second", () => allowing);
  hook.answers.set("/third", ({ object }) =>
    object.metadata.labels?.third ? allowing : patching(...setLabel("third")),
  );
  const again = { reinvocationPolicy: "IfNeeded" };
  await configure("Mutating", "b", hook.webhook("/third", again));
  await configure("Mutating", "a", hook.webhook("/first", again), hook.webhook("/second"));
  await ask("POST", MAPS, map("a"));
  assert.deepEqual(paths(), ["/first", "/second", "/third", "/first"]);
  await ask("POST", MAPS, map("b", { labels: { third: "yes" } }));
  assert.deepEqual(paths(), ["/first", "/second", "/third"]);
  // Each is woken once at most, even where both keep changing the object.
  let count = 0;
  hook.answers.set("/first", () => patching(...setLabel("first", String(count++))));
  hook.answers.set("/third", () => patching(...setLabel("third", String(count++))));
  await ask("POST", MAPS, map("c"));
  assert.deepEqual(paths(), ["/first", "/second", "/third", "/first", "/third"]);
});

test("selectors and rules choose what is asked about", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/check", () => refusing());
  await ask("POST", "/api/v1/namespaces", map("watched", { labels: { hooks: "on" } }));
  await configure(
    "Validating",
    "one",
    hook.webhook("/check", {
      namespaceSelector: { matchLabels: { hooks: "on" } },
      objectSelector: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] },
    }),
  );
  const watched = "/api/v1/namespaces/watched/configmaps";
  assert.equal((await ask("POST", MAPS, map("a"))).status, 201);
  assert.equal((await ask("POST", watched, map("a"))).status, 400);
  assert.equal((await ask("POST", watched, map("a", { labels: { skip: "" } }))).status, 201);
  // Before the change it was not selected, and after it is.
  assert.equal((await ask("PATCH", `${watched}/a`, { metadata: { labels: { skip: null } } })).status, 400);
  assert.equal((await ask("DELETE", `${watched}/a`)).status, 200);
  failed(
    await ask("POST", "/api/v1/namespaces/nope/configmaps", map("a")),
    404,
    /namespaces "nope" not found/,
  );
});

test("subresources are matched by their own rules, with the kinds that they are written with", async (t) => {
  const connected: string[] = [];
  const connects = new Map([
    [
      "pods/exec",
      async ({ exchange, info }) => {
        connected.push(info.name);
        exchange.reply(200, {}, Buffer.from("{}"));
      },
    ],
  ] as [string, import("../../request/handlers.ts").ConnectHandler][]);
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t, connects)]);
  const rule = (group: string, ...resources: string[]) => ({
    rules: [{ operations: ["*"], apiGroups: [group], apiVersions: ["*"], resources }],
  });
  hook.answers.set("/scale", () => patching({ op: "replace", path: "/spec/replicas", value: 3 }));
  hook.answers.set("/status", () => patching({ op: "add", path: "/spec/replicas", value: 9 }));
  hook.answers.set("/exec", () => refusing({ message: "no shells", code: 403 }));
  hook.answers.set("/bind", () => allowing);
  await configure(
    "Mutating",
    "one",
    hook.webhook("/scale", rule("apps", "deployments/scale")),
    hook.webhook("/status", rule("apps", "deployments/status")),
    hook.webhook("/exec", rule("", "pods/exec")),
    hook.webhook("/bind", rule("", "pods/binding", "pods/eviction")),
    hook.webhook("/nobody", {
      rules: [{ operations: ["DELETE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
    }),
  );
  const container = { name: "c", image: "i" };
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [container] } };
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  const selector = { matchLabels: { a: "b" } };
  await ask("POST", deployments, { ...map("d"), spec: { replicas: 1, selector, template } });
  assert.equal(hook.asked.length, 0);

  const scaled = await ask("PATCH", `${deployments}/d/scale`, { spec: { replicas: 2 } });
  assert.equal(scaled.json.spec.replicas, 3);
  const [asked] = hook.asked.splice(0);
  assert.deepEqual(asked.kind, { group: "autoscaling", version: "v1", kind: "Scale" });
  assert.equal(asked.subResource, "scale");
  assert.equal(asked.requestSubResource, "scale");
  assert.equal(asked.object.kind, "Scale");
  assert.deepEqual([asked.oldObject.spec.replicas, asked.object.spec.replicas], [1, 2]);

  const status = await ask("PATCH", `${deployments}/d/status`, { status: { replicas: 1 } });
  assert.deepEqual(
    [status.json.status.replicas, status.json.spec.replicas],
    [1, 3],
    "a status is all it changes",
  );
  hook.asked.length = 0;

  await ask("POST", "/api/v1/namespaces/default/pods", { ...map("p"), spec: { containers: [container] } });
  await ask("POST", "/api/v1/nodes", map("n"));
  const bound = await ask("POST", "/api/v1/namespaces/default/pods/p/binding", {
    ...map("p"),
    target: { kind: "Node", name: "n" },
  });
  assert.equal(bound.status, 201, JSON.stringify(bound.json));
  assert.equal(hook.asked.splice(0)[0].kind.kind, "Binding");
  const exec = await ask("POST", "/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true&container=c");
  failed(exec, 403, 'admission webhook "exec.example.com" denied the request: no shells');
  assert.deepEqual(connected, []);
  const { operation, object, kind, name, options, subResource } = hook.asked[0];
  assert.deepEqual(
    { operation, object, kind, name, options, subResource },
    {
      operation: "CONNECT",
      object: { kind: "PodExecOptions", apiVersion: "v1", stdin: true, container: "c", command: ["sh"] },
      kind: { group: "", version: "v1", kind: "PodExecOptions" },
      name: "p",
      options: null,
      subResource: "exec",
    },
  );
  hook.answers.set("/exec", () => allowing);
  await ask("POST", "/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true");
  assert.deepEqual(connected, ["p"]);
  hook.asked.length = 0;
  // An eviction is no deletion of the client's.
  const evicted = await ask("POST", "/api/v1/namespaces/default/pods/p/eviction", map("p"));
  assert.equal(evicted.status, 201, JSON.stringify(evicted.json));
  assert.deepEqual(
    hook.asked.map(({ operation, kind }) => [operation, kind.kind]),
    [["CREATE", "Eviction"]],
  );
});

test("a patch that breaks the object breaks the request and nothing else", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  await configure("Mutating", "one", hook.webhook("/label"));
  const cases: readonly (readonly [object, number, RegExp])[] = [
    [patching({ op: "add", path: "/data", value: { x: 1 } }), 500, /^Internal error occurred: .*json/],
    [patching({ op: "remove", path: "/nope" }), 500, /^Internal error occurred: .*nope/],
    [patching({ op: "add", path: "/metadata/labels", value: { "not a key": "" } }), 422, /metadata.labels/],
    [
      patching({ op: "replace", path: "/metadata/namespace", value: "other" }),
      400,
      /does not match the namespace/,
    ],
    [
      patching({ op: "replace", path: "/kind", value: "Secret" }),
      500,
      /^Internal error occurred: unable to convert/,
    ],
    [
      { ...patching(...setLabel("x")), patchType: "Merge" },
      500,
      /failed calling webhook "label.example.com": unsupported patch type "Merge"/,
    ],
    [{ allowed: true, patch: "AA==" }, 500, /webhook returned response.patch but not response.patchType/],
    [
      { allowed: true, patchType: "JSONPatch" },
      500,
      /webhook returned response.patchType but not response.patch/,
    ],
  ];
  for (const [answer, code, words] of cases) {
    hook.answers.set("/label", () => answer);
    failed(await ask("POST", MAPS, map("a")), code, words);
  }
  hook.answers.set("/label", () => patching({ op: "replace", path: "/metadata/name", value: "renamed" }));
  assert.equal((await ask("POST", MAPS, map("a"))).json.metadata.name, "renamed");
  assert.equal((await ask("GET", `${MAPS}/a`)).status, 404);
});

test("what a webhook may not touch stays as it is", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  await configure("Mutating", "one", hook.webhook("/label"));
  hook.answers.set("/label", () =>
    patching(
      { op: "replace", path: "/metadata/uid", value: "mine" },
      { op: "remove", path: "/metadata/creationTimestamp" },
      ...setLabel("added"),
      addLabel("second"),
    ),
  );
  const { json } = await ask("POST", MAPS, map("a"));
  assert.match(json.metadata.uid, /^[0-9a-f-]{36}$/);
  assert.ok(json.metadata.creationTimestamp);
  assert.deepEqual(json.metadata.labels, { added: "yes", second: "yes" });
  hook.answers.set("/label", () => patching({ op: "replace", path: "/metadata/name", value: "other" }));
  failed(
    await ask("PATCH", `${MAPS}/a`, { data: { x: "1" } }),
    422,
    /metadata.name: Invalid value.*immutable/,
  );
  hook.answers.set("/label", () => patching({ op: "remove", path: "/metadata/name" }));
  failed(await ask("DELETE", `${MAPS}/a`), 500, /attempted to modify the object, which is not supported/);
});

test("other versions of the same objects are converted, unless only the exact one is asked for", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  const rules = [
    {
      operations: ["*"],
      apiGroups: ["autoscaling"],
      apiVersions: ["v2"],
      resources: ["horizontalpodautoscalers"],
    },
  ];
  hook.answers.set("/label", () => patching({ op: "replace", path: "/spec/maxReplicas", value: 7 }));
  hook.answers.set("/exact", () => refusing());
  await configure("Mutating", "one", hook.webhook("/label", { rules }));
  await configure("Validating", "one", hook.webhook("/exact", { rules, matchPolicy: "Exact" }));
  const spec = {
    maxReplicas: 3,
    targetCPUUtilizationPercentage: 50,
    scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
  };
  const path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
  const made = await ask("POST", path, { ...map("a"), spec });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal(made.json.apiVersion, "autoscaling/v1");
  assert.deepEqual([made.json.spec.maxReplicas, made.json.spec.targetCPUUtilizationPercentage], [7, 50]);
  const [asked] = hook.asked;
  assert.equal(asked.object.apiVersion, "autoscaling/v2");
  assert.equal(asked.object.spec.metrics[0].resource.target.averageUtilization, 50);
  assert.deepEqual([asked.resource.version, asked.kind.version], ["v2", "v2"]);
  assert.deepEqual([asked.requestResource.version, asked.requestKind.version], ["v1", "v1"]);
});

test("a service is reached at its endpoints, under its name", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/check", () => refusing());
  const service = { namespace: "default", name: "hook", path: "/check", port: 8443 };
  const clientConfig = { service, caBundle: hook.caBundle };
  await configure("Validating", "one", hook.webhook("/check", { clientConfig }));
  const post = `failed to call webhook: Post "https://hook.default.svc:8443/check?timeout=10s": `;
  const message = (words: string) =>
    `Internal error occurred: failed calling webhook "check.example.com": ${post}${words}`;
  failed(await ask("POST", MAPS, map("a")), 500, message(`service "hook" not found`));
  await ask("POST", "/api/v1/namespaces/default/services", {
    ...map("hook"),
    spec: { ports: [{ port: 8443 }] },
  });
  failed(await ask("POST", MAPS, map("a")), 500, message(`no endpoints available for service "hook"`));
  const made = await ask("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    ...map("hook-1", { labels: { "kubernetes.io/service-name": "hook" } }),
    addressType: "IPv4",
    ports: [{ name: "", port: hook.port }],
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  });
  // An address of this machine is nothing that clients may give; without it there is nobody to ask.
  if (made.status === 201) {
    await ask("GET", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/hook-1");
    failed(await ask("POST", MAPS, map("a")), 400, /denied the request without explanation/);
  }
});

test("an older version of the review is spoken where it comes first", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/label", () => ({
    uid: "whatever",
    allowed: true,
    patch: Buffer.from(JSON.stringify(setLabel("added"))).toString("base64"),
  }));
  const admissionReviewVersions = ["v9", "v1beta1", "v1"];
  await configure("Mutating", "one", hook.webhook("/label", { admissionReviewVersions }));
  const { json } = await ask("POST", MAPS, map("a"));
  assert.deepEqual(json.metadata.labels, { added: "yes" });
});

test("configurations are not subject to what they configure", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/check", () => refusing());
  const rules = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
  await configure("Validating", "one", hook.webhook("/check", { rules }));
  assert.equal((await ask("POST", MAPS, map("a"))).status, 400);
  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/one";
  assert.equal((await ask("DELETE", path)).status, 200);
  await ask("GET", path);
  assert.equal((await ask("POST", MAPS, map("a"))).status, 201);
});

test("what webhooks do is counted and put on record", async (t) => {
  const [hook, { ask, configure, server, records }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/label", () => ({
    ...patching(...setLabel("added")),
    auditAnnotations: { why: "because", "no key": "x", "not/this": "x" },
  }));
  hook.answers.set("/gone", (_, response) => void response.writeHead(500).end());
  hook.answers.set("/check", () => refusing({ code: 403 }));
  await configure(
    "Mutating",
    "one",
    hook.webhook("/label"),
    hook.webhook("/gone", { failurePolicy: "Ignore" }),
  );
  await configure("Validating", "one", hook.webhook("/check"));
  assert.equal((await ask("POST", MAPS, map("a"))).status, 403);
  const { annotations } = records.at(-1);
  assert.equal(annotations["label.example.com/why"], "because");
  assert.deepEqual(JSON.parse(annotations["mutation.webhook.admission.k8s.io/round_0_index_0"]), {
    configuration: "one",
    webhook: "label.example.com",
    mutated: true,
  });
  assert.equal(
    annotations["failed-open.mutating.webhook.admission.k8s.io/round_0_index_1"],
    "gone.example.com",
  );
  assert.deepEqual(JSON.parse(annotations["mutation.webhook.admission.k8s.io/round_0_index_1"]), {
    configuration: "one",
    webhook: "gone.example.com",
    mutated: false,
  });
  assert.deepEqual(JSON.parse(annotations["patch.webhook.admission.k8s.io/round_0_index_0"]), {
    configuration: "one",
    webhook: "label.example.com",
    patch: setLabel("added"),
    patchType: "JSONPatch",
  });
  const given = Object.keys(annotations).filter((key) => key.startsWith("label.example.com/"));
  assert.deepEqual(given, ["label.example.com/why"]);
  const text = await server.metrics.text();
  const lines = [
    'apiserver_admission_webhook_admission_duration_seconds_count{name="label.example.com",type="admit",operation="CREATE",rejected="false"} 1',
    'apiserver_admission_webhook_rejection_count{name="check.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="403"} 1',
    'apiserver_admission_webhook_fail_open_count{name="gone.example.com",type="admit"} 1',
    'apiserver_admission_webhook_request_total{name="label.example.com",type="admit",operation="CREATE",rejected="false",code="200"} 1',
  ];
  for (const line of lines) assert.ok(text.includes(line), line);
});

test("what the server adds itself is added to what webhooks add", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }];
  hook.answers.set("/sidecar", () =>
    patching({ op: "add", path: "/spec/containers/-", value: { name: "side", image: "side:1" } }),
  );
  await configure("Mutating", "one", hook.webhook("/sidecar", { rules }));
  await ask("POST", "/api/v1/namespaces/default/limitranges", {
    ...map("limits"),
    spec: { limits: [{ type: "Container", defaultRequest: { cpu: "10m" } }] },
  });
  const made = await ask("POST", "/api/v1/namespaces/default/pods", {
    ...map("p"),
    spec: { containers: [{ name: "main", image: "main:1" }] },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  const { containers, tolerations } = made.json.spec;
  assert.deepEqual(
    containers.map(({ name, resources }: Json) => [name, resources.requests.cpu]),
    [
      ["main", "10m"],
      ["side", "10m"],
    ],
  );
  assert.equal(containers[1].imagePullPolicy, "IfNotPresent", "defaults are filled in");
  assert.equal(tolerations.length, 2);
  assert.equal(hook.asked.length, 1);
});

test("custom objects are asked about as any others", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    subresources: { status: {} },
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: {
          spec: {
            type: "object",
            properties: { size: { type: "integer" }, color: { type: "string", default: "red" } },
          },
          status: { type: "object", properties: { seen: { type: "boolean" } } },
        },
      },
    },
  });
  await ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    ...map("widgets.example.com"),
    spec: {
      group: "example.com",
      names: { plural: "widgets", kind: "Widget" },
      scope: "Namespaced",
      versions: [version("v1", true), version("v2", false)],
    },
  });
  const path = "/apis/example.com/v2/namespaces/default/widgets";
  while ((await ask("GET", path)).status !== 200) await new Promise(setImmediate);
  const rules = [
    { operations: ["*"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"] },
  ];
  hook.answers.set("/label", ({ object }) =>
    object
      ? patching(
          { op: "replace", path: "/spec/size", value: 7 },
          { op: "add", path: "/status", value: { seen: true } },
        )
      : allowing,
  );
  await configure("Mutating", "one", hook.webhook("/label", { rules }));
  const made = await ask("POST", path, {
    apiVersion: "example.com/v2",
    kind: "Widget",
    ...map("w"),
    spec: { size: 1 },
  });
  assert.equal(made.status, 201, JSON.stringify(made.json));
  assert.equal(made.json.apiVersion, "example.com/v2");
  assert.deepEqual(made.json.spec, { size: 7, color: "red" });
  assert.equal(made.json.status, undefined, "a status has an endpoint of its own");
  assert.equal(hook.asked[0].object.apiVersion, "example.com/v1");
  assert.deepEqual(hook.asked[0].requestKind, { group: "example.com", version: "v2", kind: "Widget" });
  hook.answers.set("/label", () => patching({ op: "replace", path: "/spec/size", value: "big" }));
  failed(
    await ask("PATCH", `${path}/w`, { spec: { size: 2 } }),
    422,
    /spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"/,
  );
});

test("what is asked and never stored can be refused too", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  const rules = [
    { operations: ["CREATE"], apiGroups: ["authorization.k8s.io"], apiVersions: ["v1"], resources: ["*"] },
    { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["serviceaccounts/token"] },
  ];
  hook.answers.set("/check", () => refusing({ message: "no", code: 403 }));
  await configure("Validating", "one", hook.webhook("/check", { rules }));
  const spec = { resourceAttributes: { verb: "get", resource: "pods" } };
  const review = await ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { spec });
  failed(review, 403, 'admission webhook "check.example.com" denied the request: no');
  assert.equal(hook.asked[0].kind.kind, "SelfSubjectAccessReview");
  await ask("POST", "/api/v1/namespaces/default/serviceaccounts", map("sa"));
  const token = await ask("POST", "/api/v1/namespaces/default/serviceaccounts/sa/token", { spec: {} });
  failed(token, 403, 'admission webhook "check.example.com" denied the request: no');
  assert.deepEqual(hook.asked[1].kind, {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
  });
  assert.deepEqual([hook.asked[1].name, hook.asked[1].subResource], ["sa", "token"]);
});

test("who asks for a certificate is nobody else's to say", async (t) => {
  const [hook, { ask, configure }] = await Promise.all([startWebhook(t), startServer(t)]);
  hook.answers.set("/forge", () =>
    patching(
      { op: "add", path: "/spec/username", value: "system:node:a" },
      { op: "add", path: "/spec/groups", value: ["system:nodes"] },
    ),
  );
  const csrs = { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"] };
  const rules = [{ operations: ["CREATE"], apiVersions: ["v1"], ...csrs }];
  await configure("Mutating", "one", hook.webhook("/forge", { rules, reinvocationPolicy: "IfNeeded" }));
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=ann",
    keys,
    signingAlgorithm: algorithm,
  });
  const { status, json } = await ask("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", {
    metadata: { name: "a" },
    spec: {
      request: Buffer.from(request.toString("pem")).toString("base64"),
      signerName: "kubernetes.io/kube-apiserver-client",
      usages: ["client auth"],
    },
  });
  assert.equal(status, 201, JSON.stringify(json));
  assert.ok(hook.asked.length > 0);
  assert.equal(json.spec.username, "admin");
  assert.deepEqual(json.spec.groups, ["system:masters", "system:authenticated"]);
});
