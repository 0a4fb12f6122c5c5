const NEWLINE = 0x0a;

/**
 * Splits a stream of bytes into lines, each as text without its end. A line that comes in many chunks is put
 * together once, when it is complete. A last line without an end is given too.
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  { bytesMax = Infinity }: { readonly bytesMax?: number } = {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const take = (last: Uint8Array): string => {
    if (held.length === 0) return decoder.decode(last);
    const line = concat([...held, last], heldBytes + last.length);
    held = [];
    heldBytes = 0;
    return decoder.decode(line);
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    held.push(chunk.subarray(start));
    heldBytes += chunk.length - start;
    if (heldBytes > bytesMax) throw new RangeError(`a line is longer than ${bytesMax} bytes`);
  }
  if (heldBytes > 0) yield take(new Uint8Array(0));
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
