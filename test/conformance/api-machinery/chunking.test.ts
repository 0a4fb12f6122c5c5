import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { CoreV1Api, type V1PodTemplateList, type V1Status } from "@kubernetes/client-node";
import { conformance, type ConformanceContext } from "../suite.ts";

const COUNT = 40;
const PAGE = 17;

/** Makes the objects that are listed; gives their names in the order of a list. */
async function makeTemplates({ api, namespace }: ConformanceContext): Promise<string[]> {
  const names = Array.from({ length: COUNT }, (_each, at) => `template-${String(at).padStart(4, "0")}`);
  await Promise.all(
    names.map((name) =>
      api(CoreV1Api).createNamespacedPodTemplate({
        namespace,
        body: {
          metadata: { name },
          template: { spec: { containers: [{ name: "test", image: "test2" }] } },
        },
      }),
    ),
  );
  return names;
}

const namesOf = ({ items }: V1PodTemplateList) => items.map(({ metadata }) => metadata!.name!);

conformance(
  "[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]",
  async (context) => {
    const { api, namespace } = context;
    const names = await makeTemplates(context);
    const seen: string[] = [];
    let token: string | undefined;
    let version: string | undefined;
    do {
      const page = await api(CoreV1Api).listNamespacedPodTemplate({
        namespace,
        limit: PAGE,
        _continue: token,
      });
      const { resourceVersion, _continue, remainingItemCount } = page.metadata!;
      // All pages are of one moment.
      version ??= resourceVersion;
      assert.equal(resourceVersion, version);
      seen.push(...namesOf(page));
      token = _continue === "" ? undefined : _continue;
      assert.equal(page.items.length, token === undefined ? COUNT % PAGE : PAGE);
      assert.equal(remainingItemCount ?? 0, COUNT - seen.length);
    } while (token !== undefined);
    assert.deepEqual(seen, names);

    const whole = await api(CoreV1Api).listNamespacedPodTemplate({ namespace, limit: COUNT + 1 });
    assert.deepEqual([namesOf(whole), whole.metadata!._continue ?? ""], [names, ""]);

    // A changed object is listed as it was when the list began.
    const first = await api(CoreV1Api).listNamespacedPodTemplate({ namespace, limit: PAGE });
    await api(CoreV1Api).deleteNamespacedPodTemplate({ namespace, name: names.at(-1)! });
    const rest = await api(CoreV1Api).listNamespacedPodTemplate({
      namespace,
      limit: COUNT,
      _continue: first.metadata!._continue,
    });
    assert.deepEqual([...namesOf(first), ...namesOf(rest)], names);
  },
);

/** Between two tries whether history is forgotten, for which there is no event. */
const LOOK_AGAIN_MS = 1000;

conformance(
  "[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]",
  async (context) => {
    const { api, namespace, raw, signal } = context;
    const names = await makeTemplates(context);
    const first = await api(CoreV1Api).listNamespacedPodTemplate({ namespace, limit: PAGE });
    assert.deepEqual(namesOf(first), names.slice(0, PAGE));
    const token = first.metadata!._continue!;
    const path = (continued: string) =>
      `/api/v1/namespaces/${namespace}/podtemplates?limit=${PAGE}&continue=${encodeURIComponent(continued)}`;
    // It will be in the rest of the list if that is of a later moment, and the other will not.
    const later = `${names[PAGE]}-later`;
    const template = { spec: { containers: [{ name: "test", image: "test2" }] } };
    await api(CoreV1Api).createNamespacedPodTemplate({
      namespace,
      body: { metadata: { name: later }, template },
    });
    await api(CoreV1Api).deleteNamespacedPodTemplate({ namespace, name: names.at(-1)! });

    let expired = await raw("GET", path(token));
    while (expired.code === 200) {
      await pause(LOOK_AGAIN_MS, undefined, { signal });
      expired = await raw("GET", path(token));
    }
    assert.equal(expired.code, 410, expired.body);
    const { reason, metadata } = expired.json<V1Status & { metadata: { continue?: string } }>();
    assert.equal(reason, "Expired");
    assert.ok(metadata.continue, "it offers to go on inconsistently");

    const rest: string[] = [];
    for (let next: string | undefined = metadata.continue; next !== undefined;) {
      const page: V1PodTemplateList = await api(CoreV1Api).listNamespacedPodTemplate({
        namespace,
        limit: PAGE,
        _continue: next,
      });
      assert.notEqual(page.metadata!.resourceVersion, first.metadata!.resourceVersion);
      rest.push(...namesOf(page));
      next = page.metadata!._continue === "" ? undefined : page.metadata!._continue;
    }
    assert.deepEqual(rest, [names[PAGE], later, ...names.slice(PAGE + 1, -1)]);
  },
);
