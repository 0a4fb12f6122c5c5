import { UsageError, type Verb } from "../../verb.ts";
import { connect } from "../cluster.ts";
import { durationOf } from "../durations.ts";
import { printerFor } from "../output.ts";
import type { AnyObject } from "../objects.ts";

export const token: Verb = {
  usage: "k8ts kubectl create token SERVICEACCOUNT [--duration=1h] [--audience=NAME]",
  summary: "Asks for a token of a service account.",
  options: {
    duration: { type: "string", value: "TIME", help: "how long it counts" },
    audience: { type: "string", multiple: true, value: "NAME", help: "who it is for" },
    output: { type: "string", short: "o", value: "FORMAT", help: "print the whole answer: yaml or json" },
  },
  async run(args, io) {
    const [name, ...more] = args.positionals;
    if (name === undefined || more.length > 0) throw new UsageError("exactly one SERVICEACCOUNT is required");
    const durationMs = durationOf(args, "duration");
    const audiences = args.list("audience");
    const cluster = connect(args, io);
    try {
      const kind = await cluster.kind("serviceaccounts");
      const body = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: {},
        spec: {
          audiences,
          ...(durationMs === undefined ? {} : { expirationSeconds: Math.floor(durationMs / 1000) }),
        },
      };
      const answer = (await cluster.request("POST", kind.path(cluster.namespace, name, "token"), {
        body,
      })) as AnyObject & {
        readonly status: { readonly token: string };
      };
      io.write(printerFor(args.text("output"))?.one(answer) ?? `${answer.status.token}\n`);
      return 0;
    } finally {
      cluster.close();
    }
  },
};
