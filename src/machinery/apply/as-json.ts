import type { AnyObject } from "#machinery/schema";
import type { JsonObject } from "../patch/merge-patch.ts";

/** An object of a kind, seen as the JSON that it is. */
export const asJson = (object: AnyObject): JsonObject => object as unknown as JsonObject;
