import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnyObject } from "#machinery/schema";
import type { Admission, Authorizer } from "../contracts.ts";
import { MapReadCache } from "../map-read-cache.ts";
import { checkAudience } from "./node-audience.ts";

const object = (
  kind: string,
  apiVersion: string,
  name: string,
  namespace: string | undefined,
  rest: object,
) =>
  ({
    apiVersion,
    kind,
    metadata: { name, uid: name, ...(namespace === undefined ? {} : { namespace }) },
    ...rest,
  }) as unknown as AnyObject;

function setUp() {
  const cache = new MapReadCache();
  cache.put(
    object("Pod", "v1", "p", "default", {
      spec: {
        volumes: [
          {
            name: "own",
            projected: { sources: [{ serviceAccountToken: { path: "t", audience: "vault" } }] },
          },
          { name: "inline", csi: { driver: "inline.csi" } },
          { name: "claimed", persistentVolumeClaim: { claimName: "c" } },
        ],
      },
    }),
    object("CSIDriver", "storage.k8s.io/v1", "inline.csi", undefined, {
      spec: { tokenRequests: [{ audience: "inline" }] },
    }),
    object("CSIDriver", "storage.k8s.io/v1", "claimed.csi", undefined, {
      spec: { tokenRequests: [{ audience: "claimed" }] },
    }),
    object("PersistentVolumeClaim", "v1", "c", "default", { spec: { volumeName: "v" } }),
    object("PersistentVolume", "v1", "v", undefined, { spec: { csi: { driver: "claimed.csi" } } }),
  );
  const authorizer: Authorizer = {
    authorize: (_user, { verb, resource, name, namespace }) => ({
      verdict:
        `${verb} ${resource} ${namespace}/${name}` ===
        "request-serviceaccounts-token-audience granted default/sa"
          ? "allow"
          : "no-opinion",
      reason: "",
    }),
  };
  return { cache, authorizer };
}

const TABLE: readonly (readonly [string, readonly string[], RegExp | undefined])[] = [
  ["one that a volume names", ["vault"], undefined],
  ["one that the driver of an inline volume names", ["inline"], undefined],
  ["one that the driver behind a claim names", ["claimed"], undefined],
  ["one that the node has the right to", ["granted"], undefined],
  ["one that nobody names", ["other"], /audience "other" not found in pod spec volume/],
  ["this server, which no volume names", [], /audience "" not found/],
  ["several", ["vault", "inline"], /node may only request 0 or 1 audiences/],
];

for (const [name, audiences, refused] of TABLE) {
  test(`a node asks for a token for ${name}`, async () => {
    const admission = {
      resource: { group: "", plural: "serviceaccounts" },
      namespace: "default",
      name: "sa",
      user: { name: "system:node:n1", groups: ["system:nodes"] },
      object: { spec: { audiences, boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "p" } } },
    } as unknown as Admission;
    const checked = checkAudience(admission, setUp());
    if (refused) await assert.rejects(checked, refused);
    else await checked;
  });
}
