/** A token of this authenticator's that is not right. The message is for reviews and logs; callers only hear Unauthorized. */
export class BadToken extends Error {
  override readonly name = "BadToken";
}
