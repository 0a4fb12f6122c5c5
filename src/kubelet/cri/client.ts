import type { Clock } from "#base/clock";
import type { StructOf, Wire } from "#machinery/schema";
import { type CallLimits, Connection, method, type Method } from "./connection.ts";
import {
  type ContainerConfig,
  type ContainerFilter,
  type ContainerStatus,
  ContainerStatusRequest,
  ContainerStatusResponse,
  type ContainerSummary,
  CreateContainerRequest,
  CreateContainerResponse,
  ListContainersRequest,
  ListContainersResponse,
  RemoveContainerRequest,
  ReopenContainerLogRequest,
  StartContainerRequest,
  StopContainerRequest,
} from "./container.ts";
import {
  AttachRequest,
  AttachResponse,
  ExecRequest,
  ExecResponse,
  ExecSyncRequest,
  ExecSyncResponse,
  PortForwardRequest,
  PortForwardResponse,
} from "./exec.ts";
import {
  type AuthConfig,
  type Image,
  type FilesystemUsage,
  ImageFsInfoResponse,
  ImageStatusRequest,
  ImageStatusResponse,
  ListImagesRequest,
  ListImagesResponse,
  PullImageRequest,
  PullImageResponse,
  RemoveImageRequest,
} from "./image.ts";
import { type LinuxContainerResources, UpdateContainerResourcesRequest } from "./resources.ts";
import {
  Empty,
  StatusRequest,
  StatusResponse,
  UpdateRuntimeConfigRequest,
  VersionRequest,
  VersionResponse,
} from "./runtime.ts";
import {
  ListPodSandboxRequest,
  ListPodSandboxResponse,
  type PodSandboxConfig,
  type PodSandboxFilter,
  type PodSandboxStatus,
  PodSandboxStatusRequest,
  PodSandboxStatusResponse,
  type PodSandboxSummary,
  RemovePodSandboxRequest,
  RunPodSandboxRequest,
  RunPodSandboxResponse,
  StopPodSandboxRequest,
} from "./sandbox.ts";
import {
  type ContainerStats,
  ListContainerStatsRequest,
  ListContainerStatsResponse,
  ListPodSandboxStatsRequest,
  ListPodSandboxStatsResponse,
  type PodSandboxStats,
} from "./stats.ts";

/** What the kubelet asks of a container runtime: CRI v1. Failures are RpcErrors. */
export interface ContainerRuntime {
  version(): Promise<VersionResponse>;
  status(): Promise<StatusResponse>;
  /** Tells runtimes that lay out the pod network themselves which range is the node's. */
  updatePodRange(podCIDR: string): Promise<void>;

  /** Gives the sandbox's ID. */
  runSandbox(config: Wire<PodSandboxConfig>, runtimeHandler: string, limits?: CallLimits): Promise<string>;
  stopSandbox(sandboxId: string): Promise<void>;
  removeSandbox(sandboxId: string): Promise<void>;
  sandboxStatus(sandboxId: string): Promise<PodSandboxStatus | undefined>;
  listSandboxes(filter?: Wire<PodSandboxFilter>): Promise<readonly PodSandboxSummary[]>;

  /** Gives the container's ID. */
  createContainer(
    sandboxId: string,
    config: Wire<ContainerConfig>,
    sandboxConfig: Wire<PodSandboxConfig>,
    limits?: CallLimits,
  ): Promise<string>;
  startContainer(containerId: string, limits?: CallLimits): Promise<void>;
  /** SIGTERM, and SIGKILL when it still runs after the grace period. */
  stopContainer(containerId: string, graceSeconds: number): Promise<void>;
  removeContainer(containerId: string): Promise<void>;
  containerStatus(containerId: string): Promise<ContainerStatus | undefined>;
  listContainers(filter?: Wire<ContainerFilter>): Promise<readonly ContainerSummary[]>;
  updateResources(containerId: string, linux: Wire<LinuxContainerResources>): Promise<void>;
  reopenLog(containerId: string): Promise<void>;

  execSync(
    containerId: string,
    command: readonly string[],
    timeoutSeconds: number,
    limits?: CallLimits,
  ): Promise<ExecSyncResponse>;
  /** These three give the URL where the runtime serves the streams. */
  exec(request: Wire<ExecRequest>): Promise<string>;
  attach(request: Wire<AttachRequest>): Promise<string>;
  portForward(request: Wire<PortForwardRequest>): Promise<string>;

  containerStats(): Promise<readonly ContainerStats[]>;
  sandboxStats(): Promise<readonly PodSandboxStats[]>;

  listImages(): Promise<readonly Image[]>;
  imageStatus(image: string): Promise<Image | undefined>;
  /** Gives the reference of what was pulled. */
  pullImage(image: string, auth: Wire<AuthConfig> | undefined, limits?: CallLimits): Promise<string>;
  removeImage(image: string): Promise<void>;
  imageFilesystems(): Promise<readonly FilesystemUsage[]>;
}

