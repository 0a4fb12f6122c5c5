import { ListMeta } from "#api/meta-v1/listmeta";
import { int32, json, list, type Of, string, struct, value } from "#machinery/schema";

export const TableColumnDefinition = struct("meta.v1.TableColumnDefinition", {
  name: string(0).required(),
  type: string(0).required(),
  format: string(0).required(),
  description: string(0).required(),
  priority: int32(0).required(),
});
export interface TableColumnDefinition extends Of<typeof TableColumnDefinition> {}

export const TableRowCondition = struct("meta.v1.TableRowCondition", {
  type: string(0).required(),
  status: string(0).required(),
  reason: string(0),
  message: string(0),
});
export interface TableRowCondition extends Of<typeof TableRowCondition> {}

export const TableRow = struct("meta.v1.TableRow", {
  cells: list(0, json).required().atomic(),
  conditions: list(0, TableRowCondition).atomic().doc("What is known about its state, one entry per type."),
  object: json(0).orNull(),
});
export interface TableRow extends Of<typeof TableRow> {}

export const Table = struct("meta.v1.Table", {
  kind: string(0),
  apiVersion: string(0),
  metadata: value(0, ListMeta),
  columnDefinitions: list(0, TableColumnDefinition).required().atomic(),
  rows: list(0, TableRow).required().atomic(),
});
export interface Table extends Of<typeof Table> {}

export const TableOptions = struct("meta.v1.TableOptions", {
  kind: string(0),
  apiVersion: string(0),
  includeObject: string(1),
});
export interface TableOptions extends Of<typeof TableOptions> {}
