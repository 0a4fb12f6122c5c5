/** The kinds that the tests use, by the names of their resources. */
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  BatchV1Api,
  CertificatesV1Api,
  CoordinationV1Api,
  CoreV1Api,
  DiscoveryV1Api,
  EventsV1Api,
  FlowcontrolApiserverV1Api,
  NetworkingV1Api,
  NodeV1Api,
  PolicyV1Api,
  ResourceV1Api,
  SchedulingV1Api,
  StorageV1Api,
  type KubernetesObject,
  type CoreV1Event,
  type EventsV1Event,
  type ResourceV1ResourceClaim,
  type V1CertificateSigningRequest,
  type V1CSIDriver,
  type V1CSINode,
  type V1CSIStorageCapacity,
  type V1ConfigMap,
  type V1ControllerRevision,
  type V1CronJob,
  type V1DaemonSet,
  type V1Deployment,
  type V1DeviceClass,
  type V1EndpointSlice,
  type V1FlowSchema,
  type V1Endpoints,
  type V1IPAddress,
  type V1Ingress,
  type V1IngressClass,
  type V1Job,
  type V1Lease,
  type V1LimitRange,
  type V1Namespace,
  type V1Node,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1PodDisruptionBudget,
  type V1PodTemplate,
  type V1PriorityClass,
  type V1PriorityLevelConfiguration,
  type V1ReplicaSet,
  type V1ReplicationController,
  type V1ResourceClaimTemplate,
  type V1ResourceQuota,
  type V1ResourceSlice,
  type V1RuntimeClass,
  type V1Secret,
  type V1Service,
  type V1ServiceAccount,
  type V1ServiceCIDR,
  type V1StatefulSet,
  type V1StorageClass,
  type V1ValidatingAdmissionPolicy,
  type V1ValidatingAdmissionPolicyBinding,
  type V1VolumeAttachment,
  type V1VolumeAttributesClass,
} from "@kubernetes/client-node";
import { type Kind, KindClient, type Place } from "./kind-client.ts";

interface Group {
  readonly api: Kind["api"];
  readonly root: string;
}

const CORE: Group = { api: CoreV1Api, root: "/api/v1" };
const APPS: Group = { api: AppsV1Api, root: "/apis/apps/v1" };
const BATCH: Group = { api: BatchV1Api, root: "/apis/batch/v1" };
const POLICY: Group = { api: PolicyV1Api, root: "/apis/policy/v1" };
const DISCOVERY: Group = { api: DiscoveryV1Api, root: "/apis/discovery.k8s.io/v1" };
const NETWORKING: Group = { api: NetworkingV1Api, root: "/apis/networking.k8s.io/v1" };
const EVENTS: Group = { api: EventsV1Api, root: "/apis/events.k8s.io/v1" };
const COORDINATION: Group = { api: CoordinationV1Api, root: "/apis/coordination.k8s.io/v1" };
const NODE: Group = { api: NodeV1Api, root: "/apis/node.k8s.io/v1" };
const SCHEDULING: Group = { api: SchedulingV1Api, root: "/apis/scheduling.k8s.io/v1" };
const STORAGE: Group = { api: StorageV1Api, root: "/apis/storage.k8s.io/v1" };
const RESOURCE: Group = { api: ResourceV1Api, root: "/apis/resource.k8s.io/v1" };
const CERTIFICATES: Group = { api: CertificatesV1Api, root: "/apis/certificates.k8s.io/v1" };
const FLOW_CONTROL: Group = { api: FlowcontrolApiserverV1Api, root: "/apis/flowcontrol.apiserver.k8s.io/v1" };
const ADMISSION: Group = { api: AdmissionregistrationV1Api, root: "/apis/admissionregistration.k8s.io/v1" };

/** The kind's name in paths. */
function pluralOf(kind: string): string {
  const name = kind.toLowerCase();
  if (name.endsWith("s")) return `${name}es`;
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}

const namespaced =
  <T extends KubernetesObject>(group: Group, kind: string, plural = pluralOf(kind)) =>
  (context: Place, namespace = context.namespace): KindClient<T> =>
    new KindClient<T>(context, { ...group, kind, plural }, namespace);

const ofCluster =
  <T extends KubernetesObject>(group: Group, kind: string, plural = pluralOf(kind)) =>
  (context: Place): KindClient<T> =>
    new KindClient<T>(context, { ...group, kind, plural });

