import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EncryptionConfigurationError,
  type ResourceConfiguration,
  parseEncryptionConfiguration,
} from "./configuration.ts";

const HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n";
const KEY = "{name: key1, secret: c2VjcmV0IGlzIHNlY3VyZQ==}";
const IDENTITY = "providers: [{identity: {}}]";
const kms = (fields: string) =>
  `resources: [{resources: [secrets], providers: [{kms: {apiVersion: v2, name: a, endpoint: "unix:///run/k.sock", ${fields}}}]}]`;

test("a file names kinds and providers in their order", () => {
  const { resources } = parseEncryptionConfiguration(`${HEAD}
resources:
- resources: [secrets, "deployments.apps", "crontabs.stable.example.com"]
  providers:
  - aescbc: {keys: [${KEY}, {name: key2, secret: dGhpcyBpcyBwYXNzd29yZA==}]}
  - kms: {apiVersion: v2, name: vault, endpoint: "unix:///run/kms.sock", timeout: 5s}
  - kms: {apiVersion: v2, name: other, endpoint: "unix:///run/kms.sock"}
  - identity: {}
- resources: ["*.*"]
  ${IDENTITY}
`);
  const expected: readonly ResourceConfiguration[] = [
    {
      resources: ["secrets", "deployments.apps", "crontabs.stable.example.com"],
      providers: [
        {
          type: "aescbc",
          keys: [
            { name: "key1", secret: Buffer.from("secret is secure") },
            { name: "key2", secret: Buffer.from("this is password") },
          ],
        },
        { type: "kms", name: "vault", endpoint: "unix:///run/kms.sock", timeoutMs: 5000 },
        { type: "kms", name: "other", endpoint: "unix:///run/kms.sock", timeoutMs: 3000 },
        { type: "identity" },
      ],
    },
    { resources: ["*.*"], providers: [{ type: "identity" }] },
  ];
  assert.deepEqual(resources, expected);
});

const refused: readonly [string, string][] = [
  ["", "resources: Required value: at least one resources is required"],
  [
    `resources: [{resources: [], ${IDENTITY}}]`,
    "resources[0].resources: Required value: at least one resources[0].resources is required",
  ],
  [
    "resources: [{resources: [secrets]}]",
    "resources[0].providers: Required value: at least one resources[0].providers is required",
  ],
  [
    "resources: [{resources: [secrets], providers: [{}]}]",
    "resources[0].providers[0]: Invalid value: []: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity",
  ],
  [
    `resources: [{resources: [secrets], providers: [{identity: {}, aesgcm: {keys: [${KEY}]}}]}]`,
    'resources[0].providers[0]: Invalid value: ["aesgcm","identity"]: more than one provider specified in a single element, should split into different list elements',
  ],
  [
    "resources: [{resources: [secrets], providers: [{aescbc: {keys: []}}]}]",
    "resources[0].providers[0].aescbc.keys: Required value: at least one keys is required",
  ],
  [
    "resources: [{resources: [secrets], providers: [{aescbc: {keys: [{}]}}]}]",
    "[resources[0].providers[0].aescbc.keys[0].name: Required value: name is a mandatory field for a key, resources[0].providers[0].aescbc.keys[0].secret: Required value: secret is a mandatory field for a key]",
  ],
  [
    "resources: [{resources: [secrets], providers: [{secretbox: {keys: [{name: a, secret: c2hvcnQ=}]}}]}]",
    'resources[0].providers[0].secretbox.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 5, expected one of [32]',
  ],
  [
    "resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: a, secret: no base64!}]}}]}]",
    'resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded',
  ],
  [
    `resources: [{resources: ["*"], ${IDENTITY}}]`,
    `resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
  ],
  [
    `resources: [{resources: [Secrets], ${IDENTITY}}]`,
    'resources[0].resources[0]: Invalid value: "Secrets": resource name should not contain capital letters',
  ],
  [
    `resources: [{resources: [events.events.k8s.io], ${IDENTITY}}]`,
    `resources[0].resources[0]: Invalid value: "events.events.k8s.io": '*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file`,
  ],
  [
    `resources: [{resources: ["pods.*"], ${IDENTITY}}]`,
    'resources[0].resources[0]: Invalid value: "pods.*": encrypting the same resource across groups is not supported',
  ],
  [
    `resources: [{resources: [serviceipallocations], ${IDENTITY}}]`,
    'resources[0].resources[0]: Invalid value: "serviceipallocations": resources which do not have REST API/s cannot be encrypted',
  ],
  [
    `resources: [{resources: [secrets, secrets], ${IDENTITY}}]`,
    'resources[0].resources: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times',
  ],
  [
    `resources: [{resources: [secrets, "*."], ${IDENTITY}}]`,
    `resources[0].resources: Invalid value: ["secrets","*."]: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
  ],
  [
    kms("timeout: 0s"),
    'resources[0].providers[0].kms.timeout: Invalid value: "0s": timeout should be a positive value',
  ],
  [
    kms("cachesize: 10"),
    "resources[0].providers[0].kms.cachesize: Invalid value: 10: cachesize is not supported in v2",
  ],
  [
    "resources: [{resources: [secrets], providers: [{kms: {apiVersion: v2, name: 'a:b', endpoint: 'tcp://x'}}]}]",
    `[resources[0].providers[0].kms.name: Invalid value: "a:b": invalid KMS provider name a:b, must not contain ':', resources[0].providers[0].kms.endpoint: Invalid value: "tcp://x": unsupported scheme "tcp" for KMS provider, only unix is supported]`,
  ],
  [
    "resources: [{resources: [secrets], providers: [{kms: {apiVersion: v3, name: a, endpoint: 'unix:///x'}}]}]",
    'resources[0].providers[0].kms.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported',
  ],
  [
    "resources: [{resources: [secrets], provider: []}]",
    'strict decoding error: unknown field "resources[0].provider"',
  ],
];

for (const [text, message] of refused) {
  test(`refused: ${message.slice(0, 90)}`, () => {
    assert.throws(() => parseEncryptionConfiguration(HEAD + text), {
      name: "EncryptionConfigurationError",
      message,
    });
  });
}

test("what is no such file, or wants KMS v1, is refused", () => {
  const cases: readonly [string, RegExp][] = [
    ["kind: Policy", /unknown field|no EncryptionConfiguration/],
    ["a: [", /no YAML/],
    ["[]", /must be an object/],
    [
      `${HEAD}resources: [{resources: [secrets], providers: [{kms: {name: a, endpoint: "unix:///x"}}]}]`,
      /KMSv1 is deprecated/,
    ],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseEncryptionConfiguration(text),
      (error: unknown) => error instanceof EncryptionConfigurationError && message.test(error.message),
      text,
    );
  }
});
