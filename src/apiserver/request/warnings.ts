/** `Warning` headers: what a client is told beside its answer. */

/** Characters of all warnings of an answer; whoever warns more is cut short. */
const TOTAL_MAX = 4096;
/** Characters of one warning, once there are too many of them. */
const SHORT_MAX = 256;

/** One header for each text. Texts that no header can hold are left out. */
export function warningHeaders(texts: readonly string[]): readonly string[] {
  const fitting = texts.filter(isFitting);
  const characters = fitting.map((text) => Array.from(text));
  const total = characters.reduce((sum, { length }) => sum + length, 0);
  if (total <= TOTAL_MAX) return fitting.map(headerOf);
  let written = 0;
  return characters.flatMap((text) => {
    if (written >= TOTAL_MAX) return [];
    const short = text.slice(0, SHORT_MAX);
    written += short.length;
    return headerOf(short.join(""));
  });
}

const isFitting = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  text !== "" && text.isWellFormed() && !/[\x00-\x1f\x7f]/.test(text);

/** Headers are bytes: UTF-8, one character each. */
const headerOf = (text: string): string =>
  `299 - "${Buffer.from(text.replace(/[\\"]/g, "\\$&")).toString("latin1")}"`;
