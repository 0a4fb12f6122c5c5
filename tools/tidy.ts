/** Checks what no compiler does: import direction, cycles, ambient time and chance, dead files, dead links. */
import { fileURLToPath } from "node:url";
import {
  ambientTimeAndChance,
  browserRooms,
  type Complaint,
  cycles,
  deadFiles,
  deadLinks,
  importDirection,
} from "./tidy/checks.ts";
import { readSources } from "./tidy/sources.ts";

/** Everything untidy below `root`; `files` says how much was looked at. */
export function tidy(root: string): { readonly files: number; readonly complaints: readonly Complaint[] } {
  const sources = readSources(root);
  const complaints = [
    ...importDirection(sources),
    ...browserRooms(sources),
    ...cycles(sources),
    ...ambientTimeAndChance(sources),
    ...deadFiles(sources),
    ...deadLinks(root),
  ];
  return { files: sources.length, complaints };
}

if (import.meta.main) {
  const { files, complaints } = tidy(fileURLToPath(new URL("..", import.meta.url)));
  for (const complaint of complaints) console.error(complaint);
  console.log(`${files} files, ${complaints.length} complaints`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
