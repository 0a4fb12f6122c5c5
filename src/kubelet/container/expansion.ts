/**
 * Replaces `$(NAME)` by the value that `lookup` gives. `$$` stands for one `$`, and a reference to what is not
 * there stays as it is.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes("$")) return text;
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const next = text[at + 1];
    if (text[at] !== "$" || at + 1 === text.length) {
      result += text[at];
    } else if (next === "$") {
      result += "$";
      at++;
    } else if (next === "(") {
      const end = text.indexOf(")", at + 2);
      if (end < 0) return `${result}$(${text.slice(at + 2)}`;
      const name = text.slice(at + 2, end);
      result += lookup(name) ?? `$(${name})`;
      at = end;
    } else {
      result += `$${next}`;
      at++;
    }
  }
  return result;
}
