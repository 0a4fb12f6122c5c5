import type { User } from "../contracts.ts";

export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";

export const anonymous: User = { name: "system:anonymous", groups: [UNAUTHENTICATED] };

/** Everybody whose credentials were right is a member of this group. */
export const withAuthenticated = (user: User): User =>
  user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED)
    ? user
    : { ...user, groups: [...user.groups, AUTHENTICATED] };

const ACCOUNT_PREFIX = "system:serviceaccount:";

export interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

export const accountUserName = ({ namespace, name }: AccountName): string =>
  `${ACCOUNT_PREFIX}${namespace}:${name}`;

export const accountGroups = ({ namespace }: AccountName): readonly string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
];

/** The service account that a user name stands for. */
export function accountOfUser(user: string): AccountName | undefined {
  if (!user.startsWith(ACCOUNT_PREFIX)) return undefined;
  const parts = user.slice(ACCOUNT_PREFIX.length).split(":");
  return parts.length === 2 && parts[0] !== "" && parts[1] !== ""
    ? { namespace: parts[0]!, name: parts[1]! }
    : undefined;
}

/** Where users say by which credential they came. */
export const CREDENTIAL_ID = "authentication.kubernetes.io/credential-id";
