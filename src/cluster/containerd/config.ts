/** Where one node's containerd keeps its things. All paths are absolute. */
export interface ContainerdPlaces {
  /** Images and snapshots: kept over restarts of the machine. */
  readonly root: string;
  /** Sockets and mounts: gone after a restart of the machine. */
  readonly state: string;
  readonly socket: string;
  /** CNI configuration of this node. */
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  /** `hosts.toml` files of registries and mirrors, one folder each. */
  readonly registries: string;
}

export interface ContainerdOptions {
  readonly places: ContainerdPlaces;
  readonly pauseImage: string;
  readonly snapshotter: "overlayfs" | "native";
  /** Without CAP_SYS_RESOURCE nobody may make a process harder to kill than its parent. */
  readonly restrictOomScore: boolean;
}

/** Plugins that a node has no use for; each costs start time and memory. */
const UNUSED_PLUGINS = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.opt",
];

/** The configuration file, in containerd's version 2 format. */
export function containerdConfig({
  places,
  pauseImage,
  snapshotter,
  restrictOomScore,
}: ContainerdOptions): string {
  const text = JSON.stringify;
  return `version = 2
root = ${text(places.root)}
state = ${text(places.state)}
disabled_plugins = [${UNUSED_PLUGINS.map((plugin) => text(plugin)).join(", ")}]

[grpc]
  address = ${text(places.socket)}

[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "10s"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  restrict_oom_score_adj = ${restrictOomScore}
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  max_concurrent_downloads = 4

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(places.cniBinDir)}
    conf_dir = ${text(places.cniConfDir)}
    max_conf_num = 1

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${text(places.registries)}

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${text(snapshotter)}
    default_runtime_name = "runc"
    discard_unpacked_layers = true

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}
