import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import type { AnyObject, Resource } from "#machinery/schema";
import { inParallel } from "#reconciler/batches";
import { controllerReference } from "#reconciler/owner";
import type { Pass } from "#reconciler/controller";
import type { Plan } from "./plan.ts";

export const SERVICE_NAME = "kubernetes.io/service-name";
export const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
export const HEADLESS = "service.kubernetes.io/headless";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

export interface SliceOwner<T extends AnyObject> {
  readonly kind: Resource<T>;
  readonly object: T;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339 time of the change that led to these writes, for those who measure how long that takes. */
  readonly triggerTime?: string | undefined;
}

/** New slices first, so that no endpoint is ever missing. */
export async function writeSlices<T extends AnyObject>(
  plan: Plan,
  { kind, object, labels, triggerTime }: SliceOwner<T>,
  { write }: Pass,
): Promise<void> {
  const { name, namespace } = object.metadata;
  const annotations: Record<string, string> =
    triggerTime === undefined ? {} : { [TRIGGER_TIME]: triggerTime };
  await inParallel(plan.create, (slice) =>
    write.create(EndpointSlice, {
      metadata: {
        generateName: `${name}-`,
        ...(namespace ? { namespace } : {}),
        labels,
        annotations,
        ownerReferences: [controllerReference(kind, object)],
      },
      ...slice,
    }),
  );
  await inParallel(plan.update, (slice) => {
    const { [TRIGGER_TIME]: _past, ...kept } = slice.metadata.annotations ?? {};
    return write.update(EndpointSlice, {
      ...slice,
      metadata: { ...slice.metadata, annotations: { ...kept, ...annotations } },
    });
  });
  await write.removeAll(EndpointSlice, plan.remove);
}
