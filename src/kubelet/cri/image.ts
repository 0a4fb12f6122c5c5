/** Images: calls of CRI v1's ImageService. */
import { bigint64, bool, list, map, ref, string, struct, uint64, type Of } from "#machinery/schema";
import { PodSandboxConfig } from "./sandbox.ts";
import { Int64Value } from "./security.ts";

export const ImageSpec = struct("cri.v1.ImageSpec", {
  image: string(1).always(),
  annotations: map(2, string).always(),
  userSpecifiedImage: string(18).always(),
  runtimeHandler: string(19).always(),
  imageRef: string(20).always(),
});
export interface ImageSpec extends Of<typeof ImageSpec> {}

export const ImageFilter = struct("cri.v1.ImageFilter", {
  image: ref(1, ImageSpec),
});
export interface ImageFilter extends Of<typeof ImageFilter> {}

export const ListImagesRequest = struct("cri.v1.ListImagesRequest", {
  filter: ref(1, ImageFilter),
});
export interface ListImagesRequest extends Of<typeof ListImagesRequest> {}

export const Image = struct("cri.v1.Image", {
  id: string(1).always(),
  repoTags: list(2, string).always(),
  repoDigests: list(3, string).always(),
  size: uint64(4).always(),
  uid: ref(5, Int64Value),
  username: string(6).always(),
  spec: ref(7, ImageSpec),
  pinned: bool(8).always(),
});
export interface Image extends Of<typeof Image> {}

export const ListImagesResponse = struct("cri.v1.ListImagesResponse", {
  images: list(1, Image).always(),
});
export interface ListImagesResponse extends Of<typeof ListImagesResponse> {}

export const ImageStatusRequest = struct("cri.v1.ImageStatusRequest", {
  image: ref(1, ImageSpec),
  verbose: bool(2).always(),
});
export interface ImageStatusRequest extends Of<typeof ImageStatusRequest> {}

export const ImageStatusResponse = struct("cri.v1.ImageStatusResponse", {
  image: ref(1, Image),
  info: map(2, string).always(),
});
export interface ImageStatusResponse extends Of<typeof ImageStatusResponse> {}

export const AuthConfig = struct("cri.v1.AuthConfig", {
  username: string(1).always(),
  password: string(2).always(),
  auth: string(3).always(),
  serverAddress: string(4).always(),
  identityToken: string(5).always(),
  registryToken: string(6).always(),
});
export interface AuthConfig extends Of<typeof AuthConfig> {}

export const PullImageRequest = struct("cri.v1.PullImageRequest", {
  image: ref(1, ImageSpec),
  auth: ref(2, AuthConfig),
  sandboxConfig: ref(3, PodSandboxConfig),
});
export interface PullImageRequest extends Of<typeof PullImageRequest> {}

export const PullImageResponse = struct("cri.v1.PullImageResponse", {
  imageRef: string(1).always(),
});
export interface PullImageResponse extends Of<typeof PullImageResponse> {}

export const RemoveImageRequest = struct("cri.v1.RemoveImageRequest", {
  image: ref(1, ImageSpec),
});
export interface RemoveImageRequest extends Of<typeof RemoveImageRequest> {}

export const FilesystemIdentifier = struct("cri.v1.FilesystemIdentifier", {
  mountpoint: string(1).always(),
});
export interface FilesystemIdentifier extends Of<typeof FilesystemIdentifier> {}

export const UInt64Value = struct("cri.v1.UInt64Value", {
  value: uint64(1).always(),
});
export interface UInt64Value extends Of<typeof UInt64Value> {}

export const FilesystemUsage = struct("cri.v1.FilesystemUsage", {
  timestamp: bigint64(1).always(),
  fsId: ref(2, FilesystemIdentifier),
  usedBytes: ref(3, UInt64Value),
  inodesUsed: ref(4, UInt64Value),
});
export interface FilesystemUsage extends Of<typeof FilesystemUsage> {}

export const ImageFsInfoResponse = struct("cri.v1.ImageFsInfoResponse", {
  imageFilesystems: list(1, FilesystemUsage).always(),
  containerFilesystems: list(2, FilesystemUsage).always(),
});
export interface ImageFsInfoResponse extends Of<typeof ImageFsInfoResponse> {}
