/** The verbs of kubectl 1.35 against a cluster with real containers. The tests build on one another, in order. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LocalCluster, startLocalCluster } from "../local-cluster.ts";
import { clientBinary } from "../tools/client-binaries.ts";
import { eventually } from "../tools/eventually.ts";
import { output } from "../tools/run.ts";

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: { app: web }
spec:
  replicas: 2
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

const TOOLBOX = `
apiVersion: v1
kind: Pod
metadata: { name: toolbox, labels: { app: toolbox } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: shell
      image: k8ts.local/hello:1
      command: [sh, -c, "n=0; while true; do n=$((n+1)); echo line $n; sleep 0.2; done"]
    - name: other
      image: k8ts.local/hello:1
      command: [sh, -c, "echo from the other; sleep 3600"]
`;

describe("kubectl", () => {
  let cluster: LocalCluster;
  let folder: string;
  const kubectl = (words: string, ...more: readonly string[]) => cluster.kubectl(words, ...more);
  before(async () => {
    cluster = await startLocalCluster({ images: ["k8ts.local/hello:2"] });
    folder = mkdtempSync(join(tmpdir(), "k8ts-test-"));
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(await cluster.remove(), []);
  });

  it("apply: created, unchanged, configured", async () => {
    assert.equal(await cluster.apply(WEB), "deployment.apps/web created\nservice/web created\n");
    assert.equal(await cluster.apply(WEB), "deployment.apps/web unchanged\nservice/web unchanged\n");
    const changed = WEB.replace("labels: { app: web }\nspec", "labels: { app: web, tier: front }\nspec");
    assert.equal(await cluster.apply(changed), "deployment.apps/web configured\nservice/web unchanged\n");
    assert.equal(await cluster.apply(TOOLBOX), "pod/toolbox created\n");
  });

  it("rollout status, wait", async () => {
    assert.match(
      await kubectl("rollout status deployment/web --timeout=40s"),
      /deployment "web" successfully rolled out\n$/,
    );
    assert.equal(
      await kubectl("wait --for=condition=Available deployment/web --timeout=180s"),
      "deployment.apps/web condition met\n",
    );
    assert.equal(
      await kubectl("wait --for=jsonpath={.status.phase}=Running pod/toolbox --timeout=180s"),
      "pod/toolbox condition met\n",
    );
    const { code, stderr } = await cluster.tryKubectl("wait --for=condition=Never pod/toolbox --timeout=1s");
    assert.equal(code, 1);
    assert.equal(stderr, "error: timed out waiting for the condition on pods/toolbox\n");
  });

  describe("get", () => {
    it("columns", async () => {
      const pods = (await kubectl("get pods -l app=web")).trimEnd().split("\n");
      assert.match(pods[0]!, /^NAME +READY +STATUS +RESTARTS +AGE$/);
      assert.equal(pods.length, 3);
      for (const row of pods.slice(1))
        assert.match(row, /^web-[a-z0-9]+-[a-z0-9]{5} +1\/1 +Running +0 +\d+s$/);
      assert.match(
        await kubectl("get deployment web"),
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
      );
      assert.match(
        await kubectl("get service web"),
        /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nweb +ClusterIP +[\d.]+ +<none> +80\/TCP +\d+s\n$/,
      );
      assert.match(
        await kubectl("get nodes"),
        /^NAME +STATUS +ROLES +AGE +VERSION\nnode-1 +Ready +<none> +\d+s +v1\.35\.\d+\S*\n$/,
      );
      assert.match(
        await kubectl("get namespaces"),
        /^NAME +STATUS +AGE\ndefault +Active +\d+s\nkube-node-lease/,
      );
    });

    it("-o wide", async () => {
      const [header, row] = (await kubectl("get pod toolbox -o wide")).split("\n");
      assert.match(
        header!,
        /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/,
      );
      assert.match(row!, /^toolbox +2\/2 +Running +0 +\d+s +[\d.]+ +node-1 +<none> +<none>$/);
      assert.match(
        await kubectl("get deployment web -o wide"),
        /CONTAINERS +IMAGES +SELECTOR\n.* web +k8ts\.local\/hello:1 +app=web\n/,
      );
      assert.match(
        await kubectl("get nodes -o wide"),
        /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\n.*containerd:\/\//,
      );
    });

    it("-o yaml, json, jsonpath, name, custom-columns, go-template", async () => {
      const yaml = await kubectl("get service web -o yaml");
      assert.match(yaml, /^apiVersion: v1\nkind: Service\nmetadata:\n/);
      assert.match(
        yaml,
        /\n {2}ports:\n {2}- name: http\n {4}port: 80\n {4}protocol: TCP\n {4}targetPort: http\n/,
      );
      const list = JSON.parse(await kubectl("get pods -l app=web -o json")) as {
        kind: string;
        items: unknown[];
      };
      assert.deepEqual([list.kind, list.items.length], ["List", 2]);
      assert.equal(
        await kubectl("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}"),
        "k8ts.local/hello:1",
      );
      assert.equal(await kubectl("get deployment,service -l tier=front -o name"), "deployment.apps/web\n");
      assert.equal(
        await kubectl(
          "get pod toolbox --no-headers -o custom-columns=A:.metadata.name,B:.spec.containers[*].name",
        ),
        "toolbox   shell,other\n",
      );
      assert.equal(await kubectl("get pod toolbox -o", "go-template={{.metadata.name}}"), "toolbox");
    });

    it("selectors, all namespaces, sorting, show-labels, chunks, watch", async () => {
      assert.equal(await kubectl("get pods --field-selector=metadata.name=toolbox -o name"), "pod/toolbox\n");
      assert.equal(
        await kubectl("get pods -l", "app in (toolbox),tier!=front", "-o", "name"),
        "pod/toolbox\n",
      );
      assert.match(await kubectl("get services -A"), /^NAMESPACE +NAME .*\ndefault +kubernetes /);
      assert.match(
        await kubectl("get pods --sort-by=.metadata.name --show-labels"),
        /toolbox .* app=toolbox\n/,
      );
      assert.equal((await kubectl("get pods --chunk-size=1 -o name")).split("\n").length, 4);
      const watching = cluster.startKubectl("get configmaps --watch-only --output-watch-events -o name");
      try {
        await eventually(async () => {
          await kubectl("create configmap watched --from-literal=a=b --dry-run=client -o yaml");
          await cluster.apply(
            `{apiVersion: v1, kind: ConfigMap, metadata: {name: watched, labels: {at: "${Date.now()}"}}}`,
          );
          assert.match(watching.said(), /configmap\/watched/);
        });
      } finally {
        await watching.stop();
      }
      await kubectl("delete configmap watched");
    });
  });

  it("describe", async () => {
    const deployment = await kubectl("describe deployment web");
    for (const line of [
      /^Name: +web$/m,
      /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m,
      /^StrategyType: +RollingUpdate$/m,
      /^ {2}Available +True +MinimumReplicasAvailable$/m,
      /^NewReplicaSet: +web-[a-z0-9]+ \(2\/2 replicas created\)$/m,
      /ScalingReplicaSet .* Scaled up replica set web-[a-z0-9]+ from 0 to 2$/m,
    ])
      assert.match(deployment, line);
    const pod = await kubectl("describe pod toolbox");
    for (const line of [
      /^Node: +node-1\/[\d.]+$/m,
      /^Status: +Running$/m,
      /^ {2}Ready +True $/m,
      /^QoS Class: +BestEffort$/m,
      /Scheduled .* default-scheduler +Successfully assigned default\/toolbox to node-1$/m,
      /Started .* kubelet +.*Container started$/m,
    ])
      assert.match(pod, line);
    const service = await kubectl("describe service web");
    assert.match(service, /^Endpoints: +[\d.]+:8080,[\d.]+:8080$/m);
    const node = await kubectl("describe node node-1");
    for (const line of [
      /^Conditions:$/m,
      /^ {2}Ready +True /m,
      /^Capacity:$/m,
      /^Allocated resources:$/m,
      /^ {2}default +toolbox /m,
    ])
      assert.match(node, line);
  });

  it("explain", async () => {
    const pod = await kubectl("explain pod.spec.containers.image");
    assert.match(pod, /^KIND: +Pod\nVERSION: +v1\n\nFIELD: image <string>\n/);
    assert.match(
      await kubectl("explain deployment --recursive"),
      /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n[^]*\n {4}minReadySeconds\t<integer>\n/,
    );
    const { stderr } = await cluster.tryKubectl("explain pod.spec.nothing");
    assert.equal(stderr, 'error: field "nothing" does not exist\n');
  });

  describe("logs", () => {
    it("of one container, the last lines, all of a label, with prefix and time", async () => {
      assert.match(await kubectl("logs toolbox -c shell"), /^line 1\nline 2\n/);
      assert.match(await kubectl("logs toolbox -c shell --tail=2"), /^line \d+\nline \d+\n$/);
      assert.equal(await kubectl("logs toolbox -c other"), "from the other\n");
      assert.match(
        await kubectl("logs toolbox -c other --timestamps"),
        /^\d{4}-\d\d-\d\dT[\d:.]+Z from the other\n$/,
      );
      assert.match(
        await kubectl("logs -l app=toolbox --all-containers --prefix"),
        /^\[pod\/toolbox\/other\] from the other$/m,
      );
      assert.match(await kubectl("logs toolbox --limit-bytes=10"), /line 1\nlin/);
    });

    it("-f follows", async () => {
      const following = cluster.startKubectl("logs -f toolbox -c shell --tail=1");
      try {
        const [, first] = /line (\d+)\n/.exec(await following.says(/line \d+\n/))!;
        await following.says(new RegExp(`line ${Number(first) + 3}\n`));
      } finally {
        await following.stop();
      }
    });

    it("names the containers when there are several to choose from, and what is not there", async () => {
      assert.match(
        (await cluster.tryKubectl("logs toolbox")).stderr,
        /^Defaulted container "shell" out of: shell, other\n/,
      );
      const { code, stderr } = await cluster.tryKubectl("logs toolbox -c none");
      assert.equal(code, 1);
      assert.equal(stderr, "error: container none is not valid for pod toolbox\n");
      assert.match(
        (await cluster.tryKubectl("logs toolbox -c other --previous")).stderr,
        /previous terminated container "other" in pod "toolbox" not found/,
      );
    });
  });

  it("logs --previous: of the container before, also while none runs", async () => {
    await kubectl("run failing --image=k8ts.local/hello:1 -- sh -c", "echo tried; exit 3");
    await eventually(async () => {
      const state =
        "{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].restartCount}";
      assert.match(await kubectl("get pod failing -o", `jsonpath=${state}`), /^CrashLoopBackOff [1-9]$/);
    });
    assert.equal(await kubectl("logs failing --previous"), "tried\n");
    assert.equal(await kubectl("logs failing"), "tried\n");
    assert.match(
      await kubectl("get pod failing --no-headers"),
      /^failing +0\/1 +CrashLoopBackOff +\d \(\d+s ago\) +\d+s$/m,
    );
    await kubectl("delete pod failing --now");
  });

  for (const [protocol, choice] of [
    ["WebSocket", "true"],
    ["SPDY", "false"],
  ] as const) {
    describe(`over ${protocol}`, () => {
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: choice, KUBECTL_PORT_FORWARD_WEBSOCKETS: choice };

      it("exec: output, standard input, exit code", async () => {
        const said = await cluster.kubectlWith(
          { env, input: "given" },
          "exec -i toolbox -c shell -- sh -c",
          "cat; echo; hostname",
        );
        assert.equal(said, "given\ntoolbox\n");
        const { code, stdout, stderr } = await cluster.tryKubectl("exec toolbox -c shell -- ls /no/such", {
          env,
        });
        assert.deepEqual([code, stdout], [1, ""]);
        assert.match(stderr, /No such file or directory[^]*command terminated with exit code 1\n$/);
        const coded = await cluster
          .kubectlWith({ env }, "exec toolbox -c shell -- sh -c", "exit 7")
          .catch((error: Error) => error.message);
        assert.match(coded, /exit code 7/);
      });

      it("exec: a large stream arrives whole", async () => {
        const input = "0123456789abcdef".repeat(65_536);
        const back = await cluster.kubectlWith({ env, input }, "exec -i toolbox -c shell -- cat");
        assert.ok(back === input, `${back.length} of ${input.length} characters came back`);
      });

      it("exec -it: a terminal with the size of ours", async () => {
        // The size follows the start of the command; `stty` says nothing before.
        const command = `stty rows 33 cols 101; ${clientBinary("kubectl")} exec -it toolbox -c shell -- sh -c 'tty; until stty size 2>/dev/null | grep .; do sleep 0.1; done'`;
        const said = await output("script", ["-qec", command, "/dev/null"], {
          env: { ...env, KUBECONFIG: cluster.kubeconfig },
        });
        assert.match(said, /\/dev\/pts\/\d+\r\n.*33 101\r\n/);
      });

      it("attach", async () => {
        const attached = cluster.startKubectl("attach toolbox -c shell", { env });
        try {
          await attached.says(/line \d+\nline \d+\n/);
        } finally {
          await attached.stop();
        }
      });

      it("cp: there and back again", async () => {
        const [there, back] = [join(folder, `there-${protocol}`), join(folder, `back-${protocol}`)];
        const content = "some bytes \u{1F680}\n".repeat(1000);
        writeFileSync(there, content);
        await cluster.kubectlWith({ env }, `cp ${there} toolbox:/tmp/${protocol} -c shell`);
        await cluster.kubectlWith({ env }, `cp toolbox:/tmp/${protocol} ${back} -c shell`);
        assert.equal(readFileSync(back, "utf8"), content);
      });

      it("port-forward: to a pod and to a service, several connections", async () => {
        for (const target of ["deployment/web 0:8080", "service/web 0:80"]) {
          const forwarding = cluster.startKubectl(`port-forward ${target}`, { env });
          try {
            const said = await forwarding.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/);
            const port = /127\.0\.0\.1:(\d+)/.exec(said)![1]!;
            const pages = await Promise.all(
              Array.from({ length: 5 }, async () => (await fetch(`http://127.0.0.1:${port}/`)).text()),
            );
            for (const page of pages) assert.match(page, /Hello from k8ts/);
            assert.match(await rawRequest(Number(port)), /^HTTP\/1\.[01] 200 /);
          } finally {
            await forwarding.stop();
          }
        }
      });
    });
  }

  it("get --raw through the proxies of pods, services and nodes", async () => {
    const service = "/api/v1/namespaces/default/services/web:http/proxy";
    const pod = await kubectl("get pods -l app=web -o jsonpath={.items[0].metadata.name}");
    assert.match(await kubectl(`get --raw ${service}/cgi-bin/hostname`), /^web-/);
    assert.equal(
      await kubectl(`get --raw /api/v1/namespaces/default/pods/${pod}:8080/proxy/cgi-bin/hostname`),
      `${pod}\n`,
    );
    assert.equal(await kubectl("get --raw /api/v1/nodes/node-1/proxy/healthz"), "ok");
  });

  it("scale", async () => {
    assert.equal(await kubectl("scale deployment web --replicas=3"), "deployment.apps/web scaled\n");
    await kubectl("rollout status deployment/web --timeout=40s");
    assert.equal(await kubectl("get deployment web -o jsonpath={.status.readyReplicas}"), "3");
    const { stderr } = await cluster.tryKubectl("scale deployment web --current-replicas=9 --replicas=1");
    assert.match(stderr, /Expected replicas to be 9, was 3/);
  });

  it("set image, rollout history, undo, pause, resume, restart", async () => {
    assert.equal(
      await kubectl("set image deployment/web web=k8ts.local/hello:2"),
      "deployment.apps/web image updated\n",
    );
    await kubectl("rollout status deployment/web --timeout=180s");
    assert.match(
      await kubectl("rollout history deployment/web"),
      /^deployment\.apps\/web \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/,
    );
    assert.match(
      await kubectl("rollout history deployment/web --revision=1"),
      /Image:\tk8ts\.local\/hello:1/,
    );
    assert.equal(await kubectl("rollout undo deployment/web"), "deployment.apps/web rolled back\n");
    await kubectl("rollout status deployment/web --timeout=180s");
    // Pods on their way out are listed until they are gone.
    await eventually(async () => {
      const images = await kubectl("get pods -l app=web -o jsonpath={.items[*].spec.containers[0].image}");
      assert.deepEqual(new Set(images.split(" ")), new Set(["k8ts.local/hello:1"]));
    });
    assert.match(await kubectl("rollout history deployment/web"), /\n2 +<none>\n3 +<none>\n/);
    assert.equal(await kubectl("rollout pause deployment/web"), "deployment.apps/web paused\n");
    assert.match(
      (await cluster.tryKubectl("rollout undo deployment/web")).stderr,
      /cannot rollback a paused deployment/,
    );
    assert.equal(await kubectl("rollout resume deployment/web"), "deployment.apps/web resumed\n");
    assert.equal(await kubectl("rollout restart deployment/web"), "deployment.apps/web restarted\n");
    await kubectl("rollout status deployment/web --timeout=180s");
  });

  it("run, expose", async () => {
    assert.equal(
      await kubectl("run single --image=k8ts.local/hello:1 --port=8080 --labels=app=single"),
      "pod/single created\n",
    );
    assert.equal(
      await kubectl("expose pod single --port=81 --target-port=8080 --name=single"),
      "service/single exposed\n",
    );
    assert.equal(
      await kubectl("expose deployment web --name=web2 --type=NodePort --port=80"),
      "service/web2 exposed\n",
    );
    await kubectl("wait --for=condition=Ready pod/single --timeout=180s");
    const said = await cluster.kubectlWith(
      { input: "input\n" },
      "run once --rm -i --restart=Never --image=k8ts.local/hello:1 --quiet -- sh -c",
      "sleep 1; cat; echo done",
    );
    assert.match(said, /input\ndone\n/);
    assert.match(
      (await cluster.tryKubectl("get pod once")).stderr,
      /^Error from server \(NotFound\): pods "once" not found\n$/,
    );
    const code = await cluster
      .kubectlWith({}, "run bad --rm -i --restart=Never --image=k8ts.local/hello:1 -- sh -c", "exit 3")
      .catch((error: Error) => error.message);
    assert.match(code, /exit code 3/);
  });

  it("label, annotate", async () => {
    assert.equal(await kubectl("label pod single color=red"), "pod/single labeled\n");
    const { code, stderr } = await cluster.tryKubectl("label pod single color=blue");
    assert.equal(code, 1);
    assert.match(stderr, /'color' already has a value \(red\), and --overwrite is false/);
    assert.equal(await kubectl("label pod single color=blue --overwrite"), "pod/single labeled\n");
    assert.equal(await kubectl("get pods -l color=blue -o name"), "pod/single\n");
    assert.equal(await kubectl("label pod single color-"), "pod/single unlabeled\n");
    assert.equal(await kubectl("annotate pod single note=here"), "pod/single annotated\n");
    assert.equal(await kubectl("get pod single -o jsonpath={.metadata.annotations.note}"), "here");
    assert.match(
      (await cluster.tryKubectl("label pod single bad=a/b")).stderr,
      /a valid label must be an empty string or consist of alphanumeric characters/,
    );
  });

  it("edit", async () => {
    const edited = await cluster.kubectlWith(
      { env: { EDITOR: "sed -i s/replicas:.3/replicas:\\ 1/" } },
      "edit deployment web",
    );
    assert.equal(edited, "deployment.apps/web edited\n");
    assert.equal(await kubectl("get deployment web -o jsonpath={.spec.replicas}"), "1");
    const unchanged = await cluster.tryKubectl("edit deployment web", { env: { EDITOR: "true" } });
    assert.match(unchanged.stderr + unchanged.stdout, /Edit cancelled, no changes made/);
  });

  it("patch, replace", async () => {
    assert.equal(
      await kubectl(
        "patch deployment web -p",
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}',
      ),
      "deployment.apps/web patched\n",
    );
    assert.equal(
      await kubectl("get deployment web -o jsonpath={.spec.template.spec.containers[*].image}"),
      "k8ts.local/hello:1",
    );
    assert.equal(
      await kubectl(
        "patch service web --type=json -p",
        '[{"op":"replace","path":"/spec/ports/0/port","value":8000}]',
      ),
      "service/web patched\n",
    );
    assert.equal(
      await kubectl("patch service web --type=merge -p", '{"metadata":{"labels":{"x":"y"}}}'),
      "service/web patched\n",
    );
    assert.equal(
      await kubectl("patch service web --type=merge -p", '{"metadata":{"labels":{"x":"y"}}}'),
      "service/web patched (no change)\n",
    );
    const service = await kubectl("get service web -o json");
    assert.equal(
      await cluster.kubectlWith({ input: service.replace('"port": 8000', '"port": 80') }, "replace -f -"),
      "service/web replaced\n",
    );
    assert.match(
      await cluster.kubectlWith({ input: service }, "replace -f -").catch((error: Error) => error.message),
      /Error from server \(Conflict\).*the object has been modified; please apply your changes to the latest version and try again/,
    );
  });

  it("diff", async () => {
    const same = await cluster.kubectlWith({ input: TOOLBOX }, "diff -f -");
    assert.equal(same, "");
    const changed = TOOLBOX.replace("{ app: toolbox }", "{ app: toolbox, new: label }");
    const said = await cluster
      .kubectlWith({ input: changed }, "diff -f -")
      .catch((error: Error) => error.message);
    assert.match(said, /exit code 1[^]*\n\+ {4}new: label\n/);
    assert.equal(await kubectl("get pods -l new=label -o name"), "");
  });

  it("apply --server-side: owners, conflicts, force", async () => {
    const map = (value: string) =>
      `{apiVersion: v1, kind: ConfigMap, metadata: {name: shared}, data: {key: ${value}}}`;
    assert.equal(
      await cluster.apply(map("one"), "apply --server-side --field-manager=first -f -"),
      "configmap/shared serverside-applied\n",
    );
    const conflict = await cluster
      .apply(map("two"), "apply --server-side --field-manager=second -f -")
      .catch((error: Error) => error.message);
    assert.match(
      conflict,
      /error: Apply failed with 1 conflict: conflict with "first": \.data\.key\nPlease review the fields above--they currently have other managers\./,
    );
    assert.equal(
      await cluster.apply(map("two"), "apply --server-side --field-manager=second --force-conflicts -f -"),
      "configmap/shared serverside-applied\n",
    );
    assert.equal(await kubectl("get configmap shared -o jsonpath={.data.key}"), "two");
    const managers = await kubectl(
      "get configmap shared --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}",
    );
    assert.deepEqual(
      managers.split(" ").toSorted(),
      ["first", "second"].slice(managers.includes("first") ? 0 : 1),
    );
  });

  it("apply --dry-run=server changes nothing", async () => {
    assert.equal(
      await cluster.apply(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: dry}}",
        "apply --dry-run=server -f -",
      ),
      "configmap/dry created (server dry run)\n",
    );
    assert.match((await cluster.tryKubectl("get configmap dry")).stderr, /NotFound/);
  });

  it("auth can-i, whoami; create token, serviceaccount, role, rolebinding", async () => {
    assert.equal(await kubectl("auth can-i create deployments"), "yes\n");
    await kubectl("create serviceaccount robot");
    const robot = "--as=system:serviceaccount:default:robot";
    const refused = await cluster.tryKubectl(`auth can-i list pods ${robot}`);
    assert.deepEqual([refused.code, refused.stdout], [1, "no\n"]);
    assert.equal(
      (await cluster.tryKubectl(`get pods ${robot}`)).stderr,
      'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods" in API group "" in the namespace "default"\n',
    );
    await kubectl("create role reader --verb=get,list --resource=pods");
    await kubectl("create rolebinding readers --role=reader --serviceaccount=default:robot");
    await eventually(async () => assert.equal(await kubectl(`auth can-i list pods ${robot}`), "yes\n"));
    assert.match(await kubectl(`auth can-i --list ${robot}`), /\npods +\[\] +\[\] +\[get list\]\n/);

    const token = (await kubectl("create token robot --duration=10m")).trim();
    const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<
      string,
      unknown
    >;
    assert.equal(claims.sub, "system:serviceaccount:default:robot");
    assert.equal((claims.exp as number) - (claims.iat as number), 600);
    assert.match(
      await output(clientBinary("kubectl"), [
        "--kubeconfig=/dev/null",
        `--server=https://127.0.0.1:${cluster.settings.port}`,
        "--insecure-skip-tls-verify",
        `--token=${token}`,
        "get",
        "pods",
        "-o",
        "name",
      ]),
      /pod\/toolbox/,
    );
    assert.match(await kubectl("auth whoami"), /Username +\S+[^]*system:masters/);
  });

  it("create: namespace, secret, job; a namespace goes with all that is in it", async () => {
    await kubectl("create namespace other");
    assert.equal(
      await kubectl("create secret generic word -n other --from-literal=a=b"),
      "secret/word created\n",
    );
    assert.equal(await kubectl("get secret word -n other -o jsonpath={.data.a}"), "Yg==");
    assert.equal(
      await kubectl("create job once --image=k8ts.local/hello:1 -n other -- sh -c", "echo worked"),
      "job.batch/once created\n",
    );
    assert.equal(
      await kubectl("wait --for=condition=Complete job/once -n other --timeout=180s"),
      "job.batch/once condition met\n",
    );
    assert.equal(await kubectl("logs job/once -n other"), "worked\n");
    assert.match(
      (await cluster.tryKubectl("create namespace other")).stderr,
      /^Error from server \(AlreadyExists\): namespaces "other" already exists\n$/,
    );
    assert.equal(await kubectl("delete namespace other --timeout=40s"), 'namespace "other" deleted\n');
    assert.match((await cluster.tryKubectl("get namespace other")).stderr, /NotFound/);
  });

  it("events", async () => {
    assert.match(
      await kubectl("events --for pod/toolbox"),
      /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^]* Normal +Scheduled +Pod\/toolbox +Successfully assigned default\/toolbox to node-1\n/,
    );
    assert.match(
      await kubectl("get events --field-selector=involvedObject.name=toolbox"),
      /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n[^]* Normal +Started +pod\/toolbox +.*Container started\n/,
    );
  });

  it("api-resources, api-versions, version, cluster-info", async () => {
    const resources = await kubectl("api-resources");
    assert.match(resources, /^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n/);
    assert.match(resources, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
    assert.match(resources, /^nodes +no +v1 +false +Node$/m);
    assert.match(
      await kubectl("api-resources --api-group=apps --verbs=list,watch -o name"),
      /^statefulsets\.apps$/m,
    );
    const versions = (await kubectl("api-versions")).trimEnd().split("\n");
    for (const version of ["v1", "apps/v1", "batch/v1", "rbac.authorization.k8s.io/v1"])
      assert.ok(versions.includes(version), version);
    assert.match(await kubectl("version"), /^Server Version: v1\.35\./m);
    assert.match(
      await kubectl("cluster-info"),
      /Kubernetes control plane.* is running at .*https:\/\/127\.0\.0\.1:/,
    );
    assert.equal(await kubectl("get --raw /readyz"), "ok");
  });

  it("says what went wrong as Kubernetes does", async () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      ["get pod none", /^Error from server \(NotFound\): pods "none" not found\n$/],
      ["get nothing", /^error: the server doesn't have a resource type "nothing"\n$/],
      ["get pods -n none", /^No resources found in none namespace\.\n$/],
      [
        "get pods -l ==",
        /^Error from server \(BadRequest\): .*: unable to parse requirement: found '==', expected: identifier\n$/,
      ],
      [
        "get pods --field-selector=spec.color=red",
        /^Error from server \(BadRequest\): .*field label not supported: spec\.color\n$/,
      ],
      [
        "create deployment Bad_Name --image=x",
        /^error: failed to create deployment: Deployment\.apps "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters/,
      ],
      ["delete pod none", /^Error from server \(NotFound\): pods "none" not found\n$/],
      ["create configmap x -n none", /^error: failed to create configmap: namespaces "none" not found\n$/],
      ["exec none -- true", /^Error from server \(NotFound\): pods "none" not found\n$/],
      ["exec toolbox -c none -- true", /container none is not valid for pod toolbox|container not found/],
    ];
    for (const [words, expected] of refusals)
      assert.match((await cluster.tryKubectl(words)).stderr, expected, words);
    const unknown = await cluster
      .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dota: {}}")
      .catch((error: Error) => error.message);
    assert.match(
      unknown,
      /Error from server \(BadRequest\): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dota"/,
    );
    const immutable = await cluster
      .apply(
        WEB.replace("matchLabels: { app: web }", "matchLabels: { app: other }").replace(
          "metadata: { labels: { app: web } }",
          "metadata: { labels: { app: other } }",
        ),
      )
      .catch((error: Error) => error.message);
    assert.match(
      immutable,
      /The Deployment "web" is invalid: spec\.selector: Invalid value: .*: field is immutable/,
    );
  });

  it("cordon, drain, taint", async () => {
    assert.equal(await kubectl("cordon node-1"), "node/node-1 cordoned\n");
    assert.match(await kubectl("get nodes"), /Ready,SchedulingDisabled/);
    await kubectl("run waiting --image=k8ts.local/hello:1");
    await eventually(async () =>
      assert.match(
        await kubectl("get events --field-selector=involvedObject.name=waiting"),
        /FailedScheduling .*0\/1 nodes are available: 1 node\(s\) were unschedulable/,
      ),
    );
    assert.equal(await kubectl("uncordon node-1"), "node/node-1 uncordoned\n");
    await kubectl("wait --for=condition=Ready pod/waiting --timeout=180s");
    assert.match(
      await kubectl(
        "drain node-1 --force --delete-emptydir-data --grace-period=1 --pod-selector=run=waiting",
      ),
      /pod\/waiting evicted\nnode\/node-1 drained\n/,
    );
    await kubectl("uncordon node-1");
    assert.equal(await kubectl("taint node node-1 a=b:PreferNoSchedule"), "node/node-1 tainted\n");
    assert.equal(await kubectl("taint node node-1 a-"), "node/node-1 untainted\n");
  });

  it("delete: one, by label, by file, everything below", async () => {
    assert.equal(await kubectl("delete pod single --now"), 'pod "single" deleted from default namespace\n');
    assert.match(
      await kubectl("delete pods -l app=toolbox --grace-period=0 --force"),
      /pod "toolbox" force deleted from default namespace\n/,
    );
    assert.equal(
      await cluster.kubectlWith({ input: WEB }, "delete -f - --cascade=foreground"),
      'deployment.apps "web" deleted from default namespace\nservice "web" deleted from default namespace\n',
    );
    await eventually(async () => assert.equal(await kubectl("get pods,replicasets -o name"), ""));
  });
});

/** The first bytes of an answer, without an HTTP client's patience. */
function rawRequest(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = createConnection(port, "127.0.0.1", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.setEncoding("utf8").on("data", (more: string) => (text += more));
    socket.on("end", () => resolve(text)).on("error", reject);
  });
}
