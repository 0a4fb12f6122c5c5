/** In the manner of a monitoring operator: whole pods written out, in several places. */
import {
  anything,
  choice,
  conditions,
  definition,
  type Definition,
  flag,
  int32,
  intOrText,
  keyedList,
  labels,
  list,
  object,
  quantity,
  root,
  type Schema,
  set,
  text,
  version,
} from "./schema.ts";

const relabelling = object("One change of labels.", {
  sourceLabels: list("Where values come from.", { type: "string", pattern: "^[a-zA-Z_][a-zA-Z0-9_]*$" }),
  separator: text("Between values."),
  targetLabel: text("Where they go."),
  regex: text("What matches."),
  modulus: { type: "integer", format: "int64", description: "Of the hash." },
  replacement: text("What is put."),
  action: choice(
    "What is done.",
    ["replace", "Replace", "keep", "Keep", "drop", "Drop", "hashmod", "HashMod", "labelmap", "LabelMap"],
    { default: "replace" },
  ),
});

const DURATION =
  "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$";

const scrape = object(
  "One thing that is asked.",
  {
    name: text("Its name.", { minLength: 1 }),
    port: intOrText("Where it listens."),
    scheme: choice("How it speaks.", ["http", "https"], { default: "http" }),
    path: text("What is asked."),
    interval: text("How often.", { pattern: DURATION, default: "30s" }),
    timeout: text("For how long.", { pattern: DURATION }),
    relabelings: list("Changes.", relabelling),
    sampleLimit: { type: "integer", format: "int64", minimum: 0, description: "The most it may say." },
    bearerTokenSecret: object(
      "Who asks.",
      {
        name: text("Of the secret.", { default: "" }),
        key: text("In it."),
        optional: flag("May be missing."),
      },
      { required: ["key"], "x-kubernetes-map-type": "atomic" },
    ),
  },
  { required: ["name", "port"] },
);

/** `pod`: the schema of a pod's spec. `claim`: that of a volume claim's. */
export function monitors(pod: Schema, claim: Schema): Definition {
  const template = (description: string): Schema =>
    object(description, {
      metadata: object("Of the pods.", { labels: labels("Labels."), annotations: labels("Annotations.") }),
      spec: pod,
    });
  const schema = root(
    "Servers that collect measurements.",
    {
      spec: object(
        "What is wanted.",
        {
          replicas: int32("Servers.", { default: 1, minimum: 0 }),
          shards: int32("Parts.", { default: 1, minimum: 1 }),
          retention: text("How long values are kept.", { pattern: DURATION, default: "15d" }),
          retentionSize: text("How much is kept.", {
            pattern: "(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$",
          }),
          maxUnavailable: intOrText("How many may be missing.", { default: "25%" }),
          memory: quantity("How much each may use."),
          scrapes: keyedList("What is asked.", ["name", "port", "scheme"], scrape, { maxItems: 100 }),
          externalLabels: labels("Put on everything."),
          features: set("Turned on besides.", { type: "string", minLength: 1 }),
          template: template("Of the servers."),
          sidecarTemplate: template("Of those beside them."),
          querierTemplate: template("Of those who ask them."),
          storage: object("Where values are.", {
            emptyDir: anything("Nowhere for long."),
            volumeClaimTemplate: object(
              "A claim for each server.",
              {
                apiVersion: text("Of the claim."),
                kind: text("Of the claim."),
                metadata: { type: "object" },
                spec: claim,
              },
              { "x-kubernetes-embedded-resource": true },
            ),
          }),
          extraObjects: list("Made beside the servers.", {
            type: "object",
            "x-kubernetes-embedded-resource": true,
            "x-kubernetes-preserve-unknown-fields": true,
          }),
        },
        { required: ["scrapes"] },
      ),
      status: object("What was observed.", {
        conditions,
        replicas: int32("Servers there are."),
        availableReplicas: int32("Servers that answer."),
        shardStatuses: keyedList(
          "Each part.",
          ["shardID"],
          object("One.", { shardID: text("Which."), replicas: int32("Servers.") }, { required: ["shardID"] }),
        ),
      }),
    },
    { required: ["spec"] },
  );
  const subresources = {
    status: {},
    scale: { specReplicasPath: ".spec.shards", statusReplicasPath: ".status.replicas" },
  };
  const additionalPrinterColumns = [
    { name: "Desired", type: "integer", jsonPath: ".spec.replicas" },
    { name: "Scrapes", type: "string", jsonPath: ".spec.scrapes[*].name" },
    { name: "Labels", type: "string", jsonPath: ".spec.externalLabels" },
    { name: "Available", type: "string", jsonPath: ".status.conditions[?(@.type == 'Available')].status" },
  ];
  const parts = { subresources, additionalPrinterColumns };
  return definition(
    { group: "monitoring.example.com", kind: "Monitor", plural: "monitors", shortNames: ["mon"] },
    [version("v1", schema, parts), version("v1beta1", schema, { ...parts, storage: false })],
  );
}
