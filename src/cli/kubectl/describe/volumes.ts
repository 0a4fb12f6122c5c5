import type { Volume } from "#api/core-v1/volume";
import { at, isJson, type Json } from "../objects.ts";
import { type Lines } from "./lines.ts";

/** Each volume with its source: the one member that is not its name. */
export function volumeSection(lines: Lines, volumes: readonly Volume[]): void {
  if (volumes.length === 0) {
    lines.field("Volumes", "<none>");
    return;
  }
  lines.section("Volumes:", (inner) => {
    for (const volume of volumes) {
      const { name, ...sources } = volume as unknown as Json & { readonly name: string };
      inner.section(`${name}:`, (own) => {
        for (const [type, source] of Object.entries(sources)) {
          if (source === undefined) continue;
          own.field("Type", type[0]!.toUpperCase() + type.slice(1));
          sourceFields(own, source);
        }
      });
    }
  });
}

function sourceFields(lines: Lines, source: unknown): void {
  if (!isJson(source)) return;
  for (const [key, value] of Object.entries(source)) {
    if (key === "sources" && Array.isArray(value)) lines.field("Sources", value.map(projectedText));
    else if (typeof value !== "object" || value === null)
      lines.field(key[0]!.toUpperCase() + key.slice(1), String(value));
  }
}

function projectedText(source: unknown): string {
  const [type = "", content] = Object.entries(source as Json)[0] ?? [];
  const name = at(content, "name") ?? at(content, "path");
  return name === undefined ? type : `${type} ${String(name)}`;
}
