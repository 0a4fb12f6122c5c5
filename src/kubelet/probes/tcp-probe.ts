import { connect } from "node:net";
import { connectText, type ProbeAnswer } from "./http-probe.ts";

/** Good when a connection can be opened. */
export function probeTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (answer: ProbeAnswer) => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(answer);
    };
    const abort = () => finish({ success: false, output: `dial tcp ${host}:${port}: i/o timeout` });
    signal.addEventListener("abort", abort, { once: true });
    socket.once("connect", () => finish({ success: true, output: "" }));
    socket.once("error", (error) => finish({ success: false, output: connectText(error, host, port) }));
    if (signal.aborted) abort();
  });
}
