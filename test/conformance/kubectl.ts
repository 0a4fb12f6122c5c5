import assert from "node:assert/strict";
import { clientBinary } from "../tools/client-binaries.ts";
import { type Running, start } from "../tools/run.ts";
import type { ConformanceContext } from "./suite.ts";

/** kubectl in the namespace of a test, where it has to succeed. */
export class Kubectl {
  readonly #context: ConformanceContext;

  constructor(context: ConformanceContext) {
    this.#context = context;
  }

  /** Gives what it printed. `words` are split at spaces, the others taken as they are. */
  async run(words: string, ...more: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#context.kubectl([...split(words), ...more]);
    assert.equal(code, 0, `kubectl ${words} ${more.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** With objects on its standard input. */
  async feed(objects: unknown, words: string): Promise<string> {
    const { code, stdout, stderr } = await this.#context.kubectl(
      [...split(words), "-f", "-"],
      JSON.stringify(objects),
    );
    assert.equal(code, 0, `kubectl ${words}: ${stderr}`);
    return stdout;
  }

  /** One that goes on; it is stopped at the end of the test. */
  start(words: string): Running {
    const { namespace, defer, kubectlEnv } = this.#context;
    const args = ["--namespace", namespace, ...split(words)];
    const running = start(clientBinary("kubectl"), args, { env: kubectlEnv });
    defer(() => running.stop());
    return running;
  }
}

const split = (words: string): string[] => words.split(" ").filter(Boolean);

/** Objects of several kinds as one. */
export const listOf = (...items: readonly object[]) => ({ apiVersion: "v1", kind: "List", items });
