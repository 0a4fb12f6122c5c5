/** Who may do what on this server, put together from the rooms that know. */
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { TokenRequest as TokenRequestKind } from "#api/authentication-v1/tokenrequest";
import { SelfSubjectReview } from "#api/authentication-v1/selfsubjectreview";
import { TokenReview } from "#api/authentication-v1/tokenreview";
import { LocalSubjectAccessReview } from "#api/authorization-v1/localsubjectaccessreview";
import { SelfSubjectAccessReview } from "#api/authorization-v1/selfsubjectaccessreview";
import { SelfSubjectRulesReview } from "#api/authorization-v1/selfsubjectrulesreview";
import { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import { ConfigMap } from "#api/core-v1/configmap";
import { resourceForKind } from "#api/registry";
import type { Clock } from "#base/clock";
import { PriorityClass } from "#api/scheduling-v1/priorityclass";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import type { PodSecuritySettings } from "./admission/pod-security/configuration.ts";
import { admissionPlugins } from "./admission/plugins.ts";
import { systemPriorityClasses } from "./admission/priority.ts";
import type { WebhookClientOptions } from "./webhook-client/client.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { Authentication } from "./authentication/authentication.ts";
import { type AuthenticationSettings, buildAuthentication } from "./authentication/build.ts";
import { asksForAnother, impersonated } from "./authentication/impersonation.ts";
import { publishTrust } from "./authentication/published-trust.ts";
import { type RequestHeaderOptions, RequestHeaderAuthenticator } from "./authentication/request-header.ts";
import { legacyTokenTracking } from "./authentication/legacy-token.ts";
import { reviewSelf, reviewToken } from "./authentication/reviews.ts";
import { AccessReviews } from "./authorization/access-review.ts";
import { type AuthorizationSettings, buildAuthorization } from "./authorization/build.ts";
import { bootstrapRoles } from "./authorization/bootstrap.ts";
import { NodeAuthorizer } from "./authorization/node.ts";
import { RbacAuthorizer } from "./authorization/rbac.ts";
import { userRules } from "./authorization/user-rules.ts";
import type { AdmissionPlugin, Loopback, ReadCache } from "./contracts.ts";
import { decodeBody } from "./negotiation/decode.ts";
import type { Handler } from "./request/dispatch.ts";
import type { PathHandler } from "./request/handlers.ts";
import type { Operation, Shown } from "./request/operation.ts";
import type { RestDeps } from "./rest/deps.ts";
import { writeQueryOf } from "./rest/query.ts";
import type { Inner, Rooms } from "./server.ts";

export interface SecurityOptions extends AuthenticationSettings, AuthorizationSettings {
  /** Where clients reach this server, `https://host:port`; for the documents of the issuer. */
  readonly serverUrl: () => string;
  /** What the operator says of pod security beside the labels of namespaces. */
  readonly podSecurity?: PodSecuritySettings;
  readonly enableAdmission?: readonly string[];
  readonly disableAdmission?: readonly string[];
  /** Plugins beyond those of the server, before quota is taken. */
  readonly admission?: readonly AdmissionPlugin[];
  /** How this server proves to admission webhooks who it is, by the host of their URL. */
  readonly webhookCertificate?: WebhookClientOptions["certificateFor"];
  /** Absent: nothing goes on record. */
  readonly audit?: AuditLog;
  /** Proxies that may say who asks; absent: nobody is believed. */
  readonly requestHeader?: RequestHeaderOptions;
}

/** For `startApiServer`: also sees to the roles and priority classes that every cluster has. */
export const secure =
  (options: SecurityOptions) =>
  async (inner: Inner): Promise<Rooms> => {
    const { cache, loopback, clock, random, kinds, metrics, closing } = inner;
    const authentication = await buildAuthentication(withRequestHeader(options, clock), inner);
    const rbac = new RbacAuthorizer(cache);
    const authorizer = await buildAuthorization(options, { node: new NodeAuthorizer(cache), rbac }, inner);
    const rulesOf = userRules(() => authorizer.types, rbac);
    const plugins = admissionPlugins({
      cache,
      loopback: () => loopback,
      random,
      authorizer,
      rbac,
      findKind: resourceForKind,
      policies: { clock, kinds, registry: metrics, gate: inner.gates.enabled },
      webhooks: {
        clock,
        kinds,
        registry: metrics,
        closing,
        ...(options.webhookCertificate ? { certificateFor: options.webhookCertificate } : {}),
      },
      ...(options.podSecurity ? { podSecurity: options.podSecurity } : {}),
      ...(options.enableAdmission ? { enable: options.enableAdmission } : {}),
      ...(options.disableAdmission ? { disable: options.disableAdmission } : {}),
    });
    await Promise.all([bootstrap(cache, loopback, clock), publishTrust({ ...inner, trust: options })]);
    options.audit?.register(metrics);
    const quota = plugins.filter(({ name }) => name === "ResourceQuota");
    const others = plugins.filter(({ name }) => name !== "ResourceQuota");
    return {
      authenticator: authentication,
      authorizer,
      ...(options.audit ? { audit: options.audit } : {}),
      admission: [...others, ...(options.admission ?? []), ...quota],
      impersonate(user, exchange, asked) {
        const names = exchange.headerNames();
        return asksForAnother(names) ? impersonated(user, { ...exchange.credentials, names }, asked) : user;
      },
      reviews: reviewHandlers(authentication, new AccessReviews(authorizer, rulesOf)),
      subresources: new Map([["serviceaccounts/token", { create: tokenHandler(authentication) }]]),
      paths: new Map([
        [
          "/.well-known/openid-configuration",
          document("application/json", () => authentication.openIdConfiguration(options.serverUrl())),
        ],
        ["/openid/v1/jwks", document("application/jwk-set+json", () => authentication.jsonWebKeys())],
      ]),
    };
  };

/** A proxy's word comes before its certificate, which speaks for the proxy itself. */
const withRequestHeader = (options: SecurityOptions, clock: Clock): SecurityOptions => {
  const { requestHeader, authenticators: others = [] } = options;
  if (!requestHeader) return options;
  return { ...options, authenticators: [new RequestHeaderAuthenticator(requestHeader, clock), ...others] };
};

/** All at once, so that one group commit makes everything durable. */
async function bootstrap(cache: ReadCache, loopback: Loopback, clock: Clock): Promise<void> {
  await Promise.all([
    ensure(cache, loopback, ConfigMap, legacyTokenTracking(clock.now())),
    ...systemPriorityClasses.map((body) => ensure(cache, loopback, PriorityClass, body)),
    bootstrapRoles(cache, loopback),
  ]);
}

async function ensure<T extends AnyObject>(
  cache: ReadCache,
  loopback: Loopback,
  resource: Resource<T>,
  body: { readonly metadata: { readonly name: string; readonly namespace?: string } },
): Promise<void> {
  const { name, namespace } = body.metadata;
  if (cache.get(resource, namespace, name)) return;
  try {
    await loopback.call({
      resource,
      verb: "create",
      body,
      ...(namespace === undefined ? {} : { namespace }),
    });
  } catch (error) {
    // Another API server of the cluster was faster.
    if (!hasReason(error, "AlreadyExists")) throw error;
  }
}

/** Answers a kind that is asked and not stored. */
const review = <T extends AnyObject>(
  resource: Resource<T>,
  answer: (asked: T, op: Operation) => Shown | Promise<Shown>,
): readonly [string, Handler] => [
  `${resource.apiVersion}/${resource.kind}`,
  async (op, deps) => {
    const asked = await admitted(op, deps, decoded(op, deps, resource as unknown as Resource) as T);
    return { type: "object", code: 201, object: await answer(asked, op), schema: resource.schema };
  },
];

/** What is asked goes through admission as what is written does. */
async function admitted<T extends AnyObject>(op: Operation, deps: RestDeps, asked: T): Promise<T> {
  const query = writeQueryOf(op.info.query, "CreateOptions");
  const create = {
    operation: "CREATE",
    old: undefined,
    name: op.info.name || (asked.metadata?.name ?? ""),
    options: query,
    dryRun: query.dryRun,
  } as const;
  const object = await deps.admission.admit(op, { ...create, object: asked });
  await deps.admission.validate(op, { ...create, object });
  return object as T;
}

function decoded(op: Operation, { limits }: RestDeps, expected: Parameters<typeof decodeBody>[1]): unknown {
  const { fieldValidation } = writeQueryOf(op.info.query, "CreateOptions");
  return decodeBody(op.body, expected, { limits, fieldValidation, warn: op.warn });
}

function reviewHandlers(authentication: Authentication, access: AccessReviews): ReadonlyMap<string, Handler> {
  return new Map([
    review(TokenReview, (asked) => reviewToken(authentication.tokens, asked, authentication.audiences)),
    review(SelfSubjectReview, (asked, { user }) => reviewSelf(asked, user)),
    review(SubjectAccessReview, (asked) => access.subjectAccess(asked)),
    review(LocalSubjectAccessReview, (asked, { info }) => access.localSubjectAccess(asked, info.namespace)),
    review(SelfSubjectAccessReview, (asked, { user }) => access.selfAccess(asked, user)),
    review(SelfSubjectRulesReview, (asked, { user }) => access.selfRules(asked, user)),
  ]);
}

const TOKEN_REQUEST = {
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenRequest",
  schema: TokenRequestKind,
};

/** The subresource `token` of service accounts. */
function tokenHandler({ issuer }: Authentication): Handler {
  return async (op, deps) => {
    const sent = decoded(op, deps, TOKEN_REQUEST) as AnyObject;
    const { namespace, name } = op.info;
    const object: unknown = await admitted(op, deps, sent);
    const note = (id: string) =>
      op.annotate("authentication.kubernetes.io/issued-credential-id", `JTI=${id}`);
    const issued = await issuer.issue(object as TokenRequest, namespace, name, note);
    return { type: "object", code: 201, object: issued, schema: TokenRequestKind };
  };
}

const document =
  (contentType: string, make: () => object): PathHandler =>
  ({ exchange, headers }) => {
    const cached = { ...headers, "cache-control": "public, max-age=3600", "content-type": contentType };
    exchange.reply(200, cached, new TextEncoder().encode(JSON.stringify(make())));
  };
