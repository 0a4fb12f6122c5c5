/** What the client's classes say as plain values, without what is undefined: to be compared. */
export const plain = <T>(value: T): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));
