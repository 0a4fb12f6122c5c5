import { parseJson } from "#machinery/json";
import type { AnyObject } from "#machinery/schema";
import { errorOf, listPageOf, watchEventOf } from "./answers.ts";
import { lines } from "./lines.ts";
import { pathOf } from "./paths.ts";
import type { CallOptions, ListScope, RawRequest, Transport, Watch } from "./transport.ts";
import { accepts, wireOf, withQuery } from "./wire.ts";

/** Calls about objects by means of requests for any path: for kinds that a transport does not know by itself. */
export function rawCalls(raw: Transport["raw"]): Pick<Transport, "call" | "list" | "watch"> {
  const textOf = async (request: RawRequest, options: CallOptions): Promise<string> => {
    const { status, body } = await raw(request, options);
    const text = await textOfBody(body);
    if (status >= 400) throw errorOf(status, text);
    return text;
  };
  return {
    async call(call, options = {}) {
      const { method, headers, body } = wireOf(call);
      const path = withQuery(pathOf(call), call.query);
      const bytes = body === undefined ? {} : { body: new TextEncoder().encode(body) };
      const text = await textOf({ method, path, headers, ...bytes }, options);
      return text === "" ? undefined : parseJson(text);
    },
    async list(scope, options = {}) {
      return listPageOf(scope.resource, await textOf(readOf(scope, "List"), options));
    },
    async *watch(watch, options) {
      const { status, body } = await raw(watchOf(watch), options);
      if (status !== 200) throw errorOf(status, await textOfBody(body));
      for await (const line of lines(body)) if (line !== "") yield watchEventOf(line);
    },
  };
}

function readOf<T extends AnyObject>(scope: ListScope<T>, suffix: string): RawRequest {
  const path = withQuery(pathOf(scope), scope.query);
  return { method: "GET", path, headers: accepts(scope, suffix) };
}

function watchOf<T extends AnyObject>(watch: Watch<T>): RawRequest {
  const query = {
    ...watch.query,
    watch: "true",
    allowWatchBookmarks: "true",
    ...(watch.resourceVersion === "" ? {} : { resourceVersion: watch.resourceVersion }),
    ...(watch.initialEvents ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" } : {}),
  };
  return readOf({ ...watch, query }, "");
}

/** All of an answer, as text. */
export async function textOfBody(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}
