import type { ImageConfig } from "./archive.ts";

/** What a Containerfile asks for: a base, files to copy, and how to run the result. */
export interface BuildPlan {
  readonly from: string;
  readonly copies: readonly {
    readonly sources: readonly string[];
    readonly target: string;
    readonly mode?: number;
  }[];
  readonly config: ImageConfig;
}

/** A Containerfile that cannot be built; `line` counts from 1. */
export class ContainerfileError extends Error {
  override readonly name = "ContainerfileError";
  constructor(line: number, message: string) {
    super(`Containerfile line ${line}: ${message}`);
  }
}

interface Instruction {
  readonly line: number;
  readonly word: string;
  readonly rest: string;
}

/**
 * Reads the instructions that need no running container: FROM, COPY, ADD (of local files), ENV, WORKDIR, USER, EXPOSE,
 * LABEL, STOPSIGNAL, ENTRYPOINT, CMD. Others are refused, RUN among them, with the line that says so.
 */
export function parseContainerfile(text: string): BuildPlan {
  const [first, ...rest] = instructionsOf(text);
  if (!first || first.word !== "FROM")
    throw new ContainerfileError(first?.line ?? 1, "the first instruction is FROM");
  return rest.reduce(applyInstruction, { from: first.rest, copies: [], config: {} });
}

function instructionsOf(text: string): Instruction[] {
  const found: Instruction[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    let joined = lines[index]!.trim();
    if (joined === "" || joined.startsWith("#")) continue;
    while (joined.endsWith("\\") && index + 1 < lines.length)
      joined = `${joined.slice(0, -1)} ${lines[++index]!.trim()}`;
    const [word = "", ...words] = joined.split(/\s+/);
    found.push({
      line,
      word: word.toUpperCase(),
      rest: words.length === 0 ? "" : joined.slice(word.length).trim(),
    });
  }
  return found;
}

function applyInstruction(plan: BuildPlan, { line, word, rest }: Instruction): BuildPlan {
  const configured = (change: ImageConfig): BuildPlan => ({ ...plan, config: { ...plan.config, ...change } });
  switch (word) {
    case "COPY":
    case "ADD":
      return { ...plan, copies: [...plan.copies, copyOf(line, rest, plan.config.WorkingDir ?? "/")] };
    case "ENV":
      return configured({
        Env: [...(plan.config.Env ?? []), ...pairsOf(line, rest).map(([key, value]) => `${key}=${value}`)],
      });
    case "LABEL":
      return configured({ Labels: { ...plan.config.Labels, ...Object.fromEntries(pairsOf(line, rest)) } });
    case "WORKDIR":
      return configured({ WorkingDir: resolve(plan.config.WorkingDir ?? "/", rest) });
    case "USER":
      return configured({ User: rest });
    case "EXPOSE":
      return configured({
        ExposedPorts: {
          ...plan.config.ExposedPorts,
          ...Object.fromEntries(
            rest.split(/\s+/).map((port) => [port.includes("/") ? port : `${port}/tcp`, {}]),
          ),
        },
      });
    case "STOPSIGNAL":
      return configured({ StopSignal: rest });
    case "ENTRYPOINT":
      return configured({ Entrypoint: commandOf(rest) });
    case "CMD":
      return configured({ Cmd: commandOf(rest) });
    case "RUN":
      throw new ContainerfileError(
        line,
        "RUN is not supported: images are put together from files; build with another tool and use `k8ts image load`",
      );
    case "FROM":
      throw new ContainerfileError(line, "builds of several stages are not supported");
    default:
      throw new ContainerfileError(line, `${word} is not supported`);
  }
}

function copyOf(line: number, rest: string, workingDir: string): BuildPlan["copies"][number] {
  const words = rest.split(/\s+/).filter((word) => word !== "");
  const flags = words.filter((word) => word.startsWith("--"));
  const paths = words.filter((word) => !word.startsWith("--"));
  const chmod = flags.find((flag) => flag.startsWith("--chmod="))?.slice("--chmod=".length);
  const unknown = flags.find((flag) => !flag.startsWith("--chmod="));
  if (unknown) throw new ContainerfileError(line, `COPY ${unknown} is not supported`);
  if (paths.length < 2) throw new ContainerfileError(line, "COPY takes sources and a target");
  const sources = paths.slice(0, -1);
  const remote = sources.find((source) => /^[a-z]+:\/\//.test(source));
  if (remote) throw new ContainerfileError(line, `ADD of ${remote} is not supported: only local files`);
  const last = paths.at(-1)!;
  const target = `${resolve(workingDir, last)}${last.endsWith("/") ? "/" : ""}`;
  return { sources, target, ...(chmod === undefined ? {} : { mode: Number.parseInt(chmod, 8) }) };
}

/** `/a` and `b/../c` to `/a/c`. */
function resolve(from: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${from}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** `["a", "b"]`, or words for a shell. */
function commandOf(rest: string): readonly string[] {
  if (!rest.startsWith("[")) return ["/bin/sh", "-c", rest];
  const parsed: unknown = JSON.parse(rest);
  return Array.isArray(parsed) ? parsed.map(String) : ["/bin/sh", "-c", rest];
}

const PAIR = /([A-Za-z0-9_.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g;

function pairsOf(line: number, rest: string): [string, string][] {
  const pairs = [...rest.matchAll(PAIR)].map(([, key, quoted, plain]): [string, string] => [
    key!,
    quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "",
  ]);
  if (pairs.length > 0) return pairs;
  const space = rest.search(/\s/);
  if (space < 0) throw new ContainerfileError(line, "expected NAME=VALUE");
  return [[rest.slice(0, space), rest.slice(space).trim()]];
}
