import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import { type Image, type LayerFile, layerOf } from "./archive.ts";
import { busyboxImage } from "./busybox.ts";
import { type BuildPlan, parseContainerfile } from "./containerfile.ts";

/** Bases that are made on the spot, so that nothing has to be fetched. */
const BASES: Readonly<Record<string, () => Promise<Pick<Image, "layers" | "config">>>> = {
  scratch: () => Promise.resolve({ layers: [], config: {} }),
  busybox: busyboxImage,
};

/** Builds the image that `directory/Containerfile` (or `Dockerfile`) describes. */
export async function buildImage(directory: string, name: string): Promise<Image> {
  const file = ["Containerfile", "Dockerfile"]
    .map((each) => join(directory, each))
    .find((path) => existsSync(path));
  if (file === undefined) throw new Error(`there is no Containerfile in ${directory}`);
  const plan = parseContainerfile(readFileSync(file, "utf8"));
  const base = BASES[plan.from.replace(/:.*$/, "")];
  if (!base) {
    throw new Error(
      `FROM ${plan.from}: a build starts from ${Object.keys(BASES).join(" or ")}; load other images with \`k8ts image load\``,
    );
  }
  const { layers, config } = await base();
  const files = filesOf(plan, resolve(directory));
  const added = files.length > 0 ? [await layerOf(files)] : [];
  return { name, layers: [...layers, ...added], config: merged(config, plan.config) };
}

/** A new entrypoint drops the base's command, which was meant for another one. */
function merged(base: Image["config"], own: Image["config"]): Image["config"] {
  const { Cmd: _command, ...withoutCommand } = base;
  const kept = own.Entrypoint ? withoutCommand : base;
  const Env = [...(base.Env ?? []), ...(own.Env ?? [])];
  return { ...kept, ...own, ...(Env.length > 0 ? { Env } : {}) };
}

function filesOf({ copies, config }: BuildPlan, context: string): LayerFile[] {
  const files = new Map<string, LayerFile>();
  const add = (file: LayerFile) => {
    for (const parent of parentsOf(file.path)) {
      if (!files.has(parent)) files.set(parent, { path: parent, type: "directory", mode: 0o755 });
    }
    files.set(file.path, file);
  };
  if (config.WorkingDir && config.WorkingDir !== "/")
    add({ path: config.WorkingDir.slice(1), type: "directory", mode: 0o755 });
  for (const { sources, target, mode } of copies) {
    const intoFolder = target.endsWith("/") || sources.length > 1;
    for (const source of sources) {
      const path = inside(context, source);
      const isFolder = statSync(path).isDirectory();
      const place = intoFolder && !isFolder ? join(target, basename(path)) : target;
      for (const file of copied(path, place.replaceAll(/^\/+|\/+$/g, ""), mode)) add(file);
    }
  }
  return [...files.values()].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** A path of the build context; nothing outside of it is copied. */
function inside(context: string, source: string): string {
  const path = resolve(context, `.${sep}${source}`);
  if (path !== context && !path.startsWith(context + sep))
    throw new Error(`COPY ${source}: outside of the build folder`);
  if (!existsSync(path)) throw new Error(`COPY ${source}: there is no such file in ${context}`);
  return path;
}

function copied(path: string, place: string, mode: number | undefined): LayerFile[] {
  const stat = statSync(path);
  if (!stat.isDirectory())
    return [{ path: place, type: "file", content: readFileSync(path), mode: mode ?? stat.mode & 0o777 }];
  const inner = readdirSync(path).flatMap((entry) =>
    copied(join(path, entry), place === "" ? entry : `${place}/${entry}`, mode),
  );
  return place === "" ? inner : [{ path: place, type: "directory", mode: 0o755 }, ...inner];
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join("/"));
}
