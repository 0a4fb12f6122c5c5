import { GIT_VERSION } from "#apiserver/version";

/** `v1.35.0+k8ts1`: what `kubectl version` and nodes show. */
export const VERSION: string = GIT_VERSION;
