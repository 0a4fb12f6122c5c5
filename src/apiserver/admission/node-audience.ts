/** For whom a node may ask for tokens: for those that its pods name, and for others where it has been given the right. */
import type { TokenRequest } from "#api/authentication-v1/tokenrequest";
import { PersistentVolume } from "#api/core-v1/persistentvolume";
import { PersistentVolumeClaim } from "#api/core-v1/persistentvolumeclaim";
import { Pod } from "#api/core-v1/pod";
import { CSIDriver } from "#api/storage-v1/csidriver";
import { claimNameOf } from "../authorization/pod-references.ts";
import type { Admission, Authorizer, ReadCache } from "../contracts.ts";
import { refusal } from "./about.ts";

const VERB = "request-serviceaccounts-token-audience";

/** The pod that the token is bound to has been looked at. Throws Forbidden. */
export async function checkAudience(
  admission: Admission,
  { cache, authorizer }: { readonly cache: ReadCache; readonly authorizer: Authorizer },
): Promise<void> {
  const { namespace, name, user } = admission;
  const { audiences = [], boundObjectRef } = (admission.object as unknown as TokenRequest).spec;
  if (audiences.length > 1) throw refusal(admission, "node may only request 0 or 1 audiences");
  const audience = audiences[0] ?? "";
  const pod = cache.get(Pod, namespace, boundObjectRef?.name ?? "");
  for (const named of pod ? audiencesOf(pod, cache) : []) if (named === audience) return;
  const { verdict } = await authorizer.authorize(user, {
    isResource: true,
    path: "",
    verb: VERB,
    group: "",
    version: "v1",
    resource: audience,
    subresource: "",
    namespace,
    name,
    query: new URLSearchParams(),
  });
  if (verdict === "allow") return;
  throw refusal(
    admission,
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
  );
}

/** Empty: this server. */
function* audiencesOf({ metadata, spec }: Pod, cache: ReadCache): Iterable<string> {
  for (const volume of spec.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? [])
      if (serviceAccountToken) yield serviceAccountToken.audience ?? "";
    const driver =
      volume.csi?.driver ?? driverOf(cache, metadata.namespace, claimNameOf(volume, metadata.name));
    if (driver === undefined) continue;
    for (const { audience } of cache.get(CSIDriver, undefined, driver)?.spec.tokenRequests ?? [])
      yield audience;
  }
}

/** The driver behind a claim, once it is bound. */
function driverOf(
  cache: ReadCache,
  namespace: string | undefined,
  claim: string | undefined,
): string | undefined {
  if (claim === undefined) return undefined;
  const volume = cache.get(PersistentVolumeClaim, namespace, claim)?.spec.volumeName;
  return volume ? cache.get(PersistentVolume, undefined, volume)?.spec.csi?.driver : undefined;
}
