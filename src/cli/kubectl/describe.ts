import type { Deployment } from "#api/apps-v1/deployment";
import type { ReplicaSet } from "#api/apps-v1/replicaset";
import type { ConfigMap } from "#api/core-v1/configmap";
import type { Node } from "#api/core-v1/node";
import type { Pod } from "#api/core-v1/pod";
import type { Secret } from "#api/core-v1/secret";
import type { Service } from "#api/core-v1/service";
import { UsageError, type Verb } from "../verb.ts";
import { type Cluster, connect } from "./cluster.ts";
import { describeConfigMap, describeSecret } from "./describe/data.ts";
import { describeAny } from "./describe/generic.ts";
import { eventLines } from "./describe/events.ts";
import { describeNode } from "./describe/node.ts";
import { describePod } from "./describe/pod.ts";
import { describeService } from "./describe/service.ts";
import { describeDeployment, describeReplicaSet } from "./describe/workloads.ts";
import { eachError } from "./each-error.ts";
import { fileOptions, sourcesIn } from "./manifests.ts";
import type { AnyObject } from "./objects.ts";
import { selectedBy } from "./selection.ts";
import { selectorOptions, selectorQuery } from "./selectors.ts";
import type { Target } from "./states.ts";

export const describe: Verb = {
  usage: "k8ts kubectl describe TYPE [NAME…] | TYPE/NAME… | -f FILE [options]",
  summary: "Tells all about objects, with their events.",
  options: {
    "all-namespaces": { type: "boolean", short: "A", help: "in all namespaces" },
    "show-events": { type: "boolean", help: "with events; on by default, --show-events=false turns it off" },
    ...selectorOptions,
    ...fileOptions,
  },

  async run(args, io) {
    const cluster = connect(args, io);
    try {
      const targets: (Target & { readonly found?: AnyObject })[] = [];
      for (const { name: source, objects } of args.list("filename").length > 0
        ? await sourcesIn(args.list("filename"), args, io)
        : []) {
        for (const object of objects) {
          const kind = await cluster.kindOf(object, source);
          targets.push({
            kind,
            namespace: object.metadata.namespace ?? cluster.namespace,
            name: object.metadata.name,
          });
        }
      }
      if (args.list("filename").length === 0) {
        if (args.positionals.length === 0)
          throw new UsageError("You must specify the type of resource to describe");
        for (const { kind, names } of selectedBy(await cluster.kinds(), args.positionals)) {
          const namespace = kind.namespaced && !args.flag("all-namespaces") ? cluster.namespace : undefined;
          if (names) targets.push(...names.map((name) => ({ kind, namespace, name })));
          else {
            const all = await cluster.list(kind, namespace, selectorQuery(args));
            targets.push(...all.map((found) => ({ kind, namespace, name: found.metadata.name, found })));
          }
        }
      }
      if (targets.length === 0) io.tell(`No resources found in ${cluster.namespace} namespace.\n`);
      let first = true;
      return await eachError(io, targets, async ({ kind, namespace, name, found }) => {
        const object = found ?? (await cluster.get(kind, name, namespace));
        const now = io.clock.now();
        const events = args.flag("show-events", true) ? await eventLines(cluster, object, now) : "";
        const text = await describeObject(object, cluster, now);
        io.write(`${first ? "" : "\n\n"}${text}${events}`);
        first = false;
      });
    } finally {
      cluster.close();
    }
  },
};

function describeObject(object: AnyObject, cluster: Cluster, now: number): string | Promise<string> {
  switch (`${object.apiVersion}/${object.kind}`) {
    case "v1/Pod":
      return describePod(object as unknown as Pod);
    case "v1/ConfigMap":
      return describeConfigMap(object as unknown as ConfigMap);
    case "v1/Secret":
      return describeSecret(object as unknown as Secret);
    case "v1/Service":
      return describeService(object as unknown as Service, cluster);
    case "v1/Node":
      return describeNode(object as unknown as Node, cluster, now);
    case "apps/v1/Deployment":
      return describeDeployment(object as unknown as Deployment, cluster);
    case "apps/v1/ReplicaSet":
      return describeReplicaSet(object as unknown as ReplicaSet);
    default:
      return describeAny(object);
  }
}
