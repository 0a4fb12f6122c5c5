import { JSONSchemaProps } from "#api/apiextensions-v1/jsonschemaprops";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import {
  bool,
  bytes,
  int32,
  int64,
  list,
  type Of,
  ref,
  resource,
  string,
  struct,
  time,
  value,
} from "#machinery/schema";

export const CustomResourceColumnDefinition = struct("apiextensions.v1.CustomResourceColumnDefinition", {
  name: string(1).required(),
  type: string(2).required(),
  format: string(3),
  description: string(4),
  priority: int32(5),
  jsonPath: string(6).required(),
});
export interface CustomResourceColumnDefinition extends Of<typeof CustomResourceColumnDefinition> {}

export const ServiceReference = struct("apiextensions.v1.ServiceReference", {
  namespace: string(1).required(),
  name: string(2).required(),
  path: string(3).pointer(),
  port: int32(4).pointer().default(443),
});
export interface ServiceReference extends Of<typeof ServiceReference> {}

export const WebhookClientConfig = struct("apiextensions.v1.WebhookClientConfig", {
  url: string(3).pointer(),
  service: ref(1, ServiceReference),
  caBundle: bytes(2),
});
export interface WebhookClientConfig extends Of<typeof WebhookClientConfig> {}

export const WebhookConversion = struct("apiextensions.v1.WebhookConversion", {
  clientConfig: ref(2, WebhookClientConfig),
  conversionReviewVersions: list(3, string).required().atomic(),
});
export interface WebhookConversion extends Of<typeof WebhookConversion> {}

export const CustomResourceConversion = struct("apiextensions.v1.CustomResourceConversion", {
  strategy: string(1).required(),
  webhook: ref(2, WebhookConversion),
});
export interface CustomResourceConversion extends Of<typeof CustomResourceConversion> {}

export const CustomResourceDefinitionNames = struct("apiextensions.v1.CustomResourceDefinitionNames", {
  plural: string(1).required(),
  singular: string(2),
  shortNames: list(3, string).atomic(),
  kind: string(4).required(),
  listKind: string(5),
  categories: list(6, string).atomic(),
});
export interface CustomResourceDefinitionNames extends Of<typeof CustomResourceDefinitionNames> {}

export const CustomResourceValidation = struct("apiextensions.v1.CustomResourceValidation", {
  openAPIV3Schema: ref(1, JSONSchemaProps),
});
export interface CustomResourceValidation extends Of<typeof CustomResourceValidation> {}

export const CustomResourceSubresourceStatus = struct("apiextensions.v1.CustomResourceSubresourceStatus", {});
export interface CustomResourceSubresourceStatus extends Of<typeof CustomResourceSubresourceStatus> {}

export const CustomResourceSubresourceScale = struct("apiextensions.v1.CustomResourceSubresourceScale", {
  specReplicasPath: string(1).required(),
  statusReplicasPath: string(2).required(),
  labelSelectorPath: string(3).pointer(),
});
export interface CustomResourceSubresourceScale extends Of<typeof CustomResourceSubresourceScale> {}

export const CustomResourceSubresources = struct("apiextensions.v1.CustomResourceSubresources", {
  status: ref(1, CustomResourceSubresourceStatus),
  scale: ref(2, CustomResourceSubresourceScale),
});
export interface CustomResourceSubresources extends Of<typeof CustomResourceSubresources> {}

export const SelectableField = struct("apiextensions.v1.SelectableField", {
  jsonPath: string(1).required(),
});
export interface SelectableField extends Of<typeof SelectableField> {}

export const CustomResourceDefinitionVersion = struct("apiextensions.v1.CustomResourceDefinitionVersion", {
  name: string(1).required(),
  served: bool(2).required(),
  storage: bool(3).required(),
  deprecated: bool(7),
  deprecationWarning: string(8).pointer(),
  schema: ref(4, CustomResourceValidation),
  subresources: ref(5, CustomResourceSubresources),
  additionalPrinterColumns: list(6, CustomResourceColumnDefinition).atomic(),
  selectableFields: list(9, SelectableField).atomic(),
});
export interface CustomResourceDefinitionVersion extends Of<typeof CustomResourceDefinitionVersion> {}

export const CustomResourceDefinitionSpec = struct("apiextensions.v1.CustomResourceDefinitionSpec", {
  group: string(1).required(),
  names: value(3, CustomResourceDefinitionNames).required(),
  scope: string(4).required(),
  versions: list(7, CustomResourceDefinitionVersion).required().atomic(),
  conversion: ref(9, CustomResourceConversion).default({ strategy: "None" }),
  preserveUnknownFields: bool(10),
});
export interface CustomResourceDefinitionSpec extends Of<typeof CustomResourceDefinitionSpec> {}

export const CustomResourceDefinitionCondition = struct(
  "apiextensions.v1.CustomResourceDefinitionCondition",
  {
    type: string(1).required().doc("What the condition is about."),
    status: string(2).required().doc("True, False or Unknown."),
    lastTransitionTime: time(3).orNull().doc("When the status last changed."),
    reason: string(4).doc("One word on why."),
    message: string(5).doc("The reason in plain words."),
    observedGeneration: int64(6)
      .gate("CRDObservedGenerationTracking")
      .doc("Generation of the object that this is about."),
  },
);
export interface CustomResourceDefinitionCondition extends Of<typeof CustomResourceDefinitionCondition> {}

export const CustomResourceDefinitionStatus = struct("apiextensions.v1.CustomResourceDefinitionStatus", {
  conditions: list(1, CustomResourceDefinitionCondition)
    .always()
    .keyedBy("type")
    .doc("What is known about its state, one entry per type."),
  acceptedNames: value(2, CustomResourceDefinitionNames),
  storedVersions: list(3, string).always().atomic(),
  observedGeneration: int64(4)
    .gate("CRDObservedGenerationTracking")
    .doc("Generation of the object that this is about."),
});
export interface CustomResourceDefinitionStatus extends Of<typeof CustomResourceDefinitionStatus> {}

export const CustomResourceDefinition = resource({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  doc: "A kind that is added to the API.",
  plural: "customresourcedefinitions",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: CustomResourceDefinitionSpec,
  specRequired: true,
  status: CustomResourceDefinitionStatus,
  unconditionalUpdate: false,
  storagePrefix: "apiextensions.k8s.io/customresourcedefinitions",
});
export interface CustomResourceDefinition extends Of<typeof CustomResourceDefinition> {}
