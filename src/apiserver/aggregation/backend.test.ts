import assert from "node:assert/strict";
import { test } from "node:test";
import { Service } from "#api/core-v1/service";
import { EndpointSlice } from "#api/discovery-v1/endpointslice";
import { made } from "#api/test-kit";
import type { AnyObject } from "#machinery/schema";
import { MapReadCache } from "../map-read-cache.ts";
import { backendOf } from "./backend.ts";

const place = { namespace: "default", name: "fish", port: 443 };
const service = (spec: object) => made(Service, { metadata: { name: "fish" }, spec });
const slice = (name: string, change: object) =>
  made(EndpointSlice, {
    metadata: { name, labels: { "kubernetes.io/service-name": "fish" } },
    addressType: "IPv4",
    ports: [{ name: "https", port: 8443 }],
    endpoints: [],
    ...change,
  });

const PORTS = { ports: [{ name: "https", port: 443, targetPort: "tls" }] };
const ready = (address: string, is?: boolean) => ({
  addresses: [address],
  conditions: is === undefined ? {} : { ready: is },
});

test("who answers behind a service", () => {
  const cases: readonly (readonly [what: string, objects: readonly AnyObject[], wanted: object])[] = [
    [
      "no service",
      [],
      { type: "missing", reason: "ServiceNotFound", message: 'service/fish in "default" is not present' },
    ],
    [
      "another port",
      [service({ ports: [{ name: "https", port: 8443 }] })],
      {
        type: "missing",
        reason: "ServicePortError",
        message: 'service/fish in "default" is not listening on port 443',
      },
    ],
    [
      "no slices of its own",
      [
        service(PORTS),
        slice("a", { metadata: { name: "a", labels: { "kubernetes.io/service-name": "bird" } } }),
      ],
      {
        type: "missing",
        reason: "EndpointsNotFound",
        message: 'cannot find endpointslices for service/fish in "default"',
      },
    ],
    [
      "nobody who is ready at the port",
      [
        service(PORTS),
        slice("a", { endpoints: [ready("192.0.2.1", false)] }),
        slice("b", { ports: [{ name: "metrics", port: 9090 }], endpoints: [ready("192.0.2.2", true)] }),
      ],
      {
        type: "missing",
        reason: "MissingEndpoints",
        message: 'endpointslices for service/fish in "default" have no addresses with port name "https"',
      },
    ],
    [
      "all who are ready or do not say, of both families",
      [
        service(PORTS),
        slice("a", { endpoints: [ready("192.0.2.1", true), ready("192.0.2.2")] }),
        slice("b", {
          addressType: "IPv6",
          ports: [{ name: "https", port: 9443 }],
          endpoints: [ready("2001:db8::1", true)],
        }),
      ],
      {
        type: "found",
        addresses: [
          { host: "192.0.2.1", port: 8443 },
          { host: "192.0.2.2", port: 8443 },
          { host: "2001:db8::1", port: 9443 },
        ],
      },
    ],
    [
      "another name",
      [service({ type: "ExternalName", externalName: "fish.example.com" })],
      { type: "found", addresses: [{ host: "fish.example.com", port: 443 }] },
    ],
  ];
  for (const [what, objects, wanted] of cases) {
    const cache = new MapReadCache();
    cache.put(...objects);
    assert.deepEqual(backendOf(cache, place), wanted, what);
  }
});
