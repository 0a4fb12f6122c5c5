/** Names of people in headers are UTF-8, as everywhere; Node shows and takes every byte of a header as one character. */

/** A text as the value of a header. */
export const headerValue = (text: string): string =>
  isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of a value; what is no UTF-8 stays as it is. */
export function headerText(value: string): string {
  if (isAscii(value) || !isBytes(value)) return value;
  try {
    return decoder.decode(Buffer.from(value, "latin1"));
  } catch {
    return value;
  }
}

// oxlint-disable-next-line no-control-regex -- all of ASCII
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
// oxlint-disable-next-line no-control-regex -- every byte
const isBytes = (text: string): boolean => /^[\x00-\xff]*$/.test(text);
