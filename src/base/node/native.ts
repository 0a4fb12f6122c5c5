import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";

const requireFromHere = createRequire(import.meta.url);

/** A shared library of the system. Throws where it, or the bridge to it, is not installed. */
export function loadLibrary(name: string): LibraryHandle {
  const koffi = requireFromHere("koffi") as typeof import("koffi");
  return koffi.load(name);
}
