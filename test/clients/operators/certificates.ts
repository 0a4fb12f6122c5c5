/** In the manner of a certificate manager: three versions that a webhook turns into one another. */
import {
  choice,
  conditions,
  definition,
  type Definition,
  flag,
  int32,
  keyedList,
  labels,
  list,
  object,
  type Properties,
  root,
  type Schema,
  set,
  text,
  texts,
  version,
} from "./schema.ts";

const GROUP = "certs.example.com";

const reference = object(
  "Who signs.",
  {
    name: text("Its name."),
    kind: text("Its kind.", { default: "Issuer" }),
    group: text("Its group.", { default: GROUP }),
  },
  { required: ["name"] },
);

const keyReference = (description: string): Schema =>
  object(description, { name: text("Name of the secret."), key: text("Key in it.") }, { required: ["name"] });

const USAGES = [
  "signing",
  "digital signature",
  "content commitment",
  "key encipherment",
  "key agreement",
  "data encipherment",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
  "any",
  "server auth",
  "client auth",
  "code signing",
  "email protection",
  "s/mime",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "timestamping",
  "ocsp signing",
  "microsoft sgc",
  "netscape sgc",
];

const subject = object("Whose it is.", {
  organizations: texts("Organizations."),
  countries: texts("Countries."),
  organizationalUnits: texts("Units."),
  localities: texts("Places."),
  provinces: texts("Provinces."),
  streetAddresses: texts("Streets."),
  postalCodes: texts("Codes."),
  serialNumber: text("A number."),
});

const keystore = (description: string, more: Properties = {}): Schema =>
  object(
    description,
    { create: flag("Whether it is made."), passwordSecretRef: keyReference("Its password."), ...more },
    { required: ["create", "passwordSecretRef"] },
  );

const common: Properties = {
  secretName: text("Where the certificate is put."),
  commonName: text("Its name.", { maxLength: 64 }),
  dnsNames: texts("Hosts."),
  duration: text("How long it holds."),
  renewBefore: text("When it is renewed."),
  isCA: flag("Whether it signs others."),
  subject,
  issuerRef: reference,
  revisionHistoryLimit: int32("How many requests are kept.", { minimum: 1 }),
  keystores: object("Other forms.", {
    jks: keystore("For Java.", { alias: text("Name in it.", { maxLength: 250, default: "certificate" }) }),
    pkcs12: keystore("For others.", {
      profile: choice("How it is encrypted.", ["LegacyRC2", "LegacyDES", "Modern2023"]),
    }),
  }),
  secretTemplate: object("Of the secret.", {
    labels: labels("Labels."),
    annotations: labels("Annotations."),
  }),
};

/** As v1 has it: one place for all that is about the key. */
const privateKey = object("Its key.", {
  algorithm: choice("How it is made.", ["RSA", "ECDSA", "Ed25519"], { default: "RSA" }),
  size: int32("Its bits.", { maximum: 8192, minimum: 256, default: 2048 }),
  encoding: choice("How it is written.", ["PKCS1", "PKCS8"]),
  rotationPolicy: choice("When it changes.", ["Never", "Always"], { default: "Always" }),
});

/** As older versions had it: beside everything else. */
const flatKey: Properties = {
  keyAlgorithm: choice("How the key is made.", ["rsa", "ecdsa"]),
  keySize: int32("Its bits."),
  keyEncoding: choice("How it is written.", ["pkcs1", "pkcs8"]),
};

const status = object(
  "What was observed.",
  {
    conditions,
    notAfter: text("Until when it holds.", { format: "date-time" }),
    notBefore: text("Since when it holds.", { format: "date-time" }),
    renewalTime: text("When it is renewed.", { format: "date-time" }),
    revision: int32("Which one it is."),
    nextPrivateKeySecretName: text("The key to come."),
    failedIssuanceAttempts: int32("How often it went wrong."),
    lastFailureTime: text("When it last went wrong.", { format: "date-time", nullable: true }),
  },
  { default: {} },
);

