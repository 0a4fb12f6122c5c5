/** The formats of `-o`. */
import { readFileSync } from "node:fs";
import { stringifyJson } from "#machinery/json";
import { formatYaml } from "#machinery/yaml";
import { formatColumns } from "../columns.ts";
import { UsageError } from "../verb.ts";
import { JsonPath, printed, relaxed } from "./jsonpath.ts";
import { type AnyObject, sorted } from "./objects.ts";

/** Spaces that kubectl indents JSON with. */
const INDENT = 4;

/** Writes objects; several of them as one List. */
export interface Printer {
  one(object: AnyObject): string;
  many(objects: readonly AnyObject[]): string;
}

export const toJson = (value: unknown): string => `${stringifyJson(sorted(value), INDENT)}\n`;
export const toYaml = (value: unknown): string => formatYaml(sorted(value));

/** `deployment.apps/web` */
export function nameOf({ apiVersion, kind, metadata }: AnyObject): string {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : `.${apiVersion.slice(0, slash)}`;
  return `${kind.toLowerCase()}${group}/${metadata.name}`;
}

const listOf = (items: readonly AnyObject[]) => ({
  apiVersion: "v1",
  items,
  kind: "List",
  metadata: { resourceVersion: "" },
});

const whole = (print: (value: unknown) => string): Printer => ({
  one: print,
  many: (objects) => print(listOf(objects)),
});

const each = (print: (object: AnyObject) => string): Printer => ({
  one: print,
  many: (objects) => objects.map(print).join(""),
});

/** The printer that `-o FORMAT` names; undefined for tables, which are not made of objects. */
export function printerFor(format: string | undefined): Printer | undefined {
  if (format === undefined || format === "" || format === "wide") return undefined;
  const equals = format.indexOf("=");
  const name = equals < 0 ? format : format.slice(0, equals);
  const argument = equals < 0 ? undefined : format.slice(equals + 1);
  switch (name) {
    case "json":
      return whole(toJson);
    case "yaml":
      return whole(toYaml);
    case "name":
      return each((object) => `${nameOf(object)}\n`);
    case "jsonpath":
    case "jsonpath-file": {
      if (argument === undefined) throw new UsageError("template format specified but no template given");
      const path = new JsonPath(name === "jsonpath" ? argument : readFileSync(argument, "utf8"));
      return whole((value) => path.print(value, { allowMissing: true }));
    }
    case "jsonpath-as-json": {
      const path = new JsonPath(argument ?? "");
      return whole((value) => toJson(path.find(value, { allowMissing: true })));
    }
    case "custom-columns":
      return customColumns(argument);
    default:
      throw new UsageError(
        `unable to match a printer suitable for the output format ${JSON.stringify(name)}, allowed formats are: custom-columns,json,jsonpath,jsonpath-as-json,jsonpath-file,name,wide,yaml`,
      );
  }
}

/** `NAME:.metadata.name,IMAGES:.spec.containers[*].image` */
function customColumns(text: string | undefined): Printer {
  if (!text) throw new UsageError("custom-columns format specified but no custom columns given");
  const columns = splitColumns(text).map((column) => {
    const colon = column.indexOf(":");
    if (colon < 0)
      throw new UsageError(`unexpected custom-columns spec: ${column}, expected <header>:<json-path-expr>`);
    return { header: column.slice(0, colon), path: new JsonPath(relaxed(column.slice(colon + 1))) };
  });
  const row = (object: AnyObject) =>
    columns.map(({ path }) => {
      const found = path.find(object, { allowMissing: true });
      return found.length === 0 ? "<none>" : found.map((value) => printed(value) || "<none>").join(",");
    });
  const table = (objects: readonly AnyObject[]) =>
    formatColumns([columns.map(({ header }) => header), ...objects.map(row)]);
  return { one: (object) => table([object]), many: table };
}

/** At commas, except for those in brackets. */
function splitColumns(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "[" || char === "(") depth++;
    if (char === "]" || char === ")") depth--;
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}
