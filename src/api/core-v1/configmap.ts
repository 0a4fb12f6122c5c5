import { ageColumn, nameColumn, text } from "#api/columns";
import { dataKeys } from "#api/checks";
import { DATA_BYTES_MAX, dataSize, frozenProblems } from "./data-rules.ts";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { bool, bytes, entry, invalid, map, type Of, resource, string, tooLong } from "#machinery/schema";

interface Data {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export const ConfigMap = resource({
  apiVersion: "v1",
  kind: "ConfigMap",
  doc: "Settings by key.",
  plural: "configmaps",
  shortNames: ["cm"],
  namespaced: true,
  metadata: ObjectMeta,
  fields: {
    immutable: bool(4).pointer().doc("Data can never change again."),
    data: map(2, string).doc("Texts by key."),
    binaryData: map(3, bytes).doc("Bytes by key."),
  },

  columns: [
    nameColumn,
    text(
      "Data",
      (map: Data) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
    ),
    ageColumn,
  ],
  rules: {
    *validate({ data, binaryData }) {
      yield* dataKeys("data", data);
      yield* dataKeys("binaryData", binaryData);
      for (const key of Object.keys(data ?? {}))
        if (binaryData && Object.hasOwn(binaryData, key))
          yield invalid(entry("data", key), key, "duplicate of key present in binaryData");
      if (dataSize(data, binaryData) > DATA_BYTES_MAX) yield tooLong("", DATA_BYTES_MAX);
    },
    validateUpdate: (map, old) => frozenProblems(map, old),
  },
});
export interface ConfigMap extends Of<typeof ConfigMap> {}
