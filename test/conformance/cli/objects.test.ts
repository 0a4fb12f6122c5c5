/** Verbs of kubectl on single objects. */
import assert from "node:assert/strict";
import { endpoints, events, pods, services } from "../kinds.ts";
import { Kubectl, listOf } from "../kubectl.ts";
import { isReady, podOf, scripted, templateOf, waiting, WAITS } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";
import { leadsTo } from "../workloads.ts";

const controller = (name: string, replicas = 1) => ({
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name, labels: { app: name, role: "primary" } },
  spec: { replicas, selector: { app: name }, template: templateOf({ app: name, role: "primary" }) },
});

const manifest = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  ...podOf(name, waiting(), {}, { run: name }),
});

const readyPods = (context: ConformanceContext, labelSelector: string, count = 1) =>
  pods(context).untilAll(
    { labelSelector },
    (all) => all.length === count && all.every(isReady),
    `${count} are ready`,
  );

conformance(
  "[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    const { namespace, images } = context;
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "primary", labels: { app: "primary" } },
      spec: { selector: { app: "primary" }, ports: [{ port: 6379, targetPort: 8080 }] },
    };
    await kubectl.feed(listOf(controller("primary"), service), "create");
    const [pod] = await readyPods(context, "app=primary");

    await leadsTo(context, "primary", 1);
    await events(context).untilAll(
      {},
      (all) => ["Started", "SuccessfulCreate"].every((wanted) => all.some(({ reason }) => reason === wanted)),
      "what happened is told",
    );

    const said = async (words: string, lines: readonly RegExp[]) => {
      const text = await kubectl.run(`describe ${words}`);
      for (const line of lines) assert.match(text, line);
    };
    await said(`pod ${pod!.metadata!.name}`, [
      /^Name: +primary-[a-z0-9]{5}$/m,
      new RegExp(`^Namespace: +${namespace}$`, "m"),
      new RegExp(`^Node: +${pod!.spec!.nodeName}/[\\d.]+$`, "m"),
      /^Labels: +app=primary$/m,
      /^ +role=primary$/m,
      /^Status: +Running$/m,
      new RegExp(`^IP: +${pod!.status!.podIP}$`, "m"),
      /^Controlled By: +ReplicationController\/primary$/m,
      new RegExp(`^ +Image: +${images.web}$`, "m"),
      /^ +Ready: +True$/m,
      /^ +Normal +Scheduled +.* Successfully assigned /m,
      /^ +Normal +Started /m,
    ]);
    await said("rc primary", [
      /^Name: +primary$/m,
      new RegExp(`^Namespace: +${namespace}$`, "m"),
      /^Selector: +app=primary$/m,
      /^Labels: +app=primary$/m,
      /^Replicas: +1 current \/ 1 desired$/m,
      /^Pods Status: +1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
      new RegExp(`^ +Image: +${images.web}$`, "m"),
      /^ +Normal +SuccessfulCreate .* Created pod: primary-/m,
    ]);
    await said("service primary", [
      /^Name: +primary$/m,
      /^Labels: +app=primary$/m,
      /^Selector: +app=primary$/m,
      /^Type: +ClusterIP$/m,
      /^IP: +[\d.]+$/m,
      /^Port: +<unset> +6379\/TCP$/m,
      new RegExp(`^Endpoints: +${pod!.status!.podIP}:8080$`, "m"),
      /^Session Affinity: +None$/m,
    ]);
    await said(`node ${pod!.spec!.nodeName}`, [
      new RegExp(`^Name: +${pod!.spec!.nodeName}$`, "m"),
      /^Labels: +/m,
      /^Conditions:$/m,
      /^ +Ready +True .* KubeletReady /m,
      /^Capacity:\n +cpu: +\d+$/m,
      /^System Info:$/m,
      /^ +Kubelet Version: +v1\.35/m,
      new RegExp(
        `^PodCIDR: +${escaped(await kubectl.run(`get node ${pod!.spec!.nodeName} -o jsonpath={.spec.podCIDR}`))}$`,
        "m",
      ),
    ]);
    await said(`namespace ${namespace}`, [new RegExp(`^Name: +${namespace}$`, "m"), /^Status: +Active$/m]);
  },
);

