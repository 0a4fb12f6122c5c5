import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

/** One entry of a layer. `path` is relative to the root of the image, without a leading slash. */
export type LayerFile =
  | { readonly path: string; readonly type: "file"; readonly content: Uint8Array; readonly mode: number }
  | { readonly path: string; readonly type: "directory"; readonly mode: number }
  | { readonly path: string; readonly type: "link"; readonly target: string };

/** What the runtime does with an image, in the words of the OCI image configuration. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<never, never>>>;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** A finished layer: gzipped tar, with the digests that the image's documents name. */
export interface Layer {
  readonly blob: Uint8Array;
  readonly digest: string;
  /** Digest of the tar before compression. */
  readonly diffId: string;
}

export interface Image {
  /** Full name with tag: `k8ts.local/hello:1`. */
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** The machine's architecture in the words of images. */
export const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

type EntryHeader = Partial<Header> & Pick<Header, "name">;

/** The same content gives the same bytes: no times, no owners but root. */
const EPOCH = new Date(0);

export async function layerOf(files: readonly LayerFile[]): Promise<Layer> {
  const tar = await tarOf(
    files.map((file) => [headersOf(file), file.type === "file" ? file.content : undefined]),
  );
  const blob = gzipSync(tar, { level: 6 });
  return { blob, digest: digestOf(blob), diffId: digestOf(tar) };
}

function headersOf(file: LayerFile): EntryHeader {
  const name = file.path;
  switch (file.type) {
    case "file":
      return { name, type: "file", mode: file.mode, size: file.content.length };
    case "directory":
      return { name: `${name}/`, type: "directory", mode: file.mode };
    case "link":
      return { name, type: "symlink", linkname: file.target, mode: 0o777 };
  }
}

/** The image as an OCI archive, which containerd imports under its name. */
export async function archiveOf({ name, layers, config }: Image): Promise<Uint8Array> {
  const configBlob = json({
    architecture: ARCHITECTURE,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", configBlob),
    layers: layers.map(({ blob }) => descriptor("application/vnd.oci.image.layer.v1.tar+gzip", blob)),
  });
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
        platform: { architecture: ARCHITECTURE, os: "linux" },
        annotations: {
          "io.containerd.image.name": name,
          "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
        },
      },
    ],
  });
  const blobs = [configBlob, manifest, ...layers.map(({ blob }) => blob)];
  return tarOf([
    [{ name: "oci-layout" }, json({ imageLayoutVersion: "1.0.0" })],
    [{ name: "index.json" }, index],
    ...blobs.map((blob): [EntryHeader, Uint8Array] => [
      { name: `blobs/sha256/${digestOf(blob).slice("sha256:".length)}` },
      blob,
    ]),
  ]);
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const descriptor = (mediaType: string, blob: Uint8Array) => ({
  mediaType,
  digest: digestOf(blob),
  size: blob.length,
});

async function tarOf(
  entries: readonly (readonly [EntryHeader, Uint8Array | undefined])[],
): Promise<Uint8Array> {
  const tar = pack();
  for (const [headers, content] of entries) {
    const whole = { mtime: EPOCH, uid: 0, gid: 0, ...headers };
    if (content === undefined) tar.entry(whole);
    else tar.entry(whole, content);
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
