import { list, listOf, map, type Of, string, struct } from "#machinery/schema";

export const UserInfo = struct("authentication.v1.UserInfo", {
  username: string(1),
  uid: string(2).doc("The object's uid."),
  groups: list(3, string).atomic(),
  extra: map(4, listOf(string)),
});
export interface UserInfo extends Of<typeof UserInfo> {}