const escaped = (text: string): string => text.replaceAll(".", "\\.");

conformance(
  "[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    await kubectl.feed(controller("primary"), "create");
    const [pod] = await readyPods(context, "app=primary");

    const isExposed = async (name: string, port: number) => {
      const { spec } = await services(context).read(name);
      assert.deepEqual(
        [spec?.ports?.length, spec?.ports?.[0]?.port, spec?.ports?.[0]?.targetPort],
        [1, port, 8080],
      );
      assert.deepEqual(spec?.selector, { app: "primary" });
      const { subsets } = await endpoints(context).until(
        name,
        (object) => object.subsets?.[0]?.addresses !== undefined,
        "has an address",
      );
      assert.deepEqual(
        [subsets?.length, subsets?.[0]?.addresses?.length, subsets?.[0]?.ports?.[0]?.port],
        [1, 1, 8080],
      );
      assert.match(JSON.stringify(subsets), new RegExp(pod!.metadata!.name!));
    };
    assert.equal(
      await kubectl.run("expose rc primary --name=rm2 --port=1234 --target-port=8080"),
      "service/rm2 exposed\n",
    );
    await isExposed("rm2", 1234);
    assert.equal(
      await kubectl.run("expose service rm2 --name=rm3 --port=2345 --target-port=8080"),
      "service/rm3 exposed\n",
    );
    await isExposed("rm3", 2345);
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    await kubectl.feed(manifest("pause"), "create");
    assert.equal(
      await kubectl.run("label pods pause testing-label=testing-label-value"),
      "pod/pause labeled\n",
    );
    const row = (await kubectl.run("get pod pause -L testing-label")).split("\n");
    assert.match(row[0]!, / TESTING-LABEL$/);
    assert.match(row[1]!, /^pause .* testing-label-value$/);
    const { code, stderr } = await context.kubectl(["label", "pods", "pause", "testing-label=other"]);
    assert.equal(code, 1);
    assert.match(stderr, /already has a value \(testing-label-value\), and --overwrite is false/);
    assert.equal(await kubectl.run("label pods pause testing-label-"), "pod/pause unlabeled\n");
    assert.doesNotMatch(await kubectl.run("get pod pause -L testing-label"), /testing-label-value/);
    assert.deepEqual((await pods(context).read("pause")).metadata?.labels, { run: "pause" });
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    await kubectl.feed(controller("primary", 2), "create");
    const all = await readyPods(context, "app=primary", 2);
    for (const { metadata } of all)
      assert.equal(
        await kubectl.run(`patch pod ${metadata!.name} -p`, '{"metadata":{"annotations":{"x":"y"}}}'),
        `pod/${metadata!.name} patched\n`,
      );
    for (const { metadata } of await pods(context).list({ labelSelector: "app=primary" }))
      assert.deepEqual(metadata?.annotations, { x: "y" });
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image [Conformance]",
  async (context) => {
    const { images } = context;
    const kubectl = new Kubectl(context);
    const run = `run web --image=${images.web} --labels=run=web --command --`;
    assert.equal(await kubectl.run(run, ...WAITS), "pod/web created\n");
    await readyPods(context, "run=web");
    const pod = JSON.parse(await kubectl.run("get pod web -o json")) as {
      spec: { containers: { image: string }[] };
    };
    pod.spec.containers[0]!.image = images.webNext;
    assert.equal(await kubectl.feed(pod, "replace"), "pod/web replaced\n");
    assert.equal((await pods(context).read("web")).spec?.containers[0]?.image, images.webNext);
    // The kubelet starts the container again, from the other image.
    await pods(context).until(
      "web",
      (now) => isReady(now) && now.status!.containerStatuses![0]!.restartCount === 1,
      "runs the new image",
    );
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]",
  async (context) => {
    const { images } = context;
    const kubectl = new Kubectl(context);
    assert.equal(await kubectl.run(`run once --restart=Never --image=${images.web}`), "pod/once created\n");
    const { spec, metadata } = await pods(context).read("once");
    assert.deepEqual([spec?.containers.length, spec?.containers[0]?.image], [1, images.web]);
    assert.equal(spec?.restartPolicy, "Never");
    assert.equal(metadata?.ownerReferences, undefined);
    assert.deepEqual(metadata?.labels, { run: "once" });
    await pods(context).until("once", isReady, "is ready");
    assert.equal(
      await kubectl.run("delete pod once --grace-period=1"),
      `pod "once" deleted from ${context.namespace} namespace\n`,
    );
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]",
  async (context) => {
    const { images } = context;
    const kubectl = new Kubectl(context);
    const deployment = (image: string) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", labels: { app: "web" } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "web" } },
        template: templateOf({ app: "web" }, waiting({ image })),
      },
    });
    await kubectl.feed(deployment(images.web), "create");
    const same = await context.kubectl(["diff", "-f", "-"], JSON.stringify(deployment(images.web)));
    assert.deepEqual([same.code, same.stdout], [0, ""]);
    const differs = await context.kubectl(["diff", "-f", "-"], JSON.stringify(deployment(images.webNext)));
    assert.equal(differs.code, 1, differs.stderr);
    assert.match(differs.stdout, new RegExp(`^-.*image: ${images.web}$`, "m"));
    assert.match(differs.stdout, new RegExp(`^\\+.*image: ${images.webNext}$`, "m"));
    assert.equal(
      await kubectl.run("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}"),
      images.web,
    );
  },
);

