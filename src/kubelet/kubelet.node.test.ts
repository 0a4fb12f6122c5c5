import assert from "node:assert/strict";
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { Lease } from "#api/coordination-v1/lease";
import { ConfigMap } from "#api/core-v1/configmap";
import { Node } from "#api/core-v1/node";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { sleep, systemClock } from "#base/clock";
import { jsonLines, setLogSink } from "#base/log";
import { systemRandom } from "#base/random";
import { Scope } from "#base/scope";
import { quantityOfMilli } from "#machinery/quantity";
import { CriClient } from "./cri/client.ts";
import { type Kubelet, startKubelet } from "./kubelet.ts";
import { rotateLog } from "./logs/log-rotation.ts";
import { BUSYBOX, TestMachine } from "./machine.node.test.ts";
import { HANG_MS, MemoryApi } from "./memory-api.node.test.ts";

if (process.env.KUBELET_LOG)
  setLogSink(
    jsonLines(
      "debug",
      () => Date.now(),
      (line) => process.stderr.write(line),
    ),
  );

suite("a kubelet on containerd", { concurrency: false }, () => {
  let machine: TestMachine;
  let api: MemoryApi;
  let scope: Scope;
  let kubelet: Kubelet;
  const events: string[] = [];

  const start = async () => {
    scope = new Scope();
    kubelet = await startKubelet({
      client: api.client,
      nodeName: "node",
      nodeIPs: ["10.213.0.1"],
      runtimeSocket: machine.socket,
      rootDir: join(machine.dir, "kubelet"),
      podLogsDir: join(machine.dir, "logs"),
      cgroupRoot: machine.cgroupRoot,
      clusterDNS: ["10.96.0.10"],
      clusterDomain: "cluster.local",
      version: "v1.35.0",
      events: { record: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`) },
      clock: systemClock,
      random: systemRandom,
      scope,
    });
  };

  before(async () => {
    machine = await TestMachine.start();
    machine.enterNetwork();
    api = new MemoryApi();
    await start();
  });

  // Whatever became of a test, the next one finds a runtime, a kubelet, and a node without pods.
  afterEach(async () => {
    if (!machine.isUp) await machine.startContainerd();
    if (scope.closed) await start();
    for (const { metadata } of api.all(Pod)) api.deletePod(metadata.name, 0);
    await eventually(() => api.all(Pod).length === 0 && kubelet.pods.size === 0);
    for (const { id } of await kubelet.runtime.listSandboxes()) {
      await kubelet.runtime.stopSandbox(id);
      await kubelet.runtime.removeSandbox(id);
    }
  });

  after(async () => {
    await scope?.close();
    await machine?.[Symbol.asyncDispose]();
  });

  const run = (name: string, container: object, spec: object = {}) =>
    api.put(Pod, {
      metadata: { name },
      spec: {
        nodeName: "node",
        containers: [{ name: "main", image: BUSYBOX, imagePullPolicy: "IfNotPresent", ...container }],
        ...spec,
      },
    });

  /** Often asked, and patient with a busy machine. */
  const patient = { periodSeconds: 1, timeoutSeconds: 60 };
  const patientStart = { ...patient, failureThreshold: 100 };
  const shell = (script: string) => ({ command: ["sh", "-c", script] });
  const phase = (wanted: string) => (pod: Pod | undefined) => pod?.status.phase === wanted;
  const main = (pod: Pod | undefined) => pod?.status.containerStatuses?.[0];
  const waiting = (reason: string) => (pod: Pod | undefined) => main(pod)?.state?.waiting?.reason === reason;
  const isReady = (pod: Pod | undefined) =>
    pod?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

  const eventually = async (holds: () => boolean | Promise<boolean>) => {
    const untilMs = systemClock.monotonic() + HANG_MS;
    while (!(await holds())) {
      assert.ok(systemClock.monotonic() < untilMs, "waited in vain");
      await sleep(systemClock, 25);
    }
  };

  const log = async (name: string) => {
    const { namespace, uid } = api.find(Pod, name)!.metadata;
    const path = join(machine.dir, "logs", `${namespace}_${name}_${uid}`, "main", "0.log");
    const text = await readFile(path, "utf8").catch(() => "");
    return text.replaceAll(/^\S+ stdout P (.*)\n/gm, "$1").replaceAll(/(^|(?<=.))\S+ std(out|err) F /gm, "");
  };

  /** A pod that ends when it is asked to: it is there once its shell listens to the signal. */
  const runObedient = async (name: string) => {
    run(name, shell("trap exit TERM; echo listening; sleep 1000 & wait"));
    const pod = await api.until(Pod, name, isReady);
    await eventually(async () => (await log(name)).includes("listening"));
    return pod;
  };

  const remove = async (name: string, grace = 1) => {
    api.deletePod(name, grace);
    await api.until(Pod, name, (pod) => pod === undefined);
  };

  test("a pod runs, and is gone when it is deleted", async () => {
    run("simple", shell("sleep 1000"));
    const pod = await api.until(Pod, "simple", isReady);
    assert.equal(pod.status.phase, "Running");
    assert.match(pod.status.podIP ?? "", /^10\.213\.0\./);
    assert.equal(pod.status.qosClass, "BestEffort");
    assert.match(main(pod)?.containerID ?? "", /^containerd:\/\/[0-9a-f]{64}$/);
    assert.equal(main(pod)?.started, true);
    await remove("simple");
    await eventually(() => kubelet.pods.size === 0);
    assert.deepEqual(await kubelet.runtime.listSandboxes(), []);
  });

  test("a pod that ends well has succeeded", async () => {
    run("job", shell("echo bye > /dev/termination-log"), { restartPolicy: "Never" });
    const pod = await api.until(Pod, "job", phase("Succeeded"));
    assert.equal(main(pod)?.state?.terminated?.message, "bye\n");
    await remove("job");
  });

  test("a container that fails is started again, then waits longer and longer", async () => {
    run("crash", shell("exit 3"));
    const pod = await api.until(Pod, "crash", waiting("CrashLoopBackOff"));
    assert.equal(main(pod)!.restartCount, 1);
    assert.equal(main(pod)!.lastState?.terminated?.exitCode, 3);
    const text = /^back-off 10s restarting failed container=main pod=crash_default/;
    assert.match(main(pod)!.state!.waiting!.message!, text);
    assert.equal(pod.status.phase, "Running");
    await remove("crash");
  });

  test("init containers run one after the other, sidecars stay", async () => {
    const shared = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
    const step = (name: string, script: string, more: object = {}) => ({
      name,
      image: BUSYBOX,
      imagePullPolicy: "IfNotPresent",
      ...shell(script),
      ...shared,
      ...more,
    });
    run(
      "inits",
      { ...shell("cat /shared/order"), ...shared },
      {
        restartPolicy: "Never",
        initContainers: [
          step("one", "echo one >> /shared/order"),
          step("side", "echo side >> /shared/order; sleep 1000", {
            restartPolicy: "Always",
            startupProbe: { exec: { command: ["grep", "side", "/shared/order"] }, ...patientStart },
          }),
          step("two", "echo two >> /shared/order"),
        ],
        volumes: [{ name: "shared", emptyDir: {} }],
        terminationGracePeriodSeconds: 1,
      },
    );
    const pod = await api.until(Pod, "inits", phase("Succeeded"));
    assert.equal(await log("inits"), "one\nside\ntwo\n");
    const codes = pod.status.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode);
    assert.deepEqual(codes, [0, 137, 0]);
    await remove("inits");
  });

  test("environment comes from everywhere", async () => {
    api.put(ConfigMap, { metadata: { name: "settings" }, data: { color: "blue", size: "3" } });
    const data = { token: Buffer.from("s3cret").toString("base64") };
    api.put(Secret, { metadata: { name: "keys" }, type: "Opaque", data });
    const ports = [{ name: "sql", port: 5432, protocol: "TCP" }];
    api.put(Service, { metadata: { name: "my-db" }, spec: { clusterIP: "10.96.0.7", ports } });
    const from = (valueFrom: object) => ({ valueFrom });
    run(
      "env",
      {
        command: ["sh", "-c", "env; echo args $0 $1", "$(GREETING)", "$$(GREETING)"],
        env: [
          { name: "NAME", value: "world" },
          { name: "GREETING", value: "hello $(NAME) $(NOPE)" },
          { name: "POD", ...from({ fieldRef: { fieldPath: "metadata.name" } }) },
          { name: "IP", ...from({ fieldRef: { fieldPath: "status.podIP" } }) },
          { name: "KEY", ...from({ secretKeyRef: { name: "keys", key: "token" } }) },
          { name: "LIMIT", ...from({ resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } }) },
          { name: "GONE", ...from({ configMapKeyRef: { name: "settings", key: "absent", optional: true } }) },
        ],
        envFrom: [{ prefix: "CFG_", configMapRef: { name: "settings" } }],
        resources: { limits: { memory: "64Mi", cpu: "100m" } },
      },
      { restartPolicy: "Never" },
    );
    await api.until(Pod, "env", phase("Succeeded"));
    const text = await log("env");
    const lines = [
      "GREETING=hello world $(NOPE)",
      "POD=env",
      "KEY=s3cret",
      "LIMIT=64",
      "CFG_color=blue",
      "MY_DB_SERVICE_HOST=10.96.0.7",
      "MY_DB_SERVICE_PORT_SQL=5432",
      "MY_DB_PORT_5432_TCP_ADDR=10.96.0.7",
      "args hello world $(NOPE) $(GREETING)",
    ];
    for (const line of lines) assert.ok(text.includes(`${line}\n`), `${line} in ${text}`);
    assert.match(text, /IP=10\.213\.0\.\d+/);
    assert.doesNotMatch(text, /GONE/);
    await remove("env");
  });

  test("a missing config map holds a container back until it is there", async () => {
    run("waits", { ...shell("sleep 1000"), envFrom: [{ configMapRef: { name: "later" } }] });
    const held = await api.until(Pod, "waits", waiting("CreateContainerConfigError"));
    assert.equal(main(held)?.state?.waiting?.message, 'configmap "later" not found');
    api.put(ConfigMap, { metadata: { name: "later" }, data: {} });
    await api.until(Pod, "waits", isReady);
    await remove("waits");
  });

  test("volumes show what the API holds, also after it changed", async () => {
    api.put(ConfigMap, { metadata: { name: "files" }, data: { a: "1", b: "2" } });
    api.put(ConfigMap, { metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": "CA" } });
    const script = `cat /cfg/a /cfg/sub/b /token/token /token/ca.crt; echo
      readlink -f /cfg/a | grep -c '/cfg/\\.\\.'; stat -L -c %a /cfg/sub/b /token/token
      until grep -q 9 /cfg/a; do sleep 0.1; done; echo changed; sleep 1000`;
    const items = [
      { key: "a", path: "a" },
      { key: "b", path: "sub/b", mode: 0o400 },
    ];
    const sources = [{ serviceAccountToken: { path: "token" } }, { configMap: { name: "kube-root-ca.crt" } }];
    const labels = { path: "labels", fieldRef: { fieldPath: "metadata.labels" } };
    run(
      "volumes",
      {
        ...shell(script),
        volumeMounts: [
          { name: "cfg", mountPath: "/cfg" },
          { name: "down", mountPath: "/down" },
          { name: "token", mountPath: "/token", readOnly: true },
          { name: "work", mountPath: "/work", subPath: "deep/er" },
          { name: "mem", mountPath: "/mem" },
        ],
      },
      {
        volumes: [
          { name: "cfg", configMap: { name: "files", items } },
          { name: "down", downwardAPI: { items: [labels] } },
          { name: "token", projected: { sources } },
          { name: "work", emptyDir: {} },
          { name: "mem", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        ],
        serviceAccountName: "default",
      },
    );
    await api.until(Pod, "volumes", isReady);
    await eventually(async () => (await log("volumes")).includes("644"));
    assert.equal(await log("volumes"), "12token-of-defaultCA\n1\n400\n644\n");
    api.change(ConfigMap, "files", { data: { a: "9" } });
    await eventually(async () => (await log("volumes")).includes("changed"));
    await remove("volumes");
    assert.deepEqual(await readdir(join(machine.dir, "kubelet", "pods")), []);
  });

  test("parts of volumes are mounted, and what they are parts of stays when the pod goes", async () => {
    const path = join(machine.dir, "parts");
    await mkdir(path);
    api.put(ConfigMap, { metadata: { name: "keyed" }, data: { a: "key" } });
    const mounts = [
      { name: "host", mountPath: "/own", subPathExpr: "of/$(POD)" },
      { name: "cfg", mountPath: "/etc/a", subPath: "a" },
    ];
    run(
      "parts",
      {
        ...shell("cat /etc/a; echo kept > /own/file"),
        env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        volumeMounts: mounts,
      },
      {
        restartPolicy: "Never",
        volumes: [
          { name: "host", hostPath: { path } },
          { name: "cfg", configMap: { name: "keyed" } },
        ],
      },
    );
    await api.until(Pod, "parts", phase("Succeeded"));
    assert.equal(await log("parts"), "key");
    await remove("parts");
    assert.equal(await readFile(join(path, "of", "parts", "file"), "utf8"), "kept\n");
    assert.deepEqual(await readdir(join(machine.dir, "kubelet", "pods")), []);
    const script = "cat /own/shadow; sleep 1000";
    await symlink("/etc", join(path, "etc"));
    run(
      "escapes",
      { ...shell(script), volumeMounts: [{ name: "host", mountPath: "/own", subPath: "etc" }] },
      { volumes: [{ name: "host", hostPath: { path } }] },
    );
    const held = await api.until(Pod, "escapes", waiting("CreateContainerConfigError"));
    const why =
      'failed to prepare subPath for volumeMount "host" of container "main": "etc" leads out of the volume';
    assert.equal(main(held)?.state?.waiting?.message, why);
    await remove("escapes");
  });

  test("an image that cannot be had is said so", async () => {
    run("never", { image: "test.local/nothing:1", imagePullPolicy: "Never" });
    run("bad", { image: "Not/An:Image:Name" });
    run("pull", { image: "127.0.0.1:1/nothing:1", imagePullPolicy: "Always" });
    await api.until(Pod, "never", waiting("ErrImageNeverPull"));
    await api.until(Pod, "bad", waiting("InvalidImageName"));
    await api.until(Pod, "pull", waiting("ErrImagePull"));
    await api.until(Pod, "pull", waiting("ImagePullBackOff"));
    for (const name of ["never", "bad", "pull"]) await remove(name);
  });

  test("probes decide who is ready and who is restarted", async () => {
    run(
      "probed",
      {
        ...shell("mkdir -p /tmp/www; echo ok > /tmp/www/ok; httpd -p 8080 -h /tmp/www; sleep 1000"),
        ports: [{ name: "web", containerPort: 8080 }],
        startupProbe: { tcpSocket: { port: "web" }, ...patientStart },
        readinessProbe: { httpGet: { path: "/ok", port: "web" }, ...patient, failureThreshold: 1 },
        livenessProbe: {
          exec: { command: ["test", "!", "-e", "/tmp/dead"] },
          ...patient,
          failureThreshold: 1,
        },
      },
      { terminationGracePeriodSeconds: 1 },
    );
    const pod = await api.until(Pod, "probed", isReady);
    const id = main(pod)!.containerID!.replace("containerd://", "");
    await kubelet.runtime.execSync(id, ["rm", "/tmp/www/ok"], 5);
    await api.until(Pod, "probed", (one) => !isReady(one));
    await kubelet.runtime.execSync(id, ["touch", "/tmp/dead"], 5);
    const again = await api.until(Pod, "probed", (one) => main(one)?.restartCount === 1 && isReady(one));
    assert.equal(main(again)!.lastState?.terminated?.exitCode, 137);
    const failure = "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404";
    assert.ok(events.includes(failure), events.join("\n"));
    assert.ok(events.includes("Killing: Container main failed liveness probe, will be restarted"));
    await remove("probed");
  });

  test("hooks run after the start and before the end", async () => {
    const dir = join(machine.dir, "hooks");
    await mkdir(dir);
    // A hook starts with its container, not after its first word.
    const says = (word: string) => ({
      exec: {
        command: ["sh", "-c", `until grep -q main /out/log; do sleep 0.1; done; echo ${word} >> /out/log`],
      },
    });
    run(
      "hooks",
      {
        ...shell(
          "trap 'echo term >> /out/log; exit 0' TERM; echo main >> /out/log; while true; do sleep 0.1; done",
        ),
        lifecycle: { postStart: says("post"), preStop: says("pre") },
        volumeMounts: [{ name: "out", mountPath: "/out" }],
      },
      { volumes: [{ name: "out", hostPath: { path: dir, type: "Directory" } }] },
    );
    await api.until(Pod, "hooks", isReady);
    await remove("hooks", 10);
    assert.equal(await readFile(join(dir, "log"), "utf8"), "main\npost\npre\nterm\n");
  });

  test("security contexts hold", async () => {
    const script = `id -u; id -g; id -G; touch /x 2>/dev/null || echo readonly
      grep -E 'NoNewPrivs|Seccomp:' /proc/self/status`;
    const securityContext = {
      runAsUser: 1000,
      runAsGroup: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    };
    const groups = { fsGroup: 2000, supplementalGroups: [3000] };
    run("safe", { ...shell(script), securityContext }, { restartPolicy: "Never", securityContext: groups });
    run("root", { ...shell("true"), securityContext: { runAsNonRoot: true } }, { restartPolicy: "Never" });
    await api.until(Pod, "safe", phase("Succeeded"));
    const text = await log("safe");
    assert.equal(text.split("\n").slice(0, 2).join(), "1000,1000");
    assert.deepEqual(text.split("\n")[2]?.split(" ").toSorted(), ["1000", "2000", "3000"]);
    assert.match(text, /readonly\nNoNewPrivs:\t1\nSeccomp:\t2\n$/);
    const root = await api.until(Pod, "root", waiting("CreateContainerConfigError"));
    const why = /container has runAsNonRoot and image will run as root/;
    assert.match(main(root)!.state!.waiting!.message!, why);
    await remove("safe");
    await remove("root");
  });

  test("names, hosts and DNS are the pod's own", async () => {
    run("named", shell("hostname; cat /etc/hosts /etc/resolv.conf"), {
      restartPolicy: "Never",
      hostname: "me",
      subdomain: "sub",
      hostAliases: [{ ip: "1.2.3.4", hostnames: ["alias"] }],
      dnsConfig: { options: [{ name: "ndots", value: "2" }] },
    });
    await api.until(Pod, "named", phase("Succeeded"));
    const text = await log("named");
    assert.ok(text.startsWith("me\n# Kubernetes-managed hosts file.\n"), text);
    assert.match(text, /10\.213\.0\.\d+\tme\.sub\.default\.svc\.cluster\.local\tme\n/);
    assert.match(text, /1\.2\.3\.4\talias\n/);
    assert.match(text, /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/);
    assert.match(text, /nameserver 10\.96\.0\.10\noptions ndots:2/);
    await remove("named");
  });

  test("a claim's volume on this node is mounted, and belongs to the pod's group", async () => {
    const path = join(machine.dir, "disk");
    await mkdir(path);
    api.put(PersistentVolume, { metadata: { name: "disk" }, spec: { local: { path } } });
    api.put(PersistentVolumeClaim, {
      metadata: { name: "claim" },
      spec: { volumeName: "disk" },
      status: { phase: "Bound" },
    });
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "claim" } }];
    const script = "stat -c '%g %a' /data; echo kept > /data/file; stat -c %g /data/file";
    run(
      "stateful",
      { ...shell(script), volumeMounts: [{ name: "data", mountPath: "/data" }] },
      {
        volumes,
        restartPolicy: "Never",
        securityContext: { fsGroup: 2000, runAsUser: 1000 },
      },
    );
    await api.until(Pod, "stateful", phase("Succeeded"));
    assert.equal(await log("stateful"), "2000 2775\n2000\n");
    await remove("stateful");
    assert.equal(await readFile(join(path, "file"), "utf8"), "kept\n");
  });

  test("a volume whose root belongs to the group is gone through unless the pod trusts it", async () => {
    const path = join(machine.dir, "trusted");
    await mkdir(path);
    await writeFile(join(path, "file"), "");
    await chown(join(path, "file"), 1000, 0);
    await chown(path, 1000, 2000);
    await chmod(path, 0o2775);
    api.put(PersistentVolume, { metadata: { name: "trusted" }, spec: { local: { path } } });
    api.put(PersistentVolumeClaim, {
      metadata: { name: "trusting" },
      spec: { volumeName: "trusted" },
      status: { phase: "Bound" },
    });
    for (const [policy, group] of [
      ["OnRootMismatch", 0],
      ["Always", 2000],
    ] as const) {
      const name = `volume-${policy.toLowerCase()}`;
      run(
        name,
        {
          ...shell("stat -c '%u %g' /data /data/file"),
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
        {
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "trusting" } }],
          restartPolicy: "Never",
          securityContext: { fsGroup: 2000, fsGroupChangePolicy: policy },
        },
      );
      await api.until(Pod, name, phase("Succeeded"));
      assert.equal(await log(name), `1000 2000\n1000 ${group}\n`);
      await remove(name);
    }
  });

  test("a volume of a kind that is not supported is said so", async () => {
    run("remote", shell("true"), { volumes: [{ name: "far", nfs: { server: "x", path: "/" } }] });
    await eventually(() =>
      events.includes(
        'FailedMount: MountVolume.SetUp failed for volume "far" : volume source nfs is not supported by this node',
      ),
    );
    assert.ok(waiting("ContainerCreating")(api.find(Pod, "remote")));
    await remove("remote");
  });

  test("the end of the log stands in for a message", async () => {
    const container = {
      ...shell("echo first; echo last; exit 1"),
      terminationMessagePolicy: "FallbackToLogsOnError",
    };
    run("silent", container, { restartPolicy: "Never" });
    const pod = await api.until(Pod, "silent", phase("Failed"));
    assert.equal(main(pod)!.state!.terminated!.message, "first\nlast\n");
    await remove("silent");
  });

  test("limits reach the kernel", async () => {
    run("limits", { ...shell("sleep 1000"), resources: { limits: { cpu: "200m", memory: "32Mi" } } });
    const pod = await api.until(Pod, "limits", isReady);
    assert.equal(pod.status.qosClass, "Guaranteed");
    const path = kubelet.cgroups.pathOf(pod);
    const file =
      kubelet.cgroups.version === 1
        ? join("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes")
        : join("/sys/fs/cgroup", path, "memory.max");
    assert.equal((await readFile(file, "utf8")).trim(), String(32 * 1024 * 1024));
    await remove("limits");
  });

  test("limits change while a container runs", async () => {
    const limits = (memory: string) => ({
      limits: { cpu: "200m", memory },
      requests: { cpu: "200m", memory },
    });
    run("grows", { ...shell("sleep 1000"), resources: limits("32Mi") });
    const before = await api.until(Pod, "grows", isReady);
    const id = main(before)!.containerID!.replace("containerd://", "");
    for (const mebi of [64, 48]) {
      api.change(Pod, "grows", { spec: { containers: [{ name: "main", resources: limits(`${mebi}Mi`) }] } });
      const path = kubelet.cgroups.pathOf(before);
      const file =
        kubelet.cgroups.version === 1
          ? join("/sys/fs/cgroup/memory", path, id, "memory.limit_in_bytes")
          : join("/sys/fs/cgroup", path, id, "memory.max");
      const parent = file.replace(`/${id}`, "");
      const wanted = String(mebi * 1024 * 1024);
      const has = async (name: string) => (await readFile(name, "utf8")).trim() === wanted;
      await eventually(async () => (await has(file)) && (await has(parent)));
    }
    assert.equal(main(api.find(Pod, "grows"))!.restartCount, 0);
    await remove("grows");
  });

  const conditionOf = (pod: Pod | undefined, wanted: string) =>
    pod?.status.conditions?.find(({ type }) => type === wanted);
  const isResized = (cpu: string) => (pod: Pod | undefined) =>
    main(pod)?.resources?.requests?.cpu === cpu && !conditionOf(pod, "PodResizePending");
  const resize = (name: string, resources: object, more: object = {}) =>
    api.change(Pod, name, { spec: { containers: [{ name: "main", resources, ...more }] } });

  test("a resize waits for room, also under a new kubelet, and is refused where there never will be", async () => {
    const milli = Number(kubelet.node.allocatable.cpu) * 1000;
    const part = (share: number) => ({ requests: { cpu: quantityOfMilli(Math.floor(milli * share)) } });
    run("holder", { ...shell("sleep 1000"), resources: part(1 / 2) });
    run("grower", { ...shell("sleep 1000"), resources: part(1 / 4) });
    await api.until(Pod, "holder", isReady);
    const before = await api.until(Pod, "grower", isReady);
    resize("grower", part(3 / 4));
    const isPending = (reason: string) => (pod: Pod | undefined) =>
      conditionOf(pod, "PodResizePending")?.reason === reason;
    const deferred = await api.until(Pod, "grower", isPending("Deferred"));
    assert.match(
      conditionOf(deferred, "PodResizePending")!.message!,
      /^Node didn't have enough resource: cpu, requested: \d+, used: \d+, capacity: \d+$/,
    );
    assert.deepEqual(main(deferred)!.resources, part(1 / 4));
    await scope.close();
    await start();
    await eventually(() => kubelet.pods.size === 2);
    await remove("holder");
    const grown = await api.until(Pod, "grower", isResized(part(3 / 4).requests.cpu));
    assert.equal(main(grown)!.containerID, main(before)!.containerID);
    resize("grower", part(2));
    const refused = await api.until(Pod, "grower", isPending("Infeasible"));
    assert.match(
      conditionOf(refused, "PodResizePending")!.message!,
      /^Node didn't have enough capacity: cpu, requested: \d+, capacity: \d+$/,
    );
    assert.deepEqual(main(refused)!.resources, part(3 / 4));
    resize("grower", part(1 / 2));
    await api.until(Pod, "grower", isResized(part(1 / 2).requests.cpu));
    await remove("grower");
  });

  test("a container is restarted for a resize where its policy says so", async () => {
    const resizePolicy = [
      { resourceName: "cpu", restartPolicy: "NotRequired" },
      { resourceName: "memory", restartPolicy: "RestartContainer" },
    ];
    const amounts = (cpu: string, memory: string) => ({ limits: { cpu, memory }, requests: { cpu, memory } });
    const spec = { terminationGracePeriodSeconds: 1 };
    run("strict", { ...shell("sleep 1000"), resizePolicy, resources: amounts("100m", "32Mi") }, spec);
    await api.until(Pod, "strict", isReady);
    resize("strict", amounts("200m", "32Mi"));
    const live = await api.until(Pod, "strict", isResized("200m"));
    assert.equal(main(live)!.restartCount, 0);
    resize("strict", amounts("200m", "64Mi"));
    const anew = await api.until(Pod, "strict", (pod) => main(pod)?.restartCount === 1 && isReady(pod));
    assert.deepEqual(main(anew)!.resources, amounts("200m", "64Mi"));
    await remove("strict");
  });

  test("memory that is in use is not taken away", async () => {
    const amounts = (memory: string) => ({ limits: { memory }, requests: { memory } });
    run(
      "full",
      {
        ...shell("head -c 20000000 /dev/zero > /mem/file; echo full; sleep 1000"),
        resources: amounts("128Mi"),
        volumeMounts: [{ name: "mem", mountPath: "/mem" }],
      },
      { volumes: [{ name: "mem", emptyDir: { medium: "Memory" } }] },
    );
    await api.until(Pod, "full", isReady);
    await eventually(async () => (await log("full")).includes("full"));
    resize("full", amounts("8Mi"));
    const isStuck = (pod: Pod | undefined) => conditionOf(pod, "PodResizeInProgress")?.reason === "Error";
    const stuck = await api.until(Pod, "full", isStuck);
    assert.equal(main(stuck)!.resources!.limits!.memory, "128Mi");
    assert.match(conditionOf(stuck, "PodResizeInProgress")!.message!, /below its usage/);
    resize("full", amounts("256Mi"));
    const done = await api.until(
      Pod,
      "full",
      (pod) => main(pod)?.resources?.limits?.memory === "256Mi" && !conditionOf(pod, "PodResizeInProgress"),
    );
    assert.equal(main(done)!.restartCount, 0);
    await remove("full");
  });

  test("an ephemeral container joins a running pod", async () => {
    run("debugged", shell("sleep 1000"));
    await api.until(Pod, "debugged", isReady);
    const debug = {
      name: "debug",
      image: BUSYBOX,
      imagePullPolicy: "IfNotPresent",
      targetContainerName: "main",
    };
    const looks = shell("grep -l sleep /proc/1/cmdline");
    api.change(Pod, "debugged", { spec: { ephemeralContainers: [{ ...debug, ...looks }] } });
    const ended = await api.until(
      Pod,
      "debugged",
      (pod) => pod?.status.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined,
    );
    assert.equal(ended.status.ephemeralContainerStatuses![0]!.state!.terminated!.exitCode, 0);
    assert.ok(isReady(ended));
    await remove("debugged");
  });

  test("a pod in the node's network has the node's address", async () => {
    run("hosted", shell("cat /etc/hosts; hostname"), { hostNetwork: true, restartPolicy: "Never" });
    const pod = await api.until(Pod, "hosted", phase("Succeeded"));
    assert.equal(pod.status.podIP, "10.213.0.1");
    assert.match(await log("hosted"), /^# Kubernetes-managed hosts file \(host network\)\.\n/);
    await remove("hosted");
  });

  test("what vanishes from the API vanishes from the node", async () => {
    await runObedient("vanishes");
    api.remove(Pod, "vanishes");
    const labelSelector = { "io.kubernetes.pod.name": "vanishes" };
    await eventually(async () => (await kubelet.runtime.listSandboxes({ labelSelector })).length === 0);
  });

  test("a pod that the node has no room for is refused", async () => {
    run("huge", { ...shell("true"), resources: { requests: { cpu: "1000" } } });
    const pod = await api.until(Pod, "huge", phase("Failed"));
    assert.equal(pod.status.reason, "OutOfcpu");
    assert.match(
      pod.status.message ?? "",
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000/,
    );
    await remove("huge");
  });

  test("what pods use is measured", async () => {
    run("busy", shell("sleep 1000"));
    await api.until(Pod, "busy", isReady);
    const { node, pods } = await kubelet.summary();
    assert.ok(node.memory.workingSetBytes > 0);
    const found = pods.find(({ podRef }) => podRef.name === "busy");
    assert.ok((found?.containers[0]?.cpu.usageCoreNanoSeconds ?? 0) > 0, JSON.stringify(found));
    const text = async (path: string) => (await kubelet.documents.get(path)!()).body;
    assert.match(await text("/metrics"), /^kubelet_running_pods \d+$/m);
    assert.match(await text("/metrics"), /^kubelet_pod_start_duration_seconds_count \d+$/m);
    const line =
      /^container_memory_working_set_bytes\{container="main",namespace="default",pod="busy"\} \d+$/m;
    assert.match(await text("/metrics/resource"), line);
    await remove("busy");
  });

  test("a long log is put aside", async () => {
    run("chatty", shell("seq 100000; sleep 1000"));
    await api.until(Pod, "chatty", isReady);
    await eventually(async () => (await log("chatty")).includes("100000"));
    const { id, logPath } = kubelet.pods.findContainer(kubelet.pods.find("default", "chatty")!, "main")!;
    const limits = { bytesMax: 1000, filesMax: 3 };
    assert.ok(await rotateLog(kubelet.runtime, id, logPath, 0, limits));
    await eventually(async () => (await readdir(join(logPath, ".."))).length === 2);
    assert.equal(await rotateLog(kubelet.runtime, id, logPath, 1000, limits), false);
    await remove("chatty");
  });

  test("a container that takes too much memory is killed for it", async () => {
    const eats = "exec tail -c 90000000 /dev/zero";
    run("greedy", { ...shell(eats), resources: { limits: { memory: "16Mi" } } }, { restartPolicy: "Never" });
    const pod = await api.until(Pod, "greedy", phase("Failed"));
    assert.equal(main(pod)!.state!.terminated!.reason, "OOMKilled");
    await remove("greedy");
  });

  test("a deadline ends a pod", async () => {
    run("late", shell("sleep 1000"), { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 1 });
    const pod = await api.until(Pod, "late", phase("Failed"));
    assert.equal(pod.status.reason, "DeadlineExceeded");
    await remove("late");
  });

  test("a lost sandbox is made anew", async () => {
    run("lost", shell("sleep 1000"), { terminationGracePeriodSeconds: 1 });
    const before = await api.until(Pod, "lost", isReady);
    const labelSelector = { "io.kubernetes.pod.name": "lost" };
    const [sandbox] = await kubelet.runtime.listSandboxes({ labelSelector });
    await kubelet.runtime.stopSandbox(sandbox!.id);
    const isAnew = (pod: Pod | undefined) => isReady(pod) && pod!.status.podIP !== before.status.podIP;
    const again = await api.until(Pod, "lost", isAnew);
    assert.ok(main(again)!.restartCount >= 1);
    await remove("lost");
  });

  test("a new kubelet takes over what runs and touches nothing", async () => {
    const readinessProbe = { exec: { command: ["true"] }, ...patient };
    run("stays", { ...shell("sleep 1000"), readinessProbe });
    const before = await api.until(Pod, "stays", isReady);
    await scope.close();
    await start();
    await runObedient("orphan-to-be");
    const then = api.find(Pod, "stays")!;
    assert.deepEqual(then.status.containerStatuses, before.status.containerStatuses);
    assert.ok(isReady(then));
    await scope.close();
    api.remove(Pod, "orphan-to-be");
    await start();
    await eventually(async () => (await kubelet.runtime.listSandboxes()).length === 1);
    await remove("stays");
  });

  test("a container that a kubelet made and did not live to start is made again", async () => {
    const before = await runObedient("half");
    await scope.close();
    const runtime = new CriClient(machine.socket, machine.socket, systemClock);
    const [summary] = await runtime.listContainers();
    const { podSandboxId, labels, annotations, id } = summary!;
    await runtime.stopContainer(id, 1);
    await runtime.removeContainer(id);
    const { name, namespace, uid } = before.metadata;
    const metadata = { name, namespace, uid, attempt: 0 };
    await runtime.createContainer(
      podSandboxId,
      {
        metadata: { name: "main", attempt: 0 },
        image: { image: BUSYBOX },
        labels,
        annotations,
        logPath: "x.log",
      },
      { metadata, logDirectory: machine.dir },
    );
    runtime.close();
    await start();
    const isAnew = (pod: Pod | undefined) =>
      isReady(pod) && main(pod)?.containerID !== main(before)?.containerID;
    await api.until(Pod, "half", isAnew);
    assert.equal((await kubelet.runtime.listContainers()).length, 1);
    await remove("half");
  });

  test("containerd may restart under running pods", async () => {
    run("survivor", shell("sleep 1000"));
    const before = await api.until(Pod, "survivor", isReady);
    await machine.stopContainerd();
    await machine.startContainerd();
    run("newcomer", shell("sleep 1000"));
    await api.until(Pod, "newcomer", isReady);
    const then = api.find(Pod, "survivor")!;
    assert.deepEqual(then.status.containerStatuses, before.status.containerStatuses);
    await remove("survivor");
    await remove("newcomer");
  });

  test("what ends while containerd is away is seen when it is back", async () => {
    run("ends", shell("exec sleep 98765"), { restartPolicy: "Never" });
    await api.until(Pod, "ends", isReady);
    await machine.stopContainerd();
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    for (const pid of pids) {
      const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const group = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
      if (words === ["sleep", "98765", ""].join("\0") && group.includes(machine.name))
        process.kill(Number(pid), "SIGKILL");
    }
    await machine.startContainerd();
    const pod = await api.until(Pod, "ends", phase("Failed"));
    assert.equal(main(pod)!.state!.terminated!.exitCode, 137);
    await remove("ends");
  });

  test("the node says what it has and that it is there", async () => {
    const nodeReady = (node: Node | undefined) =>
      node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
    const node = await api.until(Node, "node", nodeReady);
    assert.equal(node.metadata.labels?.["kubernetes.io/hostname"], "node");
    assert.match(node.status.nodeInfo.containerRuntimeVersion, /^containerd:\/\/1\./);
    assert.ok(Number(node.status.capacity?.cpu) > 0);
    const lease = api.find(Lease, "node", "kube-node-lease");
    assert.equal(lease?.spec.holderIdentity, "node");
  });
});
