/** Names that pods can look up. */
import assert from "node:assert/strict";
import { outputOf } from "../finished-pod.ts";
import { services, pods } from "../kinds.ts";
import { isReady, podOf, waiting } from "../pods.ts";
import { conformance, type ConformanceContext } from "../suite.ts";

/** Looks names up until each has an answer; gives the addresses. */
async function lookUp(context: ConformanceContext, names: readonly string[], spec = {}): Promise<string[]> {
  const one = (name: string) =>
    `until nslookup -type=a ${name} >/tmp/out 2>&1; do sleep 0.1; done; awk '/^Name:/{found=1} found && /^Address/{print $NF; exit}' /tmp/out`;
  return (await outputOf(context, names.map(one).join("\n"), {}, spec)).trim().split("\n");
}

conformance("[sig-network] DNS should provide DNS for the cluster [Conformance]", async (context) => {
  const { spec } = await services(context, "default").read("kubernetes");
  assert.deepEqual(await lookUp(context, ["kubernetes.default.svc.cluster.local."]), [spec!.clusterIP]);
});

conformance("[sig-network] DNS should provide DNS for services [Conformance]", async (context) => {
  const { namespace } = context;
  await pods(context).create(podOf("web", waiting(), {}, { app: "web" }));
  const ports = [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }];
  await services(context).create({
    metadata: { name: "headless" },
    spec: { clusterIP: "None", selector: { app: "web" }, ports },
  });
  const { spec } = await services(context).create({
    metadata: { name: "regular" },
    spec: { selector: { app: "web" }, ports },
  });
  const { status } = await pods(context).until("web", isReady, "is ready");
  assert.deepEqual(
    await lookUp(context, [
      `headless.${namespace}.svc.cluster.local.`,
      `regular.${namespace}.svc.cluster.local.`,
    ]),
    [status!.podIP, spec!.clusterIP],
  );
  const said = await outputOf(
    context,
    ["headless", "regular"]
      .map(
        (name) =>
          `until nslookup -type=srv _http._tcp.${name}.${namespace}.svc.cluster.local. | grep service; do sleep 0.1; done`,
      )
      .join("\n"),
  );
  assert.match(said, new RegExp(` 8080 \\S+\\.headless\\.${namespace}\\.svc\\.cluster\\.local`));
  assert.match(said, new RegExp(` 80 regular\\.${namespace}\\.svc\\.cluster\\.local`));
  const reverse = await outputOf(
    context,
    `until nslookup ${spec!.clusterIP} | grep name; do sleep 0.1; done`,
  );
  assert.match(reverse, new RegExp(`name = regular\\.${namespace}\\.svc\\.cluster\\.local`));
});

conformance(
  "[sig-network] DNS should resolve DNS of partial qualified names for services [LinuxOnly] [Conformance]",
  async (context) => {
    const { namespace } = context;
    const { spec } = await services(context).create({
      metadata: { name: "regular" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    });
    const names = ["regular", `regular.${namespace}`, `regular.${namespace}.svc`];
    // As programs look them up, by the search list of the pod.
    const script = names
      .map(
        (name) =>
          `until ping -c 1 -w 1 ${name} >/tmp/out 2>&1 || grep -q PING /tmp/out; do sleep 0.1; done; head -1 /tmp/out`,
      )
      .join("\n");
    const said = (await outputOf(context, script, { securityContext: { runAsUser: 0 } })).trim().split("\n");
    for (const [at, name] of names.entries())
      assert.match(said[at]!, new RegExp(`^PING ${name} \\(${spec!.clusterIP!.replaceAll(".", "\\.")}\\)`));
  },
);

conformance(
  "[sig-network] DNS should provide DNS for ExternalName services [Conformance]",
  async (context) => {
    const { namespace } = context;
    const target = (host: string) => `${host}.${namespace}.svc.cluster.local`;
    const made = await Promise.all(
      ["one", "two"].map((name) =>
        services(context).create({ metadata: { name }, spec: { ports: [{ port: 80 }] } }),
      ),
    );
    await services(context).create({
      metadata: { name: "outside" },
      spec: { type: "ExternalName", externalName: target("one") },
    });
    const untilFound = async (type: string, answer: string) => {
      const lookUps = `until nslookup -type=${type} ${target("outside")}. | grep -F '${answer}'; do sleep 0.1; done`;
      assert.ok((await outputOf(context, lookUps)).includes(answer));
    };
    for (const [at, name] of ["one", "two"].entries()) {
      await services(context).patch("outside", { spec: { externalName: target(name) } });
      await untilFound("cname", `canonical name = ${target(name)}`);
      await untilFound("a", made[at]!.spec!.clusterIP!);
    }
    const changed = await services(context).patch("outside", {
      spec: { type: "ClusterIP", externalName: null, ports: [{ port: 80 }] },
    });
    await untilFound("a", changed.spec!.clusterIP!);
  },
);

for (const [what, lookedUp] of [
  ["Hostname", (namespace: string) => `named.below.${namespace}.svc.cluster.local.`],
  ["Subdomain", (namespace: string) => `named.below.${namespace}.svc.cluster.local.`],
] as const) {
  conformance(`[sig-network] DNS should provide DNS for pods for ${what} [Conformance]`, async (context) => {
    await services(context).create({
      metadata: { name: "below" },
      spec: { clusterIP: "None", selector: { app: "named" }, ports: [{ port: 80 }] },
    });
    await pods(context).create(
      podOf("pod", waiting(), { hostname: "named", subdomain: "below" }, { app: "named" }),
    );
    const { status } = await pods(context).until("pod", isReady, "is ready");
    assert.deepEqual(await lookUp(context, [lookedUp(context.namespace)]), [status!.podIP]);
    const own = await outputOf(
      context,
      what === "Hostname" ? "hostname" : "hostname -f; grep named /etc/hosts | awk '{print $2}'",
      {},
      { hostname: "named", subdomain: "below" },
    );
    const full = `named.below.${context.namespace}.svc.cluster.local\n`;
    assert.equal(own, what === "Hostname" ? "named\n" : full + full);
  });
}

conformance(
  "[sig-network] DNS should provide /etc/hosts entries for the cluster [Conformance]",
  async (context) => {
    const said = await outputOf(
      context,
      "cat /etc/hosts; hostname -f",
      {},
      { hostname: "named", subdomain: "below" },
      { name: "pod" },
    );
    const { status } = await pods(context).read("pod");
    const full = `named.below.${context.namespace}.svc.cluster.local`;
    assert.match(said, new RegExp(`^${status!.podIP!.replaceAll(".", "\\.")}\\s+${full}\\s+named$`, "m"));
    assert.ok(said.endsWith(`${full}\n`));
  },
);

conformance(
  "[sig-network] DNS should support configurable pod DNS nameservers [Conformance]",
  async (context) => {
    const dnsConfig = {
      nameservers: ["192.0.2.53"],
      searches: ["resolv.conf.local"],
      options: [{ name: "ndots", value: "2" }],
    };
    const said = await outputOf(context, "cat /etc/resolv.conf", {}, { dnsPolicy: "None", dnsConfig });
    assert.deepEqual(said.trim().split("\n").toSorted(), [
      "nameserver 192.0.2.53",
      "options ndots:2",
      "search resolv.conf.local",
    ]);
  },
);
