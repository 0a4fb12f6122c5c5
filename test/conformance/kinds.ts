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

const namespaced =
  <T extends KubernetesObject>(
    api: Kind["api"],
    root: string,
    kind: string,
    plural = `${kind.toLowerCase()}s`,
  ) =>
  (context: Place, namespace = context.namespace): KindClient<T> =>
    new KindClient<T>(context, { api, kind, root, plural }, namespace);

const ofCluster =
  <T extends KubernetesObject>(
    api: Kind["api"],
    root: string,
    kind: string,
    plural = `${kind.toLowerCase()}s`,
  ) =>
  (context: Place): KindClient<T> =>
    new KindClient<T>(context, { api, kind, root, plural });

export const pods = namespaced<V1Pod>(CoreV1Api, "/api/v1", "Pod");
export const services = namespaced<V1Service>(CoreV1Api, "/api/v1", "Service");
export const endpoints = namespaced<V1Endpoints>(CoreV1Api, "/api/v1", "Endpoints", "endpoints");
export const configMaps = namespaced<V1ConfigMap>(CoreV1Api, "/api/v1", "ConfigMap");
export const secrets = namespaced<V1Secret>(CoreV1Api, "/api/v1", "Secret");
export const events = namespaced<CoreV1Event>(CoreV1Api, "/api/v1", "Event");
export const newEvents = namespaced<EventsV1Event>(EventsV1Api, "/apis/events.k8s.io/v1", "Event");
export const limitRanges = namespaced<V1LimitRange>(CoreV1Api, "/api/v1", "LimitRange");
export const resourceQuotas = namespaced<V1ResourceQuota>(CoreV1Api, "/api/v1", "ResourceQuota");
export const podTemplates = namespaced<V1PodTemplate>(CoreV1Api, "/api/v1", "PodTemplate");
export const replicationControllers = namespaced<V1ReplicationController>(
  CoreV1Api,
  "/api/v1",
  "ReplicationController",
);
export const persistentVolumeClaims = namespaced<V1PersistentVolumeClaim>(
  CoreV1Api,
  "/api/v1",
  "PersistentVolumeClaim",
);
export const persistentVolumes = ofCluster<V1PersistentVolume>(CoreV1Api, "/api/v1", "PersistentVolume");
export const nodes = ofCluster<V1Node>(CoreV1Api, "/api/v1", "Node");
export const namespaces = ofCluster<V1Namespace>(CoreV1Api, "/api/v1", "Namespace");
export const deployments = namespaced<V1Deployment>(AppsV1Api, "/apis/apps/v1", "Deployment");
export const replicaSets = namespaced<V1ReplicaSet>(AppsV1Api, "/apis/apps/v1", "ReplicaSet");
export const statefulSets = namespaced<V1StatefulSet>(AppsV1Api, "/apis/apps/v1", "StatefulSet");
export const daemonSets = namespaced<V1DaemonSet>(AppsV1Api, "/apis/apps/v1", "DaemonSet");
export const controllerRevisions = namespaced<V1ControllerRevision>(
  AppsV1Api,
  "/apis/apps/v1",
  "ControllerRevision",
);
export const jobs = namespaced<V1Job>(BatchV1Api, "/apis/batch/v1", "Job");
export const cronJobs = namespaced<V1CronJob>(BatchV1Api, "/apis/batch/v1", "CronJob");
export const podDisruptionBudgets = namespaced<V1PodDisruptionBudget>(
  PolicyV1Api,
  "/apis/policy/v1",
  "PodDisruptionBudget",
);
export const endpointSlices = namespaced<V1EndpointSlice>(
  DiscoveryV1Api,
  "/apis/discovery.k8s.io/v1",
  "EndpointSlice",
);
export const ingresses = namespaced<V1Ingress>(
  NetworkingV1Api,
  "/apis/networking.k8s.io/v1",
  "Ingress",
  "ingresses",
);
export const ingressClasses = ofCluster<V1IngressClass>(
  NetworkingV1Api,
  "/apis/networking.k8s.io/v1",
  "IngressClass",
  "ingressclasses",
);
export const serviceCidrs = ofCluster<V1ServiceCIDR>(
  NetworkingV1Api,
  "/apis/networking.k8s.io/v1",
  "ServiceCIDR",
);
export const ipAddresses = ofCluster<V1IPAddress>(
  NetworkingV1Api,
  "/apis/networking.k8s.io/v1",
  "IPAddress",
  "ipaddresses",
);
export const leases = namespaced<V1Lease>(CoordinationV1Api, "/apis/coordination.k8s.io/v1", "Lease");
export const runtimeClasses = ofCluster<V1RuntimeClass>(
  NodeV1Api,
  "/apis/node.k8s.io/v1",
  "RuntimeClass",
  "runtimeclasses",
);
export const priorityClasses = ofCluster<V1PriorityClass>(
  SchedulingV1Api,
  "/apis/scheduling.k8s.io/v1",
  "PriorityClass",
  "priorityclasses",
);
export const csiDrivers = ofCluster<V1CSIDriver>(StorageV1Api, "/apis/storage.k8s.io/v1", "CSIDriver");
export const csiNodes = ofCluster<V1CSINode>(StorageV1Api, "/apis/storage.k8s.io/v1", "CSINode");
export const csiStorageCapacities = namespaced<V1CSIStorageCapacity>(
  StorageV1Api,
  "/apis/storage.k8s.io/v1",
  "CSIStorageCapacity",
  "csistoragecapacities",
);
export const storageClasses = ofCluster<V1StorageClass>(
  StorageV1Api,
  "/apis/storage.k8s.io/v1",
  "StorageClass",
  "storageclasses",
);
export const volumeAttachments = ofCluster<V1VolumeAttachment>(
  StorageV1Api,
  "/apis/storage.k8s.io/v1",
  "VolumeAttachment",
);
export const volumeAttributesClasses = ofCluster<V1VolumeAttributesClass>(
  StorageV1Api,
  "/apis/storage.k8s.io/v1",
  "VolumeAttributesClass",
  "volumeattributesclasses",
);
export const deviceClasses = ofCluster<V1DeviceClass>(
  ResourceV1Api,
  "/apis/resource.k8s.io/v1",
  "DeviceClass",
  "deviceclasses",
);
export const resourceClaims = namespaced<ResourceV1ResourceClaim>(
  ResourceV1Api,
  "/apis/resource.k8s.io/v1",
  "ResourceClaim",
);
export const resourceClaimTemplates = namespaced<V1ResourceClaimTemplate>(
  ResourceV1Api,
  "/apis/resource.k8s.io/v1",
  "ResourceClaimTemplate",
);
export const resourceSlices = ofCluster<V1ResourceSlice>(
  ResourceV1Api,
  "/apis/resource.k8s.io/v1",
  "ResourceSlice",
);
export const serviceAccounts = namespaced<V1ServiceAccount>(CoreV1Api, "/api/v1", "ServiceAccount");
export const certificateSigningRequests = ofCluster<V1CertificateSigningRequest>(
  CertificatesV1Api,
  "/apis/certificates.k8s.io/v1",
  "CertificateSigningRequest",
);
const FLOW_CONTROL = "/apis/flowcontrol.apiserver.k8s.io/v1";
export const flowSchemas = ofCluster<V1FlowSchema>(FlowcontrolApiserverV1Api, FLOW_CONTROL, "FlowSchema");
export const priorityLevels = ofCluster<V1PriorityLevelConfiguration>(
  FlowcontrolApiserverV1Api,
  FLOW_CONTROL,
  "PriorityLevelConfiguration",
);
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
export const admissionPolicies = ofCluster<V1ValidatingAdmissionPolicy>(
  AdmissionregistrationV1Api,
  ADMISSION,
  "ValidatingAdmissionPolicy",
  "validatingadmissionpolicies",
);
export const admissionPolicyBindings = ofCluster<V1ValidatingAdmissionPolicyBinding>(
  AdmissionregistrationV1Api,
  ADMISSION,
  "ValidatingAdmissionPolicyBinding",
);
