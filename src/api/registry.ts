import { MutatingWebhookConfiguration } from "#api/admissionregistration-v1/mutatingwebhookconfiguration";
import { ValidatingAdmissionPolicy } from "#api/admissionregistration-v1/validatingadmissionpolicy";
import { ValidatingAdmissionPolicyBinding } from "#api/admissionregistration-v1/validatingadmissionpolicybinding";
import { ValidatingWebhookConfiguration } from "#api/admissionregistration-v1/validatingwebhookconfiguration";
import { MutatingAdmissionPolicy as MutatingAdmissionPolicyV1alpha1 } from "#api/admissionregistration-v1alpha1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding as MutatingAdmissionPolicyBindingV1alpha1 } from "#api/admissionregistration-v1alpha1/mutatingadmissionpolicybinding";
import { MutatingAdmissionPolicy } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicy";
import { MutatingAdmissionPolicyBinding } from "#api/admissionregistration-v1beta1/mutatingadmissionpolicybinding";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { APIService } from "#api/apiregistration-v1/apiservice";
import { ControllerRevision } from "#api/apps-v1/controllerrevision";
import { DaemonSet } from "#api/apps-v1/daemonset";
import { Deployment } from "#api/apps-v1/deployment";
import { ReplicaSet } from "#api/apps-v1/replicaset";
import { StatefulSet } from "#api/apps-v1/statefulset";
import { SelfSubjectReview } from "#api/authentication-v1/selfsubjectreview";
import { TokenReview } from "#api/authentication-v1/tokenreview";
import { LocalSubjectAccessReview } from "#api/authorization-v1/localsubjectaccessreview";
import { SelfSubjectAccessReview } from "#api/authorization-v1/selfsubjectaccessreview";
import { SelfSubjectRulesReview } from "#api/authorization-v1/selfsubjectrulesreview";
import { SubjectAccessReview } from "#api/authorization-v1/subjectaccessreview";
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "#api/autoscaling-v1/horizontalpodautoscaler";
import { HorizontalPodAutoscaler } from "#api/autoscaling-v2/horizontalpodautoscaler";
import { CronJob } from "#api/batch-v1/cronjob";
import { Job } from "#api/batch-v1/job";
import { CertificateSigningRequest } from "#api/certificates-v1/certificatesigningrequest";
import { ClusterTrustBundle as ClusterTrustBundleV1alpha1 } from "#api/certificates-v1alpha1/clustertrustbundle";
import { ClusterTrustBundle } from "#api/certificates-v1beta1/clustertrustbundle";
import { PodCertificateRequest } from "#api/certificates-v1beta1/podcertificaterequest";
import { Lease } from "#api/coordination-v1/lease";
import { LeaseCandidate as LeaseCandidateV1alpha2 } from "#api/coordination-v1alpha2/leasecandidate";
import { LeaseCandidate } from "#api/coordination-v1beta1/leasecandidate";
import { Binding } from "#api/core-v1/binding";
import { ComponentStatus } from "#api/core-v1/componentstatus";
import { ConfigMap } from "#api/core-v1/configmap";
import { Endpoints } from "#api/core-v1/endpoints";
import { Event } from "#api/core-v1/event";
import { LimitRange } from "#api/core-v1/limitrange";
import { Namespace } from "#api/core-v1/namespace";
import { Node } from "#api/core-v1/node";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { PodTemplate } from "#api/core-v1/podtemplate";
import { ReplicationController } from "#api/core-v1/replicationcontroller";
import { ResourceQuota } from "#api/core-v1/resourcequota";
import { Secret } from "#api/core-v1/secret";
import { Service } from "#api/core-v1/service";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { Event as EventsEvent } from "#api/events-v1/event";
import { FlowSchema } from "#api/flowcontrol-v1/flowschema";
import { PriorityLevelConfiguration } from "#api/flowcontrol-v1/prioritylevelconfiguration";
import { StorageVersion } from "#api/internal-v1alpha1/storageversion";
import { Ingress } from "#api/networking-v1/ingress";
import { IngressClass } from "#api/networking-v1/ingressclass";
import { IPAddress } from "#api/networking-v1/ipaddress";
import { NetworkPolicy } from "#api/networking-v1/networkpolicy";
import { ServiceCIDR } from "#api/networking-v1/servicecidr";
import { IPAddress as IPAddressV1beta1 } from "#api/networking-v1beta1/ipaddress";
import { ServiceCIDR as ServiceCIDRV1beta1 } from "#api/networking-v1beta1/servicecidr";
import { RuntimeClass } from "#api/node-v1/runtimeclass";
import { PodDisruptionBudget } from "#api/policy-v1/poddisruptionbudget";
import { ClusterRole } from "#api/rbac-v1/clusterrole";
import { ClusterRoleBinding } from "#api/rbac-v1/clusterrolebinding";
import { Role } from "#api/rbac-v1/role";
import { RoleBinding } from "#api/rbac-v1/rolebinding";
import { DeviceClass } from "#api/resource-v1/deviceclass";
import { ResourceClaim } from "#api/resource-v1/resourceclaim";
import { ResourceClaimTemplate } from "#api/resource-v1/resourceclaimtemplate";
import { ResourceSlice } from "#api/resource-v1/resourceslice";
import { DeviceTaintRule } from "#api/resource-v1alpha3/devicetaintrule";
import { DeviceClass as DeviceClassV1beta1 } from "#api/resource-v1beta1/deviceclass";
import { ResourceClaim as ResourceClaimV1beta1 } from "#api/resource-v1beta1/resourceclaim";
import { ResourceClaimTemplate as ResourceClaimTemplateV1beta1 } from "#api/resource-v1beta1/resourceclaimtemplate";
import { ResourceSlice as ResourceSliceV1beta1 } from "#api/resource-v1beta1/resourceslice";
import { DeviceClass as DeviceClassV1beta2 } from "#api/resource-v1beta2/deviceclass";
import { ResourceClaim as ResourceClaimV1beta2 } from "#api/resource-v1beta2/resourceclaim";
import { ResourceClaimTemplate as ResourceClaimTemplateV1beta2 } from "#api/resource-v1beta2/resourceclaimtemplate";
import { ResourceSlice as ResourceSliceV1beta2 } from "#api/resource-v1beta2/resourceslice";
import { PriorityClass } from "#api/scheduling-v1/priorityclass";
import { Workload } from "#api/scheduling-v1alpha1/workload";
import { CSIDriver } from "#api/storage-v1/csidriver";
import { CSINode } from "#api/storage-v1/csinode";
import { CSIStorageCapacity } from "#api/storage-v1/csistoragecapacity";
import { StorageClass } from "#api/storage-v1/storageclass";
import { VolumeAttachment } from "#api/storage-v1/volumeattachment";
import { VolumeAttributesClass } from "#api/storage-v1/volumeattributesclass";
import { VolumeAttributesClass as VolumeAttributesClassV1beta1 } from "#api/storage-v1beta1/volumeattributesclass";
import { StorageVersionMigration } from "#api/storagemigration-v1beta1/storageversionmigration";
import { AdmissionReview } from "#api/admission-v1/admissionreview";
import { APIGroupDiscovery, APIGroupDiscoveryList } from "#api/apidiscovery-v2/discovery";
import { ConversionReview } from "#api/apiextensions-v1/conversionreview";
import { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { Scale } from "#api/autoscaling-v1/scale";
import {
  NodeProxyOptions,
  PodAttachOptions,
  PodExecOptions,
  PodLogOptions,
  PodPortForwardOptions,
  PodProxyOptions,
  ServiceProxyOptions,
} from "#api/core-v1/options";
import { PodStatusResult } from "#api/core-v1/podstatusresult";
import { RangeAllocation } from "#api/core-v1/rangeallocation";
import { SerializedReference } from "#api/core-v1/serializedreference";
import { APIGroup, APIVersions, APIResourceList, APIGroupList } from "#api/meta-v1/discovery";
import { ListMeta } from "#api/meta-v1/listmeta";
import {
  CreateOptions,
  DeleteOptions,
  GetOptions,
  ListOptions,
  PatchOptions,
  UpdateOptions,
} from "#api/meta-v1/options";
import { PartialObjectMetadata } from "#api/meta-v1/partialobjectmetadata";
import { Status } from "#api/meta-v1/status";
import { Table, TableOptions } from "#api/meta-v1/table";
import { WatchEvent } from "#api/meta-v1/watchevent";
import { NodeMetrics } from "#api/metrics-v1beta1/nodemetrics";
import { PodMetrics } from "#api/metrics-v1beta1/podmetrics";
import { Eviction } from "#api/policy-v1/eviction";
import { type AnyObject, listOfResource, type Resource, type Struct } from "#machinery/schema";

/** A resource among others: rules take their own kind, so only who knows the kind may call them. */
const any = <T extends AnyObject>(of: Resource<T>): Resource => of as unknown as Resource;

/** Every built-in resource, in the order of discovery. */
export const resources: readonly Resource[] = [
  any(APIService),
  any(Binding),
  any(ComponentStatus),
  any(ConfigMap),
  any(Endpoints),
  any(Event),
  any(LimitRange),
  any(Namespace),
  any(Node),
  any(PersistentVolumeClaim),
  any(PersistentVolume),
  any(Pod),
  any(PodTemplate),
  any(ReplicationController),
  any(ResourceQuota),
  any(Secret),
  any(ServiceAccount),
  any(Service),
  any(ControllerRevision),
  any(DaemonSet),
  any(Deployment),
  any(ReplicaSet),
  any(StatefulSet),
  any(EventsEvent),
  any(SelfSubjectReview),
  any(TokenReview),
  any(LocalSubjectAccessReview),
  any(SelfSubjectAccessReview),
  any(SelfSubjectRulesReview),
  any(SubjectAccessReview),
  any(HorizontalPodAutoscaler),
  any(HorizontalPodAutoscalerV1),
  any(CronJob),
  any(Job),
  any(CertificateSigningRequest),
  any(ClusterTrustBundle),
  any(PodCertificateRequest),
  any(ClusterTrustBundleV1alpha1),
  any(IngressClass),
  any(Ingress),
  any(IPAddress),
  any(NetworkPolicy),
  any(ServiceCIDR),
  any(IPAddressV1beta1),
  any(ServiceCIDRV1beta1),
  any(PodDisruptionBudget),
  any(ClusterRoleBinding),
  any(ClusterRole),
  any(RoleBinding),
  any(Role),
  any(CSIDriver),
  any(CSINode),
  any(CSIStorageCapacity),
  any(StorageClass),
  any(VolumeAttachment),
  any(VolumeAttributesClass),
  any(VolumeAttributesClassV1beta1),
  any(MutatingWebhookConfiguration),
  any(ValidatingAdmissionPolicy),
  any(ValidatingAdmissionPolicyBinding),
  any(ValidatingWebhookConfiguration),
  any(MutatingAdmissionPolicy),
  any(MutatingAdmissionPolicyBinding),
  any(MutatingAdmissionPolicyV1alpha1),
  any(MutatingAdmissionPolicyBindingV1alpha1),
  any(CustomResourceDefinition),
  any(PriorityClass),
  any(Workload),
  any(Lease),
  any(LeaseCandidate),
  any(LeaseCandidateV1alpha2),
  any(RuntimeClass),
  any(EndpointSlice),
  any(FlowSchema),
  any(PriorityLevelConfiguration),
  any(StorageVersion),
  any(DeviceClass),
  any(ResourceClaim),
  any(ResourceClaimTemplate),
  any(ResourceSlice),
  any(DeviceClassV1beta2),
  any(ResourceClaimV1beta2),
  any(ResourceClaimTemplateV1beta2),
  any(ResourceSliceV1beta2),
  any(DeviceClassV1beta1),
  any(ResourceClaimV1beta1),
  any(ResourceClaimTemplateV1beta1),
  any(ResourceSliceV1beta1),
  any(DeviceTaintRule),
  any(StorageVersionMigration),
];

/** Kinds that are no resource of their own: bodies of subresources, options, reviews by webhook, discovery. */
const bodies: ReadonlyMap<string, Struct> = new Map<string, Struct>([
  ["admission.k8s.io/v1/AdmissionReview", AdmissionReview],
  ["apidiscovery.k8s.io/v2/APIGroupDiscovery", APIGroupDiscovery],
  ["authentication.k8s.io/v1/TokenRequest", TokenRequest],
  ["autoscaling/v1/Scale", Scale],
  ["v1/NodeProxyOptions", NodeProxyOptions],
  ["v1/PodAttachOptions", PodAttachOptions],
  ["v1/PodExecOptions", PodExecOptions],
  ["v1/PodLogOptions", PodLogOptions],
  ["v1/PodPortForwardOptions", PodPortForwardOptions],
  ["v1/PodProxyOptions", PodProxyOptions],
  ["v1/PodStatusResult", PodStatusResult],
  ["v1/RangeAllocation", RangeAllocation],
  ["v1/SerializedReference", SerializedReference],
  ["v1/ServiceProxyOptions", ServiceProxyOptions],
  ["policy/v1/Eviction", Eviction],
  ["apiextensions.k8s.io/v1/ConversionReview", ConversionReview],
  ["v1/APIGroup", APIGroup],
  ["v1/APIVersions", APIVersions],
  ["meta.k8s.io/v1/PartialObjectMetadata", PartialObjectMetadata],
  ["v1/Status", Status],
  ["meta.k8s.io/v1/Table", Table],
  ["metrics.k8s.io/v1beta1/NodeMetrics", NodeMetrics],
  ["metrics.k8s.io/v1beta1/PodMetrics", PodMetrics],
  ["v1/APIResourceList", APIResourceList],
  ["v1/APIGroupList", APIGroupList],
  ["apidiscovery.k8s.io/v2/APIGroupDiscoveryList", APIGroupDiscoveryList],
]);

/** Kinds that exist in every group and version. */
const everywhere: ReadonlyMap<string, Struct> = new Map<string, Struct>([
  ["CreateOptions", CreateOptions],
  ["DeleteOptions", DeleteOptions],
  ["GetOptions", GetOptions],
  ["ListOptions", ListOptions],
  ["PatchOptions", PatchOptions],
  ["TableOptions", TableOptions],
  ["UpdateOptions", UpdateOptions],
  ["WatchEvent", WatchEvent],
]);

const byPlural = new Map(resources.map((of) => [`${of.group}/${of.version}/${of.plural}`, of]));
const byKind = new Map(resources.map((of) => [`${of.apiVersion}/${of.kind}`, of]));
const lists = new WeakMap<Resource, Struct>();

/** `resourceFor("apps", "v1", "deployments")`; the core group is the empty text. */
export const resourceFor = (group: string, version: string, plural: string): Resource | undefined =>
  byPlural.get(`${group}/${version}/${plural}`);

/** `resourceForKind("apps/v1", "Deployment")`. */
export const resourceForKind = (apiVersion: string, kind: string): Resource | undefined =>
  byKind.get(`${apiVersion}/${kind}`);

/** The schema of a resource's list kind, made once. */
export function listSchema(of: Resource): Struct {
  const known = lists.get(of);
  if (known) return known;
  const made = listOfResource(of, ListMeta);
  lists.set(of, made);
  return made;
}

/** The schema of any built-in kind that may stand in a body: resources, their lists, and what is neither. */
export function schemaForKind(apiVersion: string, kind: string): Struct | undefined {
  const of = resourceForKind(apiVersion, kind);
  if (of) return of.schema;
  const body = bodies.get(`${apiVersion}/${kind}`) ?? everywhere.get(kind);
  if (body || !kind.endsWith("List")) return body;
  const item = resourceForKind(apiVersion, kind.slice(0, -"List".length));
  return item && listSchema(item);
}
