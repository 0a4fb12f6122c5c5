import { runCommand } from "./command.ts";

export interface IpOptions {
  /** Name of a network namespace; absent: the one of this process. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
  /** Goes on after a command that fails, as removal does when something is gone already. */
  readonly force?: boolean;
}

/** Runs `ip` once for all the commands, each without the leading `ip`. */
export async function ipBatch(
  commands: readonly string[],
  { namespace, signal, force = false }: IpOptions = {},
): Promise<void> {
  if (commands.length === 0) return;
  const args = [...inside(namespace), ...(force ? ["-force"] : []), "-batch", "-"];
  try {
    await runCommand("ip", args, { input: `${commands.join("\n")}\n`, signal });
  } catch (error) {
    if (!force || signal?.aborted) throw error;
  }
}

/** What an `ip … show` command knows, decoded from its JSON. */
export async function ipShow<T>(
  command: readonly string[],
  { namespace, signal }: Omit<IpOptions, "force"> = {},
): Promise<readonly T[]> {
  const output = await runCommand("ip", [...inside(namespace), "-json", ...command], { signal });
  // Nothing to show is no text, or a list with an empty object in it.
  const entries = output.trim() === "" ? [] : (JSON.parse(output) as object[]);
  return entries.filter((entry) => Object.keys(entry).length > 0) as T[];
}

const inside = (namespace: string | undefined): readonly string[] => (namespace ? ["-netns", namespace] : []);