const runtime = <A, B>(name: string, request: StructOf<A>, response: StructOf<B>): Method<A, B> =>
  method(`/runtime.v1.RuntimeService/${name}`, request, response);
const image = <A, B>(name: string, request: StructOf<A>, response: StructOf<B>): Method<A, B> =>
  method(`/runtime.v1.ImageService/${name}`, request, response);

const Version = runtime("Version", VersionRequest, VersionResponse);
const Status = runtime("Status", StatusRequest, StatusResponse);
const UpdateRuntimeConfig = runtime("UpdateRuntimeConfig", UpdateRuntimeConfigRequest, Empty);
const RunPodSandbox = runtime("RunPodSandbox", RunPodSandboxRequest, RunPodSandboxResponse);
const StopPodSandbox = runtime("StopPodSandbox", StopPodSandboxRequest, Empty);
const RemovePodSandbox = runtime("RemovePodSandbox", RemovePodSandboxRequest, Empty);
const SandboxStatus = runtime("PodSandboxStatus", PodSandboxStatusRequest, PodSandboxStatusResponse);
const ListPodSandbox = runtime("ListPodSandbox", ListPodSandboxRequest, ListPodSandboxResponse);
const CreateContainer = runtime("CreateContainer", CreateContainerRequest, CreateContainerResponse);
const StartContainer = runtime("StartContainer", StartContainerRequest, Empty);
const StopContainer = runtime("StopContainer", StopContainerRequest, Empty);
const RemoveContainer = runtime("RemoveContainer", RemoveContainerRequest, Empty);
const StatusOfContainer = runtime("ContainerStatus", ContainerStatusRequest, ContainerStatusResponse);
const ListContainers = runtime("ListContainers", ListContainersRequest, ListContainersResponse);
const UpdateResources = runtime("UpdateContainerResources", UpdateContainerResourcesRequest, Empty);
const ReopenLog = runtime("ReopenContainerLog", ReopenContainerLogRequest, Empty);
const ExecSync = runtime("ExecSync", ExecSyncRequest, ExecSyncResponse);
const Exec = runtime("Exec", ExecRequest, ExecResponse);
const Attach = runtime("Attach", AttachRequest, AttachResponse);
const PortForward = runtime("PortForward", PortForwardRequest, PortForwardResponse);
const ListContainerStats = runtime(
  "ListContainerStats",
  ListContainerStatsRequest,
  ListContainerStatsResponse,
);
const ListSandboxStats = runtime(
  "ListPodSandboxStats",
  ListPodSandboxStatsRequest,
  ListPodSandboxStatsResponse,
);
const ListImages = image("ListImages", ListImagesRequest, ListImagesResponse);
const ImageStatus = image("ImageStatus", ImageStatusRequest, ImageStatusResponse);
const PullImage = image("PullImage", PullImageRequest, PullImageResponse);
const RemoveImage = image("RemoveImage", RemoveImageRequest, Empty);
const ImageFsInfo = image("ImageFsInfo", Empty, ImageFsInfoResponse);

/** For calls that only look something up or change a record. */
const QUICK = { timeoutMs: 120_000 };
/** Setting up a sandbox or container may wait for disks and network plugins. */
const SETUP_MS = 240_000;
const STOP_MARGIN_MS = 120_000;

/** CRI v1 over the runtime's socket. */
export class CriClient implements ContainerRuntime {
  readonly #runtime: Connection;
  readonly #images: Connection;

  /** Paths of unix sockets; most runtimes serve both services on one. */
  constructor(runtimeSocket: string, imageSocket: string, clock: Clock) {
    this.#runtime = new Connection(`unix:${runtimeSocket}`, clock);
    this.#images =
      imageSocket === runtimeSocket ? this.#runtime : new Connection(`unix:${imageSocket}`, clock);
  }

  close(): void {
    this.#runtime.close();
    if (this.#images !== this.#runtime) this.#images.close();
  }

  version(): Promise<VersionResponse> {
    return this.#runtime.call(Version, { version: "v1" }, QUICK);
  }

  status(): Promise<StatusResponse> {
    return this.#runtime.call(Status, {}, QUICK);
  }

  async updatePodRange(podCIDR: string): Promise<void> {
    await this.#runtime.call(
      UpdateRuntimeConfig,
      { runtimeConfig: { networkConfig: { podCidr: podCIDR } } },
      QUICK,
    );
  }

  async runSandbox(
    config: Wire<PodSandboxConfig>,
    runtimeHandler: string,
    limits: CallLimits = {},
  ): Promise<string> {
    const request = { config, runtimeHandler };
    const answer = await this.#runtime.call(RunPodSandbox, request, { timeoutMs: SETUP_MS, ...limits });
    return answer.podSandboxId;
  }

