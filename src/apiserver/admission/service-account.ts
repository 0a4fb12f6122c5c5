import type { Container } from "#api/core-v1/container";
import { Pod } from "#api/core-v1/pod";
import type { PodSpec } from "#api/core-v1/podspec";
import { ServiceAccount } from "#api/core-v1/serviceaccount";
import type { Volume } from "#api/core-v1/volume";
import { type Random, nameSuffix } from "#base/random";
import { hasReason } from "#machinery/status";
import { secretsOf } from "../authorization/pod-references.ts";
import type { Admission, AdmissionPlugin, Loopback, ReadCache } from "../contracts.ts";
import { isAbout, refusal } from "./about.ts";

const DEFAULT_ACCOUNT = "default";
const VOLUME_PREFIX = "kube-api-access-";
const SUFFIX_LENGTH = 5;
/** Where every client library looks for its credentials. */
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Shortly above an hour, so that it is told from an hour that somebody asked for. */
const TOKEN_SECONDS = 3607;
const MIRROR = "kubernetes.io/config.mirror";
const ENFORCE_SECRETS = "kubernetes.io/enforce-mountable-secrets";

/** Gives every pod a service account, and its containers the account's token. */
export function serviceAccounts(cache: ReadCache, loopback: () => Loopback, random: Random): AdmissionPlugin {
  async function accountOf(admission: Admission, name: string): Promise<ServiceAccount> {
    const { namespace } = admission;
    const cached = cache.get(ServiceAccount, namespace, name);
    if (cached) return cached;
    try {
      // The cache may be a moment behind an account that was just made.
      const target = { resource: ServiceAccount, namespace, name, verb: "get" } as const;
      return (await loopback().call(target)) as ServiceAccount;
    } catch (error) {
      if (!hasReason(error, "NotFound")) throw error;
      throw refusal(
        admission,
        `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
      );
    }
  }

  return {
    name: "ServiceAccount",
    handles: (admission) => admission.operation === "CREATE" && isAbout(admission, Pod),
    async admit(admission) {
      const pod = admission.object as Pod;
      if (isMirror(pod)) return undefined;
      const name = pod.spec.serviceAccountName || DEFAULT_ACCOUNT;
      const account = await accountOf(admission, name);
      const named: PodSpec = { ...pod.spec, serviceAccountName: name, serviceAccount: name };
      const mounted = wantsToken(pod.spec, account) ? withToken(named, random) : named;
      return { ...pod, spec: withPullSecrets(mounted, account) } as Pod;
    },
    async validate(admission) {
      const pod = admission.object as Pod;
      if (isMirror(pod)) return refuseMirror(admission, pod.spec);
      const account = await accountOf(admission, pod.spec.serviceAccountName || DEFAULT_ACCOUNT);
      if (account.metadata.annotations?.[ENFORCE_SECRETS] === "true") {
        refuseOtherSecrets(admission, pod.spec, account);
      }
    },
  };
}

/** A mirror pod shows what a node runs on its own: it has no identity in the cluster. */
const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[MIRROR] !== undefined;

function refuseMirror(admission: Admission, spec: PodSpec): void {
  if (spec.serviceAccountName) throw refusal(admission, "a mirror pod may not reference service accounts");
  for (const _secret of secretsOf(spec)) {
    throw refusal(admission, "a mirror pod may not reference secrets");
  }
  for (const { projected } of spec.volumes ?? []) {
    if (projected?.sources.some(({ serviceAccountToken }) => serviceAccountToken)) {
      throw refusal(admission, "a mirror pod may not use ServiceAccountToken volume projections");
    }
  }
}

function refuseOtherSecrets(admission: Admission, spec: PodSpec, account: ServiceAccount): void {
  const mountable = new Set([
    ...(account.secrets ?? []).map(({ name }) => name),
    ...(account.imagePullSecrets ?? []).map(({ name }) => name),
  ]);
  for (const secret of secretsOf(spec)) {
    if (mountable.has(secret)) continue;
    throw refusal(
      admission,
      `secret ${JSON.stringify(secret)} is not referenced by service account ${account.metadata.name}`,
    );
  }
}

const wantsToken = (spec: PodSpec, account: ServiceAccount): boolean =>
  spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;

const withPullSecrets = (spec: PodSpec, { imagePullSecrets = [] }: ServiceAccount): PodSpec =>
  spec.imagePullSecrets?.length || imagePullSecrets.length === 0 ? spec : { ...spec, imagePullSecrets };

/** Mounts the token where nothing else is mounted in its place. */
function withToken(spec: PodSpec, random: Random): PodSpec {
  const { containers, initContainers, volumes = [] } = spec;
  const present = volumes.find((volume) => volume.name.startsWith(VOLUME_PREFIX))?.name;
  const everywhere = [...containers, ...(initContainers ?? [])];
  if (everywhere.every(hasMount)) return spec;
  const name = present ?? `${VOLUME_PREFIX}${nameSuffix(random, SUFFIX_LENGTH)}`;
  return {
    ...spec,
    volumes: present === undefined ? [...volumes, tokenVolume(name)] : volumes,
    containers: containers.map((container) => mounting(container, name)),
    ...(initContainers
      ? { initContainers: initContainers.map((container) => mounting(container, name)) }
      : {}),
  };
}

const hasMount = ({ volumeMounts = [] }: Container): boolean =>
  volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH);

function mounting(container: Container, name: string): Container {
  if (hasMount(container)) return container;
  const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
  return { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
        },
      },
    ],
    defaultMode: 0o644,
  },
});
