/** What a client needs of the one cluster in a kubeconfig: server, its authority, and the own certificate and key. */
export function parse(text: string): {
  readonly server: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
} {
  const value = (name: string): string => {
    const found = new RegExp(`^[\\s-]*"?${name}"?:\\s*"?([^"\\s]+)"?,?$`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`the kubeconfig has no ${name}`);
    return found;
  };
  const bytes = (name: string) => Buffer.from(value(`${name}-data`), "base64");
  return {
    server: value("server"),
    ca: bytes("certificate-authority"),
    cert: bytes("client-certificate"),
    key: bytes("client-key"),
  };
}
