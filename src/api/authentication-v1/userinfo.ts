import { list, listOf, map, type Of, string, struct } from "#machinery/schema";

export const UserInfo = struct("authentication.v1.UserInfo", {
  username: string(1).doc("Name of the user."),
  uid: string(2).doc("The object's uid."),
  groups: list(3, string).atomic().doc("Groups of the user."),
  extra: map(4, listOf(string)).doc("What else the authenticator knows of the user."),
});
export interface UserInfo extends Of<typeof UserInfo> {}
