import type { Clock } from "#base/clock";

/** Where progress is told. */
export interface StepOutput {
  write(text: string): void;
  /** A terminal, on which a line may be written anew. */
  readonly live: boolean;
}

/** A failure with its cause and what the user can do next. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  readonly next: string;
  constructor(message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.next = next;
  }
}

/** Says what a long command is doing: numbered steps, each with its duration. */
export class Steps {
  readonly #output: StepOutput;
  readonly #clock: Clock;
  readonly #total: number;
  #number = 0;

  constructor(output: StepOutput, clock: Clock, total: number) {
    this.#output = output;
    this.#clock = clock;
    this.#total = total;
  }

  /** Runs one step. `work` may tell how far it is; its answer may add a few words to the finished line. */
  async run<T>(
    title: string,
    work: (tell: (progress: string) => void) => Promise<T>,
    words?: (result: T) => string,
  ): Promise<T> {
    const head = `[${++this.#number}/${this.#total}] ${title}`;
    const startedMs = this.#clock.monotonic();
    const seconds = () => `${((this.#clock.monotonic() - startedMs) / 1000).toFixed(1)} s`;
    this.#show(`${head} …`);
    try {
      const result = await work((progress) => this.#show(`${head} … ${progress}`));
      const more = words?.(result) ?? "";
      this.#finish(`${head}${more === "" ? "" : `: ${more}`} (${seconds()})`);
      return result;
    } catch (error) {
      this.#finish(`${head}: failed after ${seconds()}`);
      throw error;
    }
  }

  #show(line: string): void {
    if (this.#output.live) this.#output.write(`\r\u001b[K${line}`);
  }

  #finish(line: string): void {
    this.#output.write(this.#output.live ? `\r\u001b[K${line}\n` : `${line}\n`);
  }
}
