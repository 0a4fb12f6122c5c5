import { generator } from "./generator.ts";
import { keyValueOptions, keyValues } from "./key-values.ts";

export const configMap = generator({
  usage: "configmap NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] [--from-env-file=FILE]",
  summary: "Makes a config map.",
  options: keyValueOptions,
  make(_name, args) {
    const data: Record<string, string> = {};
    const binaryData: Record<string, string> = {};
    for (const [key, value] of keyValues(args)) {
      const text = textOf(value);
      if (text === undefined) binaryData[key] = Buffer.from(value).toString("base64");
      else data[key] = text;
    }
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {},
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
  },
});

/** Undefined for bytes that are no UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
