/** All admission plugins of the server, in the order in which they have their say. */
import type { Random } from "#base/random";
import type { RbacAuthorizer } from "../authorization/rbac.ts";
import type { AdmissionPlugin, Authorizer, Loopback, ReadCache } from "../contracts.ts";
import {
  certificateApproval,
  certificateRequester,
  certificateRequestValidity,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from "./certificates.ts";
import { createAuthorization } from "./create-authorization.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { deviceAdminAccess } from "./device-admin-access.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { ConditionMetrics } from "./expressions/condition-metrics.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { type FindKind, ownerReferencesPermissionEnforcement } from "./owner-references.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { podSecurity } from "./pod-security.ts";
import type { PodSecuritySettings } from "./pod-security/configuration.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { type PolicyOptions, policyPlugins } from "./policies/policies.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { roleEscalation } from "./role-escalation.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccounts } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts";
import { type WebhookOptions, webhookPlugins } from "./webhooks/webhooks.ts";

export interface AdmissionOptions {
  readonly cache: ReadCache;
  /** Asked for when it is needed: the server that the plugins are part of is its own client. */
  readonly loopback: () => Loopback;
  readonly random: Random;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly findKind: FindKind;
  /** Absent: no webhooks are asked. */
  readonly webhooks?: Omit<
    WebhookOptions,
    "cache" | "loopback" | "random" | "authorizer" | "conditionMetrics"
  >;
  /** Absent: there are no policies. */
  readonly policies?: Omit<PolicyOptions, "cache" | "loopback" | "authorizer" | "conditionMetrics">;
  /** Absent: namespaces say all themselves. */
  readonly podSecurity?: PodSecuritySettings;
  /** Names of plugins, as `--enable-admission-plugins` and `--disable-admission-plugins` name them. */
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
}

/** Not everybody wants these; the protection of storage needs the controllers that end it. */
const OFF_BY_DEFAULT = new Set(["OwnerReferencesPermissionEnforcement", "StorageObjectInUseProtection"]);

/** Those that objects of the cluster configure. */
function dynamicPlugins(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { policies, webhooks } = options;
  const registry = policies?.registry ?? webhooks?.registry;
  if (!registry) return [];
  const common = { ...options, conditionMetrics: new ConditionMetrics(registry) };
  return [
    ...(policies ? policyPlugins({ ...common, ...policies }) : []),
    ...(webhooks ? webhookPlugins({ ...common, ...webhooks }) : []),
  ];
}

/** Throws for names that no plugin has. */
export function admissionPlugins(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { cache, loopback, random, authorizer, rbac, findKind, enable = [], disable = [] } = options;
  const all: readonly AdmissionPlugin[] = [
    createAuthorization(authorizer),
    namespaceLifecycle(cache, loopback),
    limitRanger(cache),
    serviceAccounts(cache, loopback, random),
    nodeRestriction(cache, authorizer),
    taintNodesByCondition,
    podSecurity(cache, options.podSecurity),
    priority(cache),
    defaultTolerationSeconds,
    defaultStorageClass(cache),
    storageObjectInUseProtection,
    ownerReferencesPermissionEnforcement(authorizer, findKind),
    persistentVolumeClaimResize(cache),
    runtimeClass(cache),
    certificateRequestValidity,
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    clusterTrustBundleAttest(authorizer),
    defaultIngressClass(cache),
    podTopologyLabels(cache),
    deviceAdminAccess(cache),
    roleEscalation(authorizer, rbac),
    ...dynamicPlugins(options),
    // Nobody changes what it says: approvers go by it.
    certificateRequester,
    // Last: what is refused by others must not count.
    resourceQuota(cache, loopback),
  ];
  const names = new Set(all.map(({ name }) => name));
  for (const name of [...enable, ...disable]) {
    if (!names.has(name)) throw new Error(`unknown admission plugin "${name}"`);
  }
  return all.filter(
    ({ name }) => enable.includes(name) || (!OFF_BY_DEFAULT.has(name) && !disable.includes(name)),
  );
}