conformance(
  "[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]",
  async (context) => {
    const { images } = context;
    const kubectl = new Kubectl(context);
    await kubectl.run(`run web --image=${images.web} --labels=run=web`);
    const before = await pods(context).until("web", isReady, "is ready");
    const patch = JSON.stringify({ spec: { containers: [{ name: "web", image: images.webNext }] } });
    assert.equal(await kubectl.run("patch pod web --dry-run=server -p", patch), "pod/web patched\n");
    const printed = JSON.parse(
      await kubectl.run("patch pod web --dry-run=server -o json -p", patch),
    ) as typeof before;
    assert.equal(printed.spec?.containers[0]?.image, images.webNext);
    const { spec, metadata } = await pods(context).read("web");
    assert.equal(spec?.containers[0]?.image, images.web);
    assert.equal(metadata?.uid, before.metadata?.uid);
  },
);

conformance(
  "[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]",
  async (context) => {
    const kubectl = new Kubectl(context);
    const script = "for n in $(seq 1 20); do echo line $n; done; trap 'exit 0' TERM; sleep 3600 & wait";
    await kubectl.feed({ ...manifest("talker"), spec: podOf("talker", scripted(script)).spec }, "create");
    await pods(context).until("talker", isReady, "is ready");
    const lines = async (words: string) =>
      (await kubectl.run(`logs talker main ${words}`)).split("\n").slice(0, -1);

    // The script may still be at it when the pod is ready.
    const following = kubectl.start("logs talker main --follow");
    await following.says(/line 20\n/);
    assert.equal((await lines("")).length, 20);
    assert.deepEqual(await lines("--tail=1"), ["line 20"]);
    assert.deepEqual(await lines("--tail=2"), ["line 19", "line 20"]);
    assert.equal(await kubectl.run("logs talker main --limit-bytes=1"), "l");
    const [stamped] = await lines("--tail=1 --timestamps");
    const [, time, text] = /^(\S+) (.*)$/.exec(stamped!)!;
    assert.match(time!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    assert.equal(text, "line 20");
    assert.equal((await lines("--since=24h")).length, 20);
    assert.equal((await lines(`--since-time=${new Date(0).toISOString()}`)).length, 20);
    assert.equal((await lines(`--since-time=${new Date(Date.parse(time!) + 1000).toISOString()}`)).length, 0);
  },
);
