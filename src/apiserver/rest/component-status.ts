import { ComponentStatus } from "#api/core-v1/componentstatus";
import { stringifyJson } from "#machinery/json";
import { notFound } from "#machinery/status";
import { type HealthCheck, problemOf } from "../health/health.ts";
import type { Handler } from "../request/dispatch.ts";
import { Item } from "../storage/item.ts";
import { keyOf, nameOf, prefixOf } from "../storage/keys.ts";
import { listQueryOf } from "./query.ts";
import { selectionOf } from "./selection.ts";

/** Answers for the kind that nobody stores: how the parts of the control plane are at this moment. */
export const componentStatuses =
  (components: readonly HealthCheck[]): Handler =>
  async ({ kind, info }) => {
    if (info.name !== "") {
      const component = components.find(({ name }) => name === info.name);
      if (!component) throw notFound(kind.groupResource, info.name);
      return { type: "item", code: 200, kind, item: await itemOf(component) };
    }
    const { name, matches } = selectionOf(kind, "", "", listQueryOf(info.query, false));
    const items = await Promise.all(components.map(itemOf));
    const chosen = items.filter(
      (item) => (name === "" || nameOf(item.key) === name) && (!matches || matches(item)),
    );
    return { type: "list", kind, meta: { resourceVersion: "" }, items: chosen };
  };

async function itemOf(component: HealthCheck): Promise<Item> {
  const { name } = component;
  const error = await problemOf(component);
  const healthy = error === undefined;
  const condition = {
    type: "Healthy",
    status: healthy ? "True" : "False",
    ...(healthy ? { message: "ok" } : { error }),
  };
  const { apiVersion, kind, storagePrefix } = ComponentStatus;
  const object = { kind, apiVersion, metadata: { name }, conditions: [condition] };
  return new Item(keyOf(prefixOf(storagePrefix), "", name), 0, Buffer.from(stringifyJson(object)));
}
