import { list, map, type Of, quantity, string, struct } from "#machinery/schema";

export const ResourceClaim = struct("core.v1.ResourceClaim", {
  name: string(1).required(),
  request: string(2),
});
export interface ResourceClaim extends Of<typeof ResourceClaim> {}

export const ResourceRequirements = struct("core.v1.ResourceRequirements", {
  limits: map(1, quantity),
  requests: map(2, quantity),
  claims: list(3, ResourceClaim).keyedBy("name"),
});
export interface ResourceRequirements extends Of<typeof ResourceRequirements> {}

export const VolumeResourceRequirements = struct("core.v1.VolumeResourceRequirements", {
  limits: map(1, quantity),
  requests: map(2, quantity),
});
export interface VolumeResourceRequirements extends Of<typeof VolumeResourceRequirements> {}
