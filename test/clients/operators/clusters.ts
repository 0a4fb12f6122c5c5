/** In the manner of a database operator: scaled, defaulted in its depths, and some of it never changes. */
import {
  choice,
  conditions,
  definition,
  type Definition,
  flag,
  int32,
  int64,
  keyedList,
  labels,
  object,
  type Properties,
  quantity,
  root,
  rule,
  rules,
  type Schema,
  text,
  version,
} from "./schema.ts";

const immutable = (what: string): Schema => rules(rule("self == oldSelf", `${what} is immutable`));

const volume = object(
  "Where data is.",
  {
    size: quantity("How much room."),
    storageClass: text("Of which class.", { maxLength: 253, ...immutable("storageClass") }),
    resizeInUseVolumes: flag("Whether it grows while it is used.", { default: true }),
  },
  { required: ["size"] },
);

const member = object(
  "One kind of member.",
  {
    name: text("Its name.", { maxLength: 63, pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$" }),
    count: int32("How many.", { default: 1, minimum: 0, maximum: 15 }),
    volume,
    probes: object(
      "How it is watched.",
      {
        period: int32("Seconds between two.", { default: 10, minimum: 1 }),
        thresholds: object(
          "When it counts.",
          { up: int32("This often.", { default: 1 }), down: int32("This often.", { default: 3 }) },
          { default: {} },
        ),
      },
      { default: {} },
    ),
    ports: keyedList(
      "Where it listens.",
      ["port", "protocol"],
      object(
        "One.",
        {
          port: int32("Its number.", { minimum: 1, maximum: 65535 }),
          protocol: choice("How.", ["TCP", "UDP"], { default: "TCP" }),
          name: text("Its name.", { default: "db" }),
        },
        { required: ["port"] },
      ),
      { default: [{ port: 5432, protocol: "TCP", name: "db" }], maxItems: 10 },
    ),
  },
  { required: ["name"] },
);

const spec = (more: Properties): Schema =>
  object(
    "What is wanted.",
    {
      instances: int32("Servers.", { default: 3, minimum: 1, maximum: 9 }),
      engine: choice("Which one.", ["postgres", "mysql"], immutable("engine")),
      engineVersion: text("Its version.", { pattern: "^[0-9]+(\\.[0-9]+)*$", maxLength: 20 }),
      region: text("Where it is.", { default: "home", maxLength: 32 }),
      encrypted: flag("Whether data is unreadable.", { default: false }),
      shards: int32("Parts of the data.", { default: 1 }),
      volume,
      members: keyedList("Its members.", ["name"], member, { maxItems: 20 }),
      parameters: labels("Settings."),
      maxBytes: int64("The most it may hold."),
      ...more,
    },
    {
      required: ["engine", "volume"],
      ...rules(
        rule(
          "!has(self.volume) || !has(oldSelf.volume) || quantity(string(self.volume.size)).compareTo(quantity(string(oldSelf.volume.size))) >= 0",
          "volumes do not shrink",
        ),
        {
          rule: "self.engine != 'mysql' || self.instances % 2 == 1",
          messageExpression: "'an odd number of instances is wanted in ' + self.region",
          fieldPath: ".instances",
          reason: "FieldValueInvalid",
        },
      ),
    },
  );

const status = object("What was observed.", {
  instances: int32("Servers there are."),
  readyInstances: int32("Servers that answer."),
  selector: text("Labels of the servers."),
  phase: text("In one word."),
  conditions,
});

const parts = {
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.instances",
      statusReplicasPath: ".status.instances",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: [
    { name: "Engine", type: "string", jsonPath: ".spec.engine" },
    { name: "Instances", type: "integer", jsonPath: ".status.instances", description: "Servers there are." },
    { name: "Encrypted", type: "boolean", jsonPath: ".spec.encrypted" },
    { name: "Max", type: "integer", format: "int64", jsonPath: ".spec.maxBytes", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
  selectableFields: [".spec.engine", ".spec.encrypted", ".spec.shards", ".spec.region"].map((jsonPath) => ({
    jsonPath,
  })),
};
const describe = (more: Properties): Schema =>
  root("A database and its servers.", { spec: spec(more), status }, { required: ["spec"] });

export const oldVersion = version("v1alpha1", describe({ nodeCount: int32("Unused.") }), {
  ...parts,
  storage: false,
  deprecated: true,
  deprecationWarning: "databases.example.com/v1alpha1 Cluster is as good as gone",
});
export const newVersion = version("v1", describe({}), parts);

export const clustersWith = (...versions: readonly (typeof newVersion)[]): Definition =>
  definition(
    {
      group: "databases.example.com",
      kind: "Cluster",
      plural: "clusters",
      shortNames: ["dbc"],
      categories: ["all"],
    },
    versions,
  );
