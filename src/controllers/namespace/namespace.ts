/** Empties namespaces that are being deleted, pods first, and lets them go when nothing is left. */
import { APIService } from "#api/apiregistration-v1/apiservice";
import { CustomResourceDefinition } from "#api/apiextensions-v1/customresourcedefinition";
import { Namespace } from "#api/core-v1/namespace";
import { Pod } from "#api/core-v1/pod";
import { asError } from "#base/attempt";
import { customKind, remoteKinds, storedKinds } from "#client/kinds";
import type { AnyObject, Resource } from "#machinery/schema";
import { hasReason } from "#machinery/status";
import { inParallel } from "#reconciler/batches";
import { type Caches, controller, type Pass, wake } from "#reconciler/controller";
import { type Emptying, isEmpty, type Remainder, type Undiscovered } from "./content.ts";
import { observe } from "./status.ts";

const FINALIZER = "kubernetes";

/** Kinds emptied at the same time. */
const KINDS_IN_FLIGHT_MAX = 8;
/** Pods wake us when they are gone; whatever else is held back by finalizers is looked at again so often. */
const LOOK_AGAIN_MS = 2_000;

export const namespaces = controller({
  name: "namespace",
  watches: Namespace,
  matters: (namespace) => namespace.metadata.deletionTimestamp !== undefined,
  reads: [CustomResourceDefinition, APIService],
  wakes: [wake(Pod, terminating, () => false)],
  writes: [
    { kind: Namespace, verbs: ["update"], subresource: "finalize" },
    { kind: Namespace, verbs: ["delete"] },
  ],
  rights: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "delete", "deletecollection"] }],

  async reconcile(namespace, pass) {
    const finalizers = namespace.spec.finalizers ?? [];
    if (!namespace.metadata.deletionTimestamp || !finalizers.includes(FINALIZER)) return;
    const { kinds, undiscovered } = await remoteKindsIn(pass);
    const emptied = await empty(namespace.metadata.name, [...kindsIn(pass), ...kinds], pass);
    const emptying = { ...emptied, undiscovered };
    if (!isEmpty(emptying)) {
      await pass.write.status(Namespace, namespace, observe(namespace, emptying, pass.clock.now()));
      if (emptying.failures.length > 0) throw emptying.failures[0];
      return { afterMs: LOOK_AGAIN_MS };
    }
    const spec = { ...namespace.spec, finalizers: finalizers.filter((other: string) => other !== FINALIZER) };
    try {
      await pass.client.updateSubresource(Namespace, { ...namespace, spec }, "finalize", {
        signal: pass.signal,
      });
    } catch (error) {
      // Gone already. A server without the subresource says so without a name.
      if (!hasReason(error, "NotFound") || error.status.details?.name === undefined) throw error;
    }
  },
});

function* terminating({ metadata: { namespace = "" } }: Pod, { cache }: Caches): Iterable<string> {
  if (cache(Namespace).get(undefined, namespace)?.metadata.deletionTimestamp) yield namespace;
}

function kindsIn({ cache }: Pass): readonly Resource[] {
  const custom = [...cache(CustomResourceDefinition).list()].map(customKind);
  return [...storedKinds, ...custom.filter((kind) => kind !== undefined)].filter(
    ({ namespaced }) => namespaced,
  );
}

/** The kinds that other servers answer for. */
async function remoteKindsIn({ cache, client, signal }: Pass) {
  const kinds: Resource[] = [];
  const undiscovered: Undiscovered[] = [];
  const remote = [...cache(APIService).list()].filter(({ spec }) => spec.service !== undefined);
  await inParallel(remote, async (service) => {
    const { group = "", version = "" } = service.spec;
    try {
      const found = await remoteKinds(service, client.transport, { signal });
      kinds.push(...found.filter(isEmptied));
    } catch (error) {
      undiscovered.push({ apiVersion: `${group}/${version}`, error: asError(error) });
    }
  });
  return { kinds, undiscovered };
}

const isEmptied = ({ namespaced, verbs }: Resource): boolean =>
  namespaced && verbs.includes("list") && (verbs.includes("delete") || verbs.includes("deletecollection"));

/** Pods go first: what they use stays until they have ended. */
async function empty(namespace: string, kinds: readonly Resource[], pass: Pass): Promise<Emptied> {
  const isPods = (kind: Resource) => kind.group === "" && kind.plural === Pod.plural;
  const pods = await emptyKinds(namespace, kinds.filter(isPods), pass);
  if (pods.remaining.length > 0 || pods.failures.length > 0) return pods;
  return emptyKinds(
    namespace,
    kinds.filter((kind) => !isPods(kind)),
    pass,
  );
}

type Emptied = Pick<Emptying, "remaining" | "failures">;

async function emptyKinds(namespace: string, kinds: readonly Resource[], pass: Pass): Promise<Emptied> {
  const remaining: Remainder[] = [];
  const failures: Error[] = [];
  await inParallel(
    kinds,
    async (kind) => {
      try {
        const objects = await emptyKind(namespace, kind, pass);
        if (objects.length > 0) remaining.push({ kind, objects });
      } catch (error) {
        // A kind that the server does not serve has no objects.
        if (!hasReason(error, "NotFound", "MethodNotAllowed")) failures.push(asError(error));
      }
    },
    KINDS_IN_FLIGHT_MAX,
  );
  return { remaining, failures };
}

/** Deletes what there is of a kind, and answers what is left after that. */
async function emptyKind(
  namespace: string,
  kind: Resource,
  { client, signal }: Pass,
): Promise<readonly AnyObject[]> {
  const selection = { namespace, metadataOnly: true, signal };
  const { items } = await client.list(kind, selection);
  if (items.length === 0) return items;
  const fresh = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (fresh.length === 0) return items;
  const propagationPolicy = "Background";
  if (kind.verbs.includes("deletecollection")) {
    await client.deleteCollection(kind, { namespace, propagationPolicy, signal });
  } else {
    await inParallel(fresh, ({ metadata }) =>
      client.delete(kind, { namespace, name: metadata.name }, { propagationPolicy, signal }),
    );
  }
  return (await client.list(kind, selection)).items;
}
