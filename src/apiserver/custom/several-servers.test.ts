import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { seededRandom } from "#base/random";
import { VirtualClock } from "#base/virtual-clock";
import { openMemoryStore } from "#store/memory/memory-store";
import { LOOPBACK_USER, startApiServer } from "../server.ts";

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const PLANETS = "/apis/sky.example.com/v1/planets";

const planets = (properties: object) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "planets.sky.example.com" },
  spec: {
    group: "sky.example.com",
    scope: "Cluster",
    names: { plural: "planets", kind: "Planet" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", default: {}, properties } },
          },
        },
      },
    ],
  },
});

const planet = (name: string) => ({ apiVersion: "sky.example.com/v1", kind: "Planet", metadata: { name } });

function world(t: TestContext) {
  const clock = new VirtualClock();
  const store = openMemoryStore({ clock });
  t.after(() => store.close());
  return async (seed: number) => {
    const server = await startApiServer({
      store,
      clock,
      random: seededRandom(seed),
      rooms: () => ({
        authenticator: { authenticate: () => Promise.resolve(LOOPBACK_USER) },
        authorizer: { authorize: () => ({ verdict: "allow", reason: "" }) },
        admission: [],
      }),
    });
    t.after(() => server.close());
    const transport = server.transport(LOOPBACK_USER);
    return async (method: string, path: string, body?: object) => {
      const headers = { "content-type": "application/json" };
      const sent = body && Buffer.from(JSON.stringify(body));
      const answer = await transport.raw({ method, path, headers, ...(sent ? { body: sent } : {}) });
      const text = Buffer.concat(await Array.fromAsync(answer.body)).toString();
      return {
        status: answer.status,
        text,
        object: () => JSON.parse(text) as { spec: object; items: unknown[] },
      };
    };
  };
}

async function until<T>(read: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (let turn = 0; ; turn++) {
    const value = await read();
    if (wanted(value) || turn === 2000) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("every server serves what one was told, and so does one that comes later", async (t) => {
  const serve = world(t);
  const [one, other] = [await serve(1), await serve(2)];
  await one("POST", DEFINITIONS, planets({ rings: { type: "integer", default: 0 } }));
  assert.equal(
    (
      await until(
        () => other("GET", PLANETS),
        ({ status }) => status === 200,
      )
    ).status,
    200,
  );
  await until(
    () => one("GET", PLANETS),
    ({ status }) => status === 200,
  );
  assert.equal((await other("POST", PLANETS, planet("saturn"))).status, 201);
  assert.deepEqual((await one("GET", `${PLANETS}/saturn`)).object().spec, { rings: 0 });

  const definition = JSON.parse((await one("GET", `${DEFINITIONS}/planets.sky.example.com`)).text);
  const { spec } = planets({
    rings: { type: "integer", default: 0 },
    moons: { type: "integer", default: 9 },
  });
  const changed = await other("PUT", `${DEFINITIONS}/planets.sky.example.com`, {
    ...definition,
    spec: { ...definition.spec, versions: spec.versions },
  });
  assert.equal(changed.status, 200, changed.text);
  const wanted = { moons: 9, rings: 0 };
  const seen = await until(
    async () => (await one("GET", `${PLANETS}/saturn`)).object().spec,
    (now) => "moons" in now,
  );
  assert.deepEqual(seen, wanted);

  const late = await serve(3);
  assert.deepEqual((await late("GET", `${PLANETS}/saturn`)).object().spec, wanted);
  assert.equal((await late("GET", PLANETS)).object().items.length, 1);
  await late("DELETE", `${DEFINITIONS}/planets.sky.example.com`);
  for (const ask of [one, other, late]) {
    assert.equal(
      (
        await until(
          () => ask("GET", PLANETS),
          ({ status }) => status === 404,
        )
      ).status,
      404,
    );
  }
});