export const pods = namespaced<V1Pod>(CORE, "Pod");
export const services = namespaced<V1Service>(CORE, "Service");
export const endpoints = namespaced<V1Endpoints>(CORE, "Endpoints", "endpoints");
export const configMaps = namespaced<V1ConfigMap>(CORE, "ConfigMap");
export const secrets = namespaced<V1Secret>(CORE, "Secret");
export const events = namespaced<CoreV1Event>(CORE, "Event");
export const newEvents = namespaced<EventsV1Event>(EVENTS, "Event");
export const limitRanges = namespaced<V1LimitRange>(CORE, "LimitRange");
export const resourceQuotas = namespaced<V1ResourceQuota>(CORE, "ResourceQuota");
export const podTemplates = namespaced<V1PodTemplate>(CORE, "PodTemplate");
export const replicationControllers = namespaced<V1ReplicationController>(CORE, "ReplicationController");
export const persistentVolumeClaims = namespaced<V1PersistentVolumeClaim>(CORE, "PersistentVolumeClaim");
export const persistentVolumes = ofCluster<V1PersistentVolume>(CORE, "PersistentVolume");
export const nodes = ofCluster<V1Node>(CORE, "Node");
export const namespaces = ofCluster<V1Namespace>(CORE, "Namespace");
export const deployments = namespaced<V1Deployment>(APPS, "Deployment");
export const replicaSets = namespaced<V1ReplicaSet>(APPS, "ReplicaSet");
export const statefulSets = namespaced<V1StatefulSet>(APPS, "StatefulSet");
export const daemonSets = namespaced<V1DaemonSet>(APPS, "DaemonSet");
export const controllerRevisions = namespaced<V1ControllerRevision>(APPS, "ControllerRevision");
export const jobs = namespaced<V1Job>(BATCH, "Job");
export const cronJobs = namespaced<V1CronJob>(BATCH, "CronJob");
export const podDisruptionBudgets = namespaced<V1PodDisruptionBudget>(POLICY, "PodDisruptionBudget");
export const endpointSlices = namespaced<V1EndpointSlice>(DISCOVERY, "EndpointSlice");
export const ingresses = namespaced<V1Ingress>(NETWORKING, "Ingress");
export const ingressClasses = ofCluster<V1IngressClass>(NETWORKING, "IngressClass");
export const serviceCidrs = ofCluster<V1ServiceCIDR>(NETWORKING, "ServiceCIDR");
export const ipAddresses = ofCluster<V1IPAddress>(NETWORKING, "IPAddress");
export const leases = namespaced<V1Lease>(COORDINATION, "Lease");
export const runtimeClasses = ofCluster<V1RuntimeClass>(NODE, "RuntimeClass");
export const priorityClasses = ofCluster<V1PriorityClass>(SCHEDULING, "PriorityClass");
export const csiDrivers = ofCluster<V1CSIDriver>(STORAGE, "CSIDriver");
export const csiNodes = ofCluster<V1CSINode>(STORAGE, "CSINode");
export const csiStorageCapacities = namespaced<V1CSIStorageCapacity>(STORAGE, "CSIStorageCapacity");
export const storageClasses = ofCluster<V1StorageClass>(STORAGE, "StorageClass");
export const volumeAttachments = ofCluster<V1VolumeAttachment>(STORAGE, "VolumeAttachment");
export const volumeAttributesClasses = ofCluster<V1VolumeAttributesClass>(STORAGE, "VolumeAttributesClass");
export const deviceClasses = ofCluster<V1DeviceClass>(RESOURCE, "DeviceClass");
export const resourceClaims = namespaced<ResourceV1ResourceClaim>(RESOURCE, "ResourceClaim");
export const resourceClaimTemplates = namespaced<V1ResourceClaimTemplate>(RESOURCE, "ResourceClaimTemplate");
export const resourceSlices = ofCluster<V1ResourceSlice>(RESOURCE, "ResourceSlice");
export const serviceAccounts = namespaced<V1ServiceAccount>(CORE, "ServiceAccount");
export const certificateSigningRequests = ofCluster<V1CertificateSigningRequest>(
  CERTIFICATES,
  "CertificateSigningRequest",
);
export const flowSchemas = ofCluster<V1FlowSchema>(FLOW_CONTROL, "FlowSchema");
export const priorityLevels = ofCluster<V1PriorityLevelConfiguration>(
  FLOW_CONTROL,
  "PriorityLevelConfiguration",
);
export const admissionPolicies = ofCluster<V1ValidatingAdmissionPolicy>(
  ADMISSION,
  "ValidatingAdmissionPolicy",
);
export const admissionPolicyBindings = ofCluster<V1ValidatingAdmissionPolicyBinding>(
  ADMISSION,
  "ValidatingAdmissionPolicyBinding",
);
