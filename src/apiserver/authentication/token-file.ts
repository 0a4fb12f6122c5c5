/** Tokens that the operator has set, as comma-separated values: token, user, uid and, in quotes, groups. */
import { ConfigurationError } from "../configuration/configuration-file.ts";
import type { User } from "../contracts.ts";

/** By token. Lines that begin with `#` are passed over. Throws ConfigurationError. */
export function parseTokenFile(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [token = "", name = "", uid = "", groups = ""] = valuesOf(line);
    if (token === "" || name === "")
      throw new ConfigurationError(
        `line ${index + 1} of the token file needs a token, a user name and a uid`,
      );
    if (users.has(token)) throw new ConfigurationError(`line ${index + 1} of the token file repeats a token`);
    users.set(token, {
      name,
      groups: groups.split(",").filter((group) => group !== ""),
      ...(uid === "" ? {} : { uid }),
    });
  }
  return users;
}

const VALUE = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/y;

function valuesOf(line: string): readonly string[] {
  const values: string[] = [];
  VALUE.lastIndex = 0;
  while (VALUE.lastIndex < line.length) {
    const match = VALUE.exec(line);
    if (!match) break;
    values.push(match[1]?.replaceAll('""', '"') ?? match[2]?.trim() ?? "");
  }
  return values;
}
