/** For tests of this room: an API server in process, and short ways to write policies. */
import { resources } from "#api/registry";
import { servedResources } from "../../runtime-config.ts";
import { type Answered, type Json, startServer, type TestServer } from "../webhooks/test-kit.ts";

type Test = Parameters<typeof startServer>[0];
type Loose = Readonly<Record<string, unknown>>;

export const GROUP = "/apis/admissionregistration.k8s.io";
export const MAPS = "/api/v1/namespaces/default/configmaps";

export const CONFIG_MAPS = {
  resourceRules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
};

export interface PolicyServer extends TestServer {
  /** Creates an object, or fails the test; it counts from then on. */
  put(path: string, body: Loose): Promise<Json>;
  /** A validating policy about config maps, and a binding of the same name. */
  validating(name: string, spec: Loose, binding?: Loose): Promise<void>;
  /** A mutating policy about config maps, and a binding of the same name. */
  mutating(name: string, spec: Loose, binding?: Loose): Promise<void>;
  map(name: string, more?: Loose, query?: string): Promise<Answered>;
}

/** Serves mutating policies too, in this version. */
export async function startPolicyServer(
  t: Test,
  connects?: Parameters<typeof startServer>[1],
  version = "v1beta1",
): Promise<PolicyServer> {
  const server = await startServer(t, connects, {
    gates: { MutatingAdmissionPolicy: true },
    resources: servedResources(resources, { [`admissionregistration.k8s.io/${version}`]: true }),
  });
  const { ask } = server;
  const put: PolicyServer["put"] = async (path, body) => {
    const made = await ask("POST", path, body);
    if (made.status !== 201) throw new Error(JSON.stringify(made.json));
    // A read of the newest is answered when the cache has seen all that was written.
    await ask("GET", `${path}/${(body.metadata as { readonly name: string }).name}`);
    return made.json;
  };
  return {
    ...server,
    put,
    async validating(name, spec, binding = {}) {
      const metadata = { name };
      const policy = { matchConstraints: CONFIG_MAPS, ...spec };
      await put(`${GROUP}/v1/validatingadmissionpolicies`, { metadata, spec: policy });
      const bound = { policyName: name, validationActions: ["Deny"], ...binding };
      await put(`${GROUP}/v1/validatingadmissionpolicybindings`, { metadata, spec: bound });
    },
    async mutating(name, spec, binding = {}) {
      const metadata = { name };
      const policy = {
        matchConstraints: {
          resourceRules: [{ ...CONFIG_MAPS.resourceRules[0], operations: ["CREATE", "UPDATE"] }],
        },
        reinvocationPolicy: "Never",
        ...spec,
      };
      await put(`${GROUP}/${version}/mutatingadmissionpolicies`, { metadata, spec: policy });
      const bound = { policyName: name, ...binding };
      await put(`${GROUP}/${version}/mutatingadmissionpolicybindings`, { metadata, spec: bound });
    },
    map: (name, more = {}, query = "") => ask("POST", `${MAPS}${query}`, { metadata: { name }, ...more }),
  };
}
