/** The program that holds a pod's namespaces: it sleeps, and lets the kernel reap what is left to it. */
import type { Image } from "./archive.ts";
import { ARCHITECTURE, layerOf } from "./archive.ts";

export const PAUSE_IMAGE = "k8ts.local/pause:1";

/** Where the program is loaded, and how long the headers before it are. */
const BASE = 0x400000;
const HEADERS_BYTES = 64 + 56;

/** A kernel sigaction: handler 1 (SIG_IGN), everything else 0. */
const SIGACTION = `01${"00".repeat(31)}`;

/** Signal 17, SIGCHLD, set to SIG_IGN: children are reaped without anybody waiting for them. */
const MACHINES: Readonly<Record<string, { readonly id: number; readonly code: readonly string[] }>> = {
  amd64: {
    id: 0x3e,
    code: [
      "b80d000000", // mov eax, 13 (rt_sigaction)
      "bf11000000", // mov edi, 17
      "488d3517000000", // lea rsi, [rip + 23]
      "31d2", // xor edx, edx
      "41ba08000000", // mov r10d, 8
      "0f05", // syscall
      "b822000000", // again: mov eax, 34 (pause)
      "0f05", // syscall
      "ebf7", // jmp again
      "90909090",
      SIGACTION,
    ],
  },
  arm64: {
    id: 0xb7,
    code: [
      "c81080d2", // mov x8, 134 (rt_sigaction)
      "200280d2", // mov x0, 17
      "61010010", // adr x1, +44
      "020080d2", // mov x2, 0
      "030180d2", // mov x3, 8
      "010000d4", // svc 0
      "280980d2", // again: mov x8, 73 (ppoll)
      "000080d2", // mov x0, 0
      "010080d2", // mov x1, 0
      "020080d2", // mov x2, 0
      "030080d2", // mov x3, 0
      "010000d4", // svc 0
      "faffff17", // b again
      SIGACTION,
    ],
  },
};

/** A static ELF executable of one segment. Throws for machines it has no code for. */
export function pauseProgram(architecture: string = ARCHITECTURE): Uint8Array {
  const machine = MACHINES[architecture];
  if (!machine) throw new Error(`no pause program for the architecture ${architecture}`);
  const code = Buffer.from(machine.code.join(""), "hex");
  const size = HEADERS_BYTES + code.length;
  const view = new DataView(new ArrayBuffer(size));
  const long = (offset: number, value: number) => view.setBigUint64(offset, BigInt(value), true);
  // ELF header: 64-bit, little endian, executable.
  [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].forEach((byte, offset) => view.setUint8(offset, byte));
  view.setUint16(16, 2, true);
  view.setUint16(18, machine.id, true);
  view.setUint32(20, 1, true);
  long(24, BASE + HEADERS_BYTES);
  long(32, 64);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  // Program header: load the whole file, readable and executable.
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  long(72, 0);
  long(80, BASE);
  long(88, BASE);
  long(96, size);
  long(104, size);
  long(112, 0x1000);
  const program = new Uint8Array(view.buffer);
  program.set(code, HEADERS_BYTES);
  return program;
}

export const pauseImage = async (): Promise<Image> => ({
  name: PAUSE_IMAGE,
  layers: [await layerOf([{ path: "pause", type: "file", content: pauseProgram(), mode: 0o755 }])],
  config: { Entrypoint: ["/pause"], User: "65535:65535" },
});
