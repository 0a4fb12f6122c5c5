/** In the manner of a service mesh: either this or that, formats, and islands that nobody looks into. */
import {
  anything,
  choice,
  definition,
  type Definition,
  flag,
  int32,
  labels,
  list,
  map,
  object,
  type Properties,
  root,
  type Schema,
  text,
  version,
} from "./schema.ts";

/** At most one of these, as generators from protobuf say it. */
const atMostOne = (...names: readonly string[]): Schema => ({
  oneOf: [
    { not: { anyOf: names.map((name) => ({ required: [name] })) } },
    ...names.map((name) => ({ required: [name] })),
  ],
});

const textMatch = object(
  "How a text is compared.",
  { exact: text("All of it."), prefix: text("Its beginning."), regex: text("What it looks like.") },
  atMostOne("exact", "prefix", "regex"),
);

const tls = object("Encryption.", {
  mode: choice("How.", ["DISABLE", "SIMPLE", "MUTUAL"]),
  certificate: text("In base64.", { format: "byte" }),
  caCertificates: text("File of authorities."),
  subjectAltNames: list("Who may answer.", { type: "string" }),
  insecureSkipVerify: flag("Whether nobody is asked.", { nullable: true }),
});

/** Fields of every known format, by the name of the format. */
const FORMATS = [
  "bsonobjectid",
  "byte",
  "cidr",
  "creditcard",
  "date",
  "date-time",
  "datetime",
  "duration",
  "email",
  "hexcolor",
  "hostname",
  "ipv4",
  "ipv6",
  "isbn",
  "mac",
  "password",
  "rgbcolor",
  "ssn",
  "uri",
  "uuid",
  "uuid4",
];
const formats: Properties = Object.fromEntries(
  FORMATS.map((format) => [format.replace("-", "_"), text(`As ${format}.`, { format })]),
);

const traffic = object("How connections are held.", {
  connectionPool: object("Limits.", {
    tcp: object("Of connections.", {
      maxConnections: int32("The most."),
      connectTimeout: text("How long one may take.", {
        "x-kubernetes-validations": [
          { rule: "duration(self) >= duration('1ms')", message: "must be a valid duration greater than 1ms" },
        ],
      }),
    }),
  }),
  loadBalancer: object(
    "Who is asked.",
    {
      simple: choice("By a rule.", ["UNSPECIFIED", "RANDOM", "ROUND_ROBIN", "LEAST_REQUEST"]),
      consistentHash: object(
        "By a value.",
        {
          httpHeaderName: text("Of a header."),
          useSourceIp: flag("Of the address."),
          httpCookie: object(
            "Of a cookie.",
            { name: text("Its name."), ttl: text("How long it lives.", { format: "duration" }) },
            { required: ["name"] },
          ),
        },
        {
          allOf: [
            atMostOne("httpHeaderName", "useSourceIp"),
            {
              anyOf: [
                { required: ["httpHeaderName"] },
                { required: ["useSourceIp"] },
                { required: ["httpCookie"] },
              ],
            },
          ],
        },
      ),
    },
    atMostOne("simple", "consistentHash"),
  ),
  tls,
});

const schema = root("What is true of a service.", {
  spec: object(
    "What is wanted.",
    {
      host: text("Of whom it speaks."),
      exportTo: list("Who sees it.", { type: "string" }),
      trafficPolicy: traffic,
      portPolicies: map("By port.", traffic, { maxProperties: 3 }),
      subsets: list(
        "Parts of it.",
        object(
          "One.",
          { name: text("Its name."), labels: labels("Its labels."), trafficPolicy: traffic },
          { required: ["name"] },
        ),
        { nullable: true },
      ),
      match: map("By header.", textMatch),
      formats: object("Texts.", formats),
      mode: { type: "string", enum: ["on", "off"], nullable: true, description: "Whether at all." },
      gap: { type: "integer", not: { enum: [13] }, multipleOf: 1, description: "Any but one." },
      ratio: { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 1, description: "A share." },
      percent: { type: "number", multipleOf: 0.5, description: "In halves." },
      filter: object("Put in.", {
        name: text("Its name."),
        config: anything("As it is told.", {
          properties: { typed: text("Looked at."), level: int32("As well.") },
        }),
        raw: { description: "Whatever it is.", "x-kubernetes-preserve-unknown-fields": true },
      }),
    },
    { required: ["host"] },
  ),
  status: anything("As it is told."),
});

export const mesh: Definition = definition(
  {
    group: "mesh.example.com",
    kind: "DestinationRule",
    plural: "destinationrules",
    shortNames: ["dr"],
    categories: ["mesh"],
  },
  [
    version("v1", schema, { subresources: { status: {} } }),
    version("v1alpha3", schema, { subresources: { status: {} }, storage: false }),
    version("v1beta1", schema, { subresources: { status: {} }, storage: false }),
  ],
);
