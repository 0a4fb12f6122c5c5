/** mount(2) and umount2(2), without starting a program for each. */
import koffi from "koffi";

const EBUSY = 16;
const EINVAL = 22;
const ENOENT = 2;
const MNT_DETACH = 2;
const MS_BIND = 4096;

interface Calls {
  mount(source: string, target: string, type: string, flags: number, data: string): number;
  umount(target: string, flags: number): number;
}

let loaded: Calls | undefined;

function calls(): Calls {
  if (loaded) return loaded;
  const libc = koffi.load("libc.so.6");
  loaded = {
    mount: libc.func("int mount(const char*, const char*, const char*, unsigned long, const char*)"),
    umount: libc.func("int umount2(const char*, int)"),
  };
  return loaded;
}

/** `sizeBytes` 0: as much as the kernel allows by default, half of the memory. */
export function mountTmpfs(target: string, sizeBytes: number): void {
  const data = sizeBytes > 0 ? `size=${sizeBytes}` : "";
  if (calls().mount("tmpfs", target, "tmpfs", 0, data) !== 0) throw failure("mount tmpfs on", target);
}

/** Shows `source` at `target` too; both are files, or both are directories. */
export function bindMount(source: string, target: string): void {
  if (calls().mount(source, target, "", MS_BIND, "") !== 0) throw failure(`mount ${source} on`, target);
}

/** Does nothing when nothing is mounted there. What is still in use goes when its last user does. */
export function unmount(target: string): void {
  if (calls().umount(target, 0) === 0) return;
  let code = koffi.errno();
  if (code === EBUSY) {
    if (calls().umount(target, MNT_DETACH) === 0) return;
    code = koffi.errno();
  }
  if (code !== EINVAL && code !== ENOENT) throw failure("unmount", target, code);
}

const failure = (what: string, target: string, code = koffi.errno()): Error =>
  new Error(`${what} ${target} failed with errno ${code}`);
