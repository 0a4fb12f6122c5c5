import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Pod } from "#api/core-v1/pod";
import { VirtualClock } from "#base/virtual-clock";
import type { ContainerRuntime } from "../cri/client.ts";
import type { Container } from "../pod/spec.ts";
import { ImagePuller } from "./image-puller.ts";

const pod = { metadata: { uid: "u" } } as unknown as Pod;
const { signal } = new AbortController();

/** A node whose registry answers as told, and what it was asked. */
function node({ present = false, registry = () => Promise.resolve("ref") } = {}) {
  const asked: string[] = [];
  const image = { id: "sha256:1", repoTags: [], repoDigests: [], size: 7 };
  const runtime = {
    imageStatus: (name: string) => {
      asked.push(`look ${name}`);
      return Promise.resolve(present || name === "ref" ? image : undefined);
    },
    pullImage: (name: string) => {
      asked.push(`pull ${name}`);
      return registry();
    },
  } as unknown as ContainerRuntime;
  const clock = new VirtualClock();
  const puller = new ImagePuller(runtime, clock);
  const events: string[] = [];
  const observer = { event: (_type: string, reason: string) => void events.push(reason) };
  const ensure = async (name: string, imagePullPolicy?: string) => {
    const container = { name: "a", image: name, imagePullPolicy } as unknown as Container;
    try {
      return (await puller.ensure(pod, container, () => Promise.resolve([]), observer, { signal })).id;
    } catch (error) {
      return (error as { reason: string }).reason;
    }
  };
  return { ensure, asked, events, clock };
}

suite("an image for a container", () => {
  test("is not pulled when it is there", async () => {
    const { ensure, asked, events } = node({ present: true });
    assert.equal(await ensure("app:1", "IfNotPresent"), "sha256:1");
    assert.deepEqual([asked, events], [["look docker.io/library/app:1"], ["Pulled"]]);
  });

  test("is pulled when it is not", async () => {
    const { ensure, asked, events } = node();
    assert.equal(await ensure("app:1", "IfNotPresent"), "sha256:1");
    assert.deepEqual(asked, ["look docker.io/library/app:1", "pull docker.io/library/app:1", "look ref"]);
    assert.deepEqual(events, ["Pulling", "Pulled"]);
  });

  test("is pulled always, where that is asked", async () => {
    const { ensure, asked } = node({ present: true });
    await ensure("app:1", "Always");
    assert.deepEqual(asked, ["pull docker.io/library/app:1", "look ref"]);
  });

  test("is never pulled, where that is asked", async () => {
    assert.equal(await node().ensure("app:1", "Never"), "ErrImageNeverPull");
  });

  test("must have a name", async () => {
    assert.equal(await node().ensure("No Name"), "InvalidImageName");
  });

  test("is not asked for again too soon, and later and later", async () => {
    const { ensure, asked, clock } = node({ registry: () => Promise.reject(new Error("no route")) });
    const pulls = () => asked.filter((text) => text.startsWith("pull")).length;
    assert.equal(await ensure("app:1"), "ErrImagePull");
    assert.equal(await ensure("app:1"), "ImagePullBackOff");
    await clock.advance(10_000);
    assert.equal(await ensure("app:1"), "ErrImagePull");
    await clock.advance(10_000);
    assert.equal(await ensure("app:1"), "ImagePullBackOff");
    await clock.advance(10_000);
    assert.equal(await ensure("app:1"), "ErrImagePull");
    assert.equal(pulls(), 3);
  });
});
