import type { AnyObject, Resource } from "#machinery/schema";

export interface TableRequest {
  readonly meta: object;
  readonly version: string;
  readonly includeObject: string;
  readonly now: number;
  readonly columns: boolean;
}

export function tableOf(_resource: Resource, _objects: readonly AnyObject[], _request: TableRequest): object {
  throw new Error("tables have not been wired");
}
