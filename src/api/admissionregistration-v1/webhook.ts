import { bytes, int32, type Of, ref, string, struct } from "#machinery/schema";

export const ServiceReference = struct("admissionregistration.v1.ServiceReference", {
  namespace: string(1).required().doc("Namespace of the service."),
  name: string(2).required().doc("Name of the service."),
  path: string(3).pointer().doc("Path that requests go to."),
  port: int32(4).pointer().default(443).doc("Port of the service; 443 by default."),
});
export interface ServiceReference extends Of<typeof ServiceReference> {}

export const WebhookClientConfig = struct("admissionregistration.v1.WebhookClientConfig", {
  url: string(3).pointer().doc("Address, https only."),
  service: ref(1, ServiceReference).doc("Service in the cluster."),
  caBundle: bytes(2).doc("PEM of the authorities that its certificate is verified with."),
});
export interface WebhookClientConfig extends Of<typeof WebhookClientConfig> {}
