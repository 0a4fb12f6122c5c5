/** How extension servers of the field's usual making know who asks, and who may: both come from the cluster's API server. */
import { ConfigMap } from "#api/core-v1/configmap";
import { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import { RequestHeaderAuthenticator } from "#apiserver/authentication/request-header";
import type { Authenticator, Authorizer, Decision, RequestInfo, User } from "#apiserver/contracts";
import { present } from "#base/assert";
import type { Clock } from "#base/clock";
import type { Transport } from "#client/transport";

/** Who proxies are, as the cluster says in its ConfigMap. */
export interface TrustedProxies {
  /** PEM. */
  readonly clientCa: string;
  readonly authenticator: Authenticator;
}

export async function trustedProxies(cluster: Transport, clock: Clock): Promise<TrustedProxies> {
  const place = { namespace: "kube-system", name: "extension-apiserver-authentication" };
  const { data = {} } = (await cluster.call({ resource: ConfigMap, verb: "get", ...place })) as ConfigMap;
  const text = (name: string): string => present(data[`requestheader-${name}`], name);
  const list = (name: string) => JSON.parse(text(name)) as string[];
  const clientCa = text("client-ca-file");
  const options = {
    clientAuthorities: [clientCa],
    allowedNames: list("allowed-names"),
    usernameHeaders: list("username-headers"),
    uidHeaders: list("uid-headers"),
    groupHeaders: list("group-headers"),
    extraPrefixes: list("extra-headers-prefix"),
  };
  return { clientCa, authenticator: new RequestHeaderAuthenticator(options, clock) };
}

/** Asks the cluster about every request. */
export const delegatedAuthorizer = (cluster: Transport): Authorizer => ({
  async authorize(user, request): Promise<Decision> {
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: specOf(user, request),
    };
    const { status } = (await cluster.call({
      resource: SubjectAccessReview,
      verb: "create",
      body,
    })) as SubjectAccessReview;
    return { verdict: status.allowed ? "allow" : "no-opinion", reason: status.reason ?? "" };
  },
});

const specOf = ({ name, uid, groups, extra }: User, request: RequestInfo): object => ({
  user: name,
  groups,
  ...(uid ? { uid } : {}),
  ...(extra ? { extra } : {}),
  ...(request.isResource
    ? { resourceAttributes: attributesOf(request) }
    : { nonResourceAttributes: { path: request.path, verb: request.verb } }),
});

const attributesOf = ({
  verb,
  group,
  version,
  resource,
  subresource,
  namespace,
  name,
}: RequestInfo): object => ({
  verb,
  group,
  version,
  resource,
  ...(subresource === "" ? {} : { subresource }),
  ...(namespace === "" ? {} : { namespace }),
  ...(name === "" ? {} : { name }),
});
