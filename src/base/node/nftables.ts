import { asError } from "../attempt.ts";
import { runCommand } from "./command.ts";
import { loadLibrary } from "./native.ts";
import { inNetworkNamespace } from "./network-namespace.ts";

/** The packet filter of one network namespace. */
export interface Nftables {
  /** How commands reach the kernel: `library` costs no process per call. */
  readonly via: "library" | "program";
  /** Runs commands in nft's own language as one transaction, after those given before; answers with what they print. */
  run(commands: string): Promise<string>;
  close(): void;
}

export interface NftablesOptions {
  /** Path of a network namespace; absent: the one of this process. */
  readonly namespace?: string;
  /** Uses the `nft` program even where the library is installed. */
  readonly program?: boolean;
}

/** Commands that nft refused. None of them was carried out. */
export class NftablesRefused extends Error {
  override readonly name = "NftablesRefused";
}

/** Opens the packet filter: through libnftables in this process, else through the program `nft`. */
export function openNftables({ namespace, program = false }: NftablesOptions = {}): Nftables {
  if (!program) {
    try {
      return new LibraryNftables(namespace);
    } catch (error) {
      if (!isMissing(asError(error))) throw error;
    }
  }
  return new ProgramNftables(namespace);
}

/** koffi, or the library, is not installed: the program can still do the work. */
const isMissing = ({ message }: Error): boolean =>
  /cannot open shared object|Cannot find module|Cannot find the native Koffi module/.test(message);

/** One transaction at a time; a failed one does not hold up the next. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

interface Library {
  newContext(flags: number): unknown;
  freeContext(context: unknown): void;
  bufferOutput(context: unknown): number;
  bufferErrors(context: unknown): number;
  run: { async(context: unknown, commands: string, done: (error: Error | null, code: number) => void): void };
  output(context: unknown): string;
  errors(context: unknown): string;
}

let library: Library | undefined;

function loadNftables(): Library {
  const { func } = bound("libnftables.so.1");
  return {
    newContext: func("void *nft_ctx_new(uint32_t flags)"),
    freeContext: func("void nft_ctx_free(void *context)"),
    bufferOutput: func("int nft_ctx_buffer_output(void *context)"),
    bufferErrors: func("int nft_ctx_buffer_error(void *context)"),
    run: func("int nft_run_cmd_from_buffer(void *context, str commands)"),
    output: func("str nft_ctx_get_output_buffer(void *context)"),
    errors: func("str nft_ctx_get_error_buffer(void *context)"),
  } as unknown as Library;
}

function bound(name: string): { func: (prototype: string) => unknown } {
  const handle = loadLibrary(name);
  return { func: (prototype) => handle.func(prototype) };
}

/** libnftables keeps state of its own for the whole process: contexts take turns with one another. */
const turns = new Turns();

class LibraryNftables implements Nftables {
  readonly via = "library";
  readonly #library: Library;
  #context: unknown;

  constructor(namespace: string | undefined) {
    const loaded = (library ??= loadNftables());
    this.#library = loaded;
    // The context opens its socket to the kernel at once, and that stays in this namespace.
    this.#context = inNetworkNamespace(namespace, () => loaded.newContext(0));
    if (!this.#context) throw new Error("libnftables gave no context");
    loaded.bufferOutput(this.#context);
    loaded.bufferErrors(this.#context);
  }

  run(commands: string): Promise<string> {
    return turns.take(
      () =>
        new Promise((resolve, reject) => {
          const context = this.#context;
          if (!context) return reject(new Error("the packet filter was closed"));
          this.#library.run.async(context, commands, (failure, code) => {
            // Reading the buffers empties them: both are read each time, so that nothing old comes up later.
            const errors = this.#library.errors(context);
            const output = this.#library.output(context);
            if (failure) reject(failure);
            else if (code === 0) resolve(output);
            else reject(new NftablesRefused(shortened(errors)));
          });
        }),
    );
  }

  close(): void {
    void turns.take(async () => {
      if (this.#context) this.#library.freeContext(this.#context);
      this.#context = undefined;
    });
  }
}

class ProgramNftables implements Nftables {
  readonly via = "program";
  readonly #prefix: readonly string[];
  readonly #turns = new Turns();

  constructor(namespace: string | undefined) {
    this.#prefix = namespace === undefined ? [] : ["nsenter", `--net=${namespace}`];
  }

  run(commands: string): Promise<string> {
    const [program = "nft", ...args] = [...this.#prefix, "nft", "-f", "-"];
    return this.#turns.take(async () => {
      try {
        return await runCommand(program, args, { input: commands });
      } catch (error) {
        throw new NftablesRefused(shortened(asError(error).message), { cause: error });
      }
    });
  }

  close(): void {}
}

/** nft repeats whole command lines in its errors. */
const ERROR_CHARACTERS_MAX = 2_000;

const shortened = (text: string): string => text.trim().slice(0, ERROR_CHARACTERS_MAX);
