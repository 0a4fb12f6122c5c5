/** How this program starts itself again, as a daemon. */
export const self = (): { readonly program: string; readonly args: readonly string[] } => ({
  program: process.execPath,
  args: [...process.execArgv, process.argv[1] ?? ""],
});
