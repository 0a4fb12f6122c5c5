type Values = Readonly<Record<string, string>>;

interface WithStringData {
  readonly data?: Values;
  readonly stringData?: Values;
}

const BYTES_AT_ONCE = 8192;

/** Base64 of a text's UTF-8 bytes. */
function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let from = 0; from < bytes.length; from += BYTES_AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(from, from + BYTES_AT_ONCE));
  return btoa(binary);
}

/** `stringData` is for writing only: its texts become data. */
export function withStringData<S extends WithStringData>(secret: S): S {
  const { stringData, ...rest } = secret;
  if (!stringData) return secret;
  const added = Object.fromEntries(Object.entries(stringData).map(([key, text]) => [key, base64Of(text)]));
  return { ...rest, data: { ...secret.data, ...added } } as unknown as S;
}
