/** What one evaluation carries along: values of variables, and what has been spent. */
import type { Result } from "./values.ts";

export interface Frame {
  cost: number;
  /** Beyond it the evaluation ends. */
  readonly limit: number;
  readonly slots: Result[];
}

export type Code = (frame: Frame) => Result;

export const LIST_COST = 10;
export const MAP_COST = 30;
export const OBJECT_COST = 40;

/** Ends an evaluation that costs too much. No operator absorbs it. */
export class CostExceeded extends Error {
  override readonly name = "CostExceeded";
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
  }
}

export function spend(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new CostExceeded();
}