  async stopSandbox(podSandboxId: string): Promise<void> {
    await this.#runtime.call(StopPodSandbox, { podSandboxId }, { timeoutMs: SETUP_MS });
  }

  async removeSandbox(podSandboxId: string): Promise<void> {
    await this.#runtime.call(RemovePodSandbox, { podSandboxId }, { timeoutMs: SETUP_MS });
  }

  async sandboxStatus(podSandboxId: string): Promise<PodSandboxStatus | undefined> {
    const answer = await this.#runtime.call(SandboxStatus, { podSandboxId }, QUICK);
    return answer.status;
  }

  async listSandboxes(filter?: Wire<PodSandboxFilter>): Promise<readonly PodSandboxSummary[]> {
    return (await this.#runtime.call(ListPodSandbox, { filter }, QUICK)).items;
  }

  async createContainer(
    podSandboxId: string,
    config: Wire<ContainerConfig>,
    sandboxConfig: Wire<PodSandboxConfig>,
    limits: CallLimits = {},
  ): Promise<string> {
    const request = { podSandboxId, config, sandboxConfig };
    const answer = await this.#runtime.call(CreateContainer, request, { timeoutMs: SETUP_MS, ...limits });
    return answer.containerId;
  }

  async startContainer(containerId: string, limits: CallLimits = {}): Promise<void> {
    await this.#runtime.call(StartContainer, { containerId }, { timeoutMs: SETUP_MS, ...limits });
  }

  async stopContainer(containerId: string, graceSeconds: number): Promise<void> {
    const timeoutMs = graceSeconds * 1000 + STOP_MARGIN_MS;
    await this.#runtime.call(StopContainer, { containerId, timeout: graceSeconds }, { timeoutMs });
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#runtime.call(RemoveContainer, { containerId }, QUICK);
  }

  async containerStatus(containerId: string): Promise<ContainerStatus | undefined> {
    return (await this.#runtime.call(StatusOfContainer, { containerId }, QUICK)).status;
  }

  async listContainers(filter?: Wire<ContainerFilter>): Promise<readonly ContainerSummary[]> {
    return (await this.#runtime.call(ListContainers, { filter }, QUICK)).containers;
  }

  async updateResources(containerId: string, linux: Wire<LinuxContainerResources>): Promise<void> {
    await this.#runtime.call(UpdateResources, { containerId, linux }, QUICK);
  }

  async reopenLog(containerId: string): Promise<void> {
    await this.#runtime.call(ReopenLog, { containerId }, QUICK);
  }

  execSync(
    containerId: string,
    cmd: readonly string[],
    timeout: number,
    limits: CallLimits = {},
  ): Promise<ExecSyncResponse> {
    const timeoutMs = timeout > 0 ? timeout * 1000 + STOP_MARGIN_MS : undefined;
    return this.#runtime.call(ExecSync, { containerId, cmd, timeout }, { timeoutMs, ...limits });
  }

  async exec(request: Wire<ExecRequest>): Promise<string> {
    return (await this.#runtime.call(Exec, request, QUICK)).url;
  }

  async attach(request: Wire<AttachRequest>): Promise<string> {
    return (await this.#runtime.call(Attach, request, QUICK)).url;
  }

  async portForward(request: Wire<PortForwardRequest>): Promise<string> {
    return (await this.#runtime.call(PortForward, request, QUICK)).url;
  }

  async containerStats(): Promise<readonly ContainerStats[]> {
    return (await this.#runtime.call(ListContainerStats, {}, QUICK)).stats;
  }

  async sandboxStats(): Promise<readonly PodSandboxStats[]> {
    return (await this.#runtime.call(ListSandboxStats, {}, QUICK)).stats;
  }

  async listImages(): Promise<readonly Image[]> {
    return (await this.#images.call(ListImages, {}, QUICK)).images;
  }

  async imageStatus(name: string): Promise<Image | undefined> {
    return (await this.#images.call(ImageStatus, { image: { image: name } }, QUICK)).image;
  }

  /** A pull has no time limit of its own: it ends with the runtime's, or with the signal. */
  async pullImage(
    name: string,
    auth: Wire<AuthConfig> | undefined,
    limits: CallLimits = {},
  ): Promise<string> {
    return (await this.#images.call(PullImage, { image: { image: name }, auth }, limits)).imageRef;
  }

  async removeImage(name: string): Promise<void> {
    await this.#images.call(RemoveImage, { image: { image: name } }, QUICK);
  }

  async imageFilesystems(): Promise<readonly FilesystemUsage[]> {
    return (await this.#images.call(ImageFsInfo, {}, QUICK)).imageFilesystems;
  }
}