const columns = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type == "Ready")].status' },
  { name: "Secret", type: "string", jsonPath: ".spec.secretName" },
  { name: "Issuer", type: "string", priority: 1, jsonPath: ".spec.issuerRef.name" },
  { name: "Expires", type: "date", priority: 1, jsonPath: ".status.notAfter" },
  {
    name: "Age",
    type: "date",
    jsonPath: ".metadata.creationTimestamp",
    description: "When it was made.",
  },
];
const subresources = { status: {} };

const newSchema = root(
  "A certificate that is kept fresh in a secret.",
  {
    spec: object(
      "What is wanted.",
      {
        ...common,
        privateKey,
        usages: set("What it may be used for.", choice("A use.", USAGES)),
        emailAddresses: texts("Addresses of people."),
        ipAddresses: list("Addresses of machines.", { type: "string", format: "ip" }),
        uris: list("Names of services.", { type: "string", format: "uri" }),
        otherNames: list("Others.", object("One.", { oid: text("Of what."), utf8Value: text("Its value.") })),
        additionalOutputFormats: keyedList(
          "In which forms besides.",
          ["type"],
          object("One.", { type: choice("Which.", ["DER", "CombinedPEM"]) }, { required: ["type"] }),
        ),
      },
      { required: ["issuerRef", "secretName"] },
    ),
    status,
  },
  { required: ["spec"] },
);

const oldSchema = (addresses: Properties): Schema =>
  root("A certificate, as it was described before.", {
    spec: object(
      "What is wanted.",
      { ...common, ...flatKey, ...addresses },
      { required: ["issuerRef", "secretName"] },
    ),
    status,
  });

const older = { storage: false, subresources, additionalPrinterColumns: columns };

/** `webhook`: where versions are turned into one another. `stored`: the version that is stored. */
export function certificates(
  { url, caBundle }: { url: string; caBundle: string },
  stored: "v1alpha2" | "v1",
): Definition {
  const versions = [
    version("v1alpha2", oldSchema({ emailSANs: texts("Addresses of people."), uriSANs: texts("Names.") }), {
      ...older,
      deprecated: true,
    }),
    version("v1beta1", oldSchema({ emailSANs: texts("Addresses of people.") }), {
      ...older,
      deprecated: true,
      deprecationWarning: "certs.example.com/v1beta1 Certificate goes away; say certs.example.com/v1",
    }),
    version("v1", newSchema, { subresources, additionalPrinterColumns: columns }),
  ].map((one) => ({ ...one, storage: one.name === stored }));
  return definition(
    {
      group: GROUP,
      kind: "Certificate",
      plural: "certificates",
      shortNames: ["cert", "certs"],
      categories: ["cert-things"],
    },
    versions,
    {
      conversion: {
        strategy: "Webhook",
        webhook: { clientConfig: { url, caBundle }, conversionReviewVersions: ["v1"] },
      },
    },
  );
}

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of every version
type Json = any;

/** What the webhook does: the key's place and the case of its words differ between the versions. */
export function converted(certificate: Json, apiVersion: string): Json {
  const isNew = apiVersion.endsWith("/v1");
  const wasNew = certificate.apiVersion.endsWith("/v1");
  if (isNew === wasNew) return { ...certificate, apiVersion };
  const {
    privateKey: key,
    keyAlgorithm,
    keySize,
    keyEncoding,
    emailSANs,
    emailAddresses,
    ...rest
  } = certificate.spec;
  if (isNew) {
    const made = {
      ...(keyAlgorithm ? { algorithm: keyAlgorithm.toUpperCase() } : {}),
      ...(keySize ? { size: keySize } : {}),
      ...(keyEncoding ? { encoding: keyEncoding.toUpperCase() } : {}),
    };
    return {
      ...certificate,
      apiVersion,
      spec: { ...rest, privateKey: made, ...(emailSANs ? { emailAddresses: emailSANs } : {}) },
    };
  }
  return {
    ...certificate,
    apiVersion,
    spec: {
      ...rest,
      ...(key?.algorithm ? { keyAlgorithm: key.algorithm.toLowerCase() } : {}),
      ...(key?.size ? { keySize: key.size } : {}),
      ...(key?.encoding ? { keyEncoding: key.encoding.toLowerCase() } : {}),
      ...(emailAddresses ? { emailSANs: emailAddresses } : {}),
    },
  };
}
