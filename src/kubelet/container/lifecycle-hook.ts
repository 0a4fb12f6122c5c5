/** postStart and preStop. */
import { sleep } from "#base/clock";
import { probeHttp } from "../probes/http-probe.ts";
import { httpCheck, portNumber, type ProbeTarget, withTimeout } from "../probes/run-probe.ts";
import { probeTcp } from "../probes/tcp-probe.ts";
import type { LifecycleHandler } from "../pod/spec.ts";

/** Does what the handler says. Throws when it fails, or takes longer than `timeoutMs`, where that is given. */
export async function runHook(
  handler: LifecycleHandler,
  target: ProbeTarget,
  { timeoutMs, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { exec, httpGet, tcpSocket, sleep: nap } = handler;
  const { clock, runtime, containerId } = target;
  if (nap) {
    const napMs = Number(nap.seconds) * 1000;
    return sleep(clock, Math.min(napMs, timeoutMs ?? napMs), { signal });
  }
  if (exec) {
    const command = exec.command ?? [];
    const timeoutSeconds = timeoutMs === undefined ? 0 : Math.ceil(timeoutMs / 1000);
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds, {
      signal,
    });
    if (exitCode === 0) return;
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    throw new Error(`command '${command.join(" ")}' exited with ${exitCode}: ${output}`);
  }
  const answer = await withTimeout(clock, timeoutMs ?? HOOK_TIMEOUT_MS, (abort) => {
    if (httpGet) return probeHttp(httpCheck(httpGet, target), abort);
    if (!tcpSocket) throw new Error("invalid handler: it names nothing to do");
    return probeTcp(tcpSocket.host || target.host, portNumber(tcpSocket.port, target.container), abort);
  });
  if (!answer.success) throw new Error(answer.output);
}

/** Of a request over the network that nobody else limits. */
const HOOK_TIMEOUT_MS = 60_000;
