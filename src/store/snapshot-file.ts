import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { readEtcdSnapshot } from "./etcd/etcd-snapshot.ts";
import { FORMAT_NAME, readSnapshot, type Snapshot } from "./snapshot.ts";

/** A snapshot that holds on to its file. */
export interface SnapshotFile extends Snapshot {
  close(): void;
}

/** A snapshot of either engine. Throws `Damaged`, now or at the end of the entries, when it is not what was written. */
export async function openSnapshotFile(path: string): Promise<SnapshotFile> {
  if (!(await isOurs(path))) return readEtcdSnapshot(path);
  const stream = createReadStream(path);
  return { ...(await readSnapshot(stream)), close: () => stream.destroy() };
}

async function isOurs(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(FORMAT_NAME.length), position: 0 });
    return buffer.toString("latin1") === FORMAT_NAME;
  } finally {
    await file.close();
  }
}
