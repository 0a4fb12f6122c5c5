import { up as startCluster } from "#cluster/up";
import { againOptions, clusterOf, clusterOptions, expectNone } from "./cluster-options.ts";
import { jsonText, outputOption, wantsJson } from "./output-format.ts";
import { requireRoot } from "./root.ts";
import { self } from "./self.ts";
import { localServerOptions, serverFlagsOf } from "./server-options.ts";
import { stepOutput } from "./step-output.ts";
import { type Arguments, UsageError, type Verb } from "./verb.ts";

export const up: Verb = {
  usage: "k8ts up [--nodes N] [--name NAME] [--data-dir DIR] [--no-uplink] [flags of the control plane]",
  summary: "Starts a cluster on this machine, or what is missing of it.",
  options: {
    nodes: { type: "string", value: "N", help: "how many nodes; by default as many as there are, or one" },
    ...clusterOptions,
    "no-uplink": { type: "boolean", help: "nodes and pods reach nothing outside of this machine" },
    "audit-policy": {
      type: "string",
      value: "FILE",
      help: "put requests on record by this audit.k8s.io/v1 Policy",
    },
    output: outputOption,
    ...localServerOptions,
  },

  async run(args, io) {
    expectNone(args);
    const [choice, nodes, json] = [clusterOf(args), countOf(args), wantsJson(args)];
    const flags = serverFlagsOf(args);
    requireRoot("up");
    const result = await startCluster({
      ...choice,
      nodes,
      uplink: !args.flag("no-uplink"),
      flags,
      ...(args.text("audit-policy") === undefined ? {} : { auditPolicy: args.text("audit-policy")! }),
      program: self(),
      output: stepOutput(io),
    });
    const { settings, places, seconds } = result;
    if (json) {
      const { name, nodes: names, port } = settings;
      const server = `https://127.0.0.1:${port}`;
      io.write(jsonText({ name, nodes: names, server, kubeconfig: places.kubeconfig, seconds }));
      return 0;
    }
    io.write(nextSteps(places.kubeconfig, seconds, againOptions(choice)));
    return 0;
  },
};

function countOf(args: Arguments): number | undefined {
  const text = args.text("nodes");
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new UsageError(`--nodes ${text}: it is a number from 1 on`);
  return Number(text);
}

const nextSteps = (kubeconfig: string, seconds: number, again: string): string => `
The cluster is ready after ${seconds.toFixed(1)} s.

  export KUBECONFIG=${kubeconfig}
  k8ts kubectl get nodes            (or kubectl, helm and any other client)

Try it, without a registry:
  k8ts image build examples/hello -t k8ts.local/hello:1${again}
  k8ts kubectl apply -f examples/hello/hello.yaml
  k8ts kubectl get pods --watch

Stop it with: k8ts down${again}
`;
