/** A definition in the style of a database operator: two versions, hundreds of fields, every extension of schemas. */

type Schema = Record<string, unknown>;

const text = (description: string, more: Schema = {}): Schema => ({ type: "string", description, ...more });
const integer = (description: string, more: Schema = {}): Schema => ({
  type: "integer",
  format: "int32",
  description,
  ...more,
});
const flag = (description: string, more: Schema = {}): Schema => ({ type: "boolean", description, ...more });
const object = (description: string, properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: "object",
  description,
  properties,
  ...more,
});
const list = (description: string, items: Schema, more: Schema = {}): Schema => ({
  type: "array",
  description,
  items,
  ...more,
});
const texts = (description: string): Schema => list(description, { type: "string" });
const strings = (description: string): Schema => ({
  type: "object",
  description,
  additionalProperties: { type: "string" },
});
const keyed = (keys: string[]): Schema => ({
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": keys,
});

const QUANTITY =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";
const quantity = (description: string): Schema => ({
  description: description,
  anyOf: [{ type: "integer" }, { type: "string" }],
  pattern: QUANTITY,
  "x-kubernetes-int-or-string": true,
});
const quantities = (description: string): Schema => ({
  type: "object",
  description,
  additionalProperties: quantity("An amount."),
});

const selector = (description: string): Schema =>
  object(
    description,
    {
      matchLabels: strings("Labels with exactly these values."),
      matchExpressions: list(
        "Requirements that must all hold.",
        object(
          "One requirement.",
          {
            key: text("Name of the label."),
            operator: text("In, NotIn, Exists or DoesNotExist.", {
              enum: ["In", "NotIn", "Exists", "DoesNotExist"],
            }),
            values: list(
              "Values to compare with.",
              { type: "string" },
              { "x-kubernetes-list-type": "atomic" },
            ),
          },
          { required: ["key", "operator"] },
        ),
        { "x-kubernetes-list-type": "atomic" },
      ),
    },
    { "x-kubernetes-map-type": "atomic" },
  );

const keyReference = (description: string): Schema =>
  object(
    description,
    {
      name: text("Name of the object.", { default: "" }),
      key: text("The key in it.", { minLength: 1 }),
      optional: flag("It may be missing."),
    },
    { required: ["key"], "x-kubernetes-map-type": "atomic" },
  );

const resources = object("What a container may use.", {
  limits: quantities("The most it gets."),
  requests: quantities("What it gets for sure."),
  claims: list(
    "Claims it uses.",
    object("One claim.", { name: text("Its name."), request: text("A part of it.") }, { required: ["name"] }),
    keyed(["name"]),
  ),
});

const environment = list(
  "Environment variables.",
  object(
    "One variable.",
    {
      name: text("Its name."),
      value: text("Its value."),
      valueFrom: object("Where its value comes from.", {
        secretKeyRef: keyReference("A key of a secret."),
        configMapKeyRef: keyReference("A key of a config map."),
        fieldRef: object(
          "A field of the pod.",
          { apiVersion: text("Version."), fieldPath: text("Path.") },
          { required: ["fieldPath"] },
        ),
      }),
    },
    { required: ["name"] },
  ),
  keyed(["name"]),
);

const probe = (description: string): Schema =>
  object(description, {
    exec: object("A command.", { command: texts("Words of the command.") }),
    httpGet: object(
      "A request.",
      {
        path: text("Path."),
        port: { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true },
        scheme: text("HTTP or HTTPS.", { enum: ["HTTP", "HTTPS"] }),
        httpHeaders: list(
          "Headers.",
          object(
            "One header.",
            { name: text("Name."), value: text("Value.") },
            { required: ["name", "value"] },
          ),
        ),
      },
      { required: ["port"] },
    ),
    initialDelaySeconds: integer("Seconds before the first try.", { minimum: 0 }),
    periodSeconds: integer("Seconds between tries.", { minimum: 1, default: 10 }),
    timeoutSeconds: integer("Seconds a try may take.", { minimum: 1, default: 1 }),
    successThreshold: integer("Good tries in a row."),
    failureThreshold: integer("Bad tries in a row.", { default: 3 }),
    terminationGracePeriodSeconds: { type: "integer", format: "int64", description: "Time to end." },
  });

const securityContext = object("Rights of the processes.", {
  runAsUser: { type: "integer", format: "int64", description: "User." },
  runAsGroup: { type: "integer", format: "int64", description: "Group." },
  runAsNonRoot: flag("Refuse to run as root."),
  readOnlyRootFilesystem: flag("The root file system cannot be written."),
  allowPrivilegeEscalation: flag("Processes may gain rights."),
  privileged: flag("Everything is allowed."),
  capabilities: object("Rights in small pieces.", { add: texts("Added."), drop: texts("Taken away.") }),
  seccompProfile: object(
    "Which system calls are allowed.",
    { type: text("Kind of profile."), localhostProfile: text("File of the profile.") },
    { required: ["type"] },
  ),
});

const container = (description: string): Schema =>
  object(
    description,
    {
      name: text("Its name."),
      image: text("Its image."),
      imagePullPolicy: text("When to pull.", { enum: ["Always", "IfNotPresent", "Never"] }),
      command: texts("What is run."),
      args: texts("Arguments."),
      workingDir: text("Where it starts."),
      env: environment,
      ports: list(
        "Ports it listens on.",
        object(
          "One port.",
          {
            name: text("Its name."),
            containerPort: integer("Its number.", { minimum: 1, maximum: 65535 }),
            protocol: text("TCP, UDP or SCTP.", { default: "TCP" }),
            hostPort: integer("On the node."),
            hostIP: text("Of the node."),
          },
          { required: ["containerPort"] },
        ),
        keyed(["containerPort", "protocol"]),
      ),
      resources,
      livenessProbe: probe("Is it alive?"),
      readinessProbe: probe("Is it ready?"),
      startupProbe: probe("Has it started?"),
      securityContext,
      volumeMounts: list(
        "Volumes it sees.",
        object(
          "One volume.",
          {
            name: text("Which."),
            mountPath: text("Where."),
            subPath: text("Which part."),
            readOnly: flag("Not to be written."),
          },
          { required: ["name", "mountPath"] },
        ),
        keyed(["mountPath"]),
      ),
      terminationMessagePath: text("Its last words."),
      tty: flag("A terminal."),
      stdin: flag("It reads."),
    },
    { required: ["name"] },
  );

const affinityTerm = object(
  "One term.",
  {
    labelSelector: selector("Which pods."),
    namespaces: texts("In which namespaces."),
    namespaceSelector: selector("In which namespaces, by label."),
    topologyKey: text("Label of the nodes that counts."),
  },
  { required: ["topologyKey"] },
);

const podAffinity = (description: string): Schema =>
  object(description, {
    requiredDuringSchedulingIgnoredDuringExecution: list("Must hold.", affinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      "Should hold.",
      object(
        "A wish.",
        {
          weight: integer("How much it counts.", { minimum: 1, maximum: 100 }),
          podAffinityTerm: affinityTerm,
        },
        { required: ["podAffinityTerm", "weight"] },
      ),
    ),
  });

const storage = object("Where the data is.", {
  size: quantity("How much room."),
  storageClassName: text("Class of the volumes."),
  accessModes: list("How it is mounted.", { type: "string" }, { "x-kubernetes-list-type": "set" }),
  selector: selector("Which volumes."),
  volumeClaimTemplate: {
    type: "object",
    description: "A whole claim.",
    "x-kubernetes-embedded-resource": true,
    "x-kubernetes-preserve-unknown-fields": true,
  },
});

const backup = object("Copies of the data.", {
  enabled: flag("Whether copies are made.", { default: true }),
  schedule: text("When, as for cron.", { pattern: "^(\\S+\\s+){4}\\S+$", default: "0 3 * * *" }),
  retention: object("How long they are kept.", {
    days: integer("Days.", { minimum: 1, default: 7 }),
    copies: integer("Number of copies.", { minimum: 1, maximum: 1000, multipleOf: 1 }),
  }),
  target: object(
    "Where they go.",
    {
      s3: object(
        "A bucket.",
        { bucket: text("Its name."), region: text("Where it is."), secret: keyReference("Credentials.") },
        { required: ["bucket"] },
      ),
      volume: object("A volume.", { claimName: text("Its claim.") }, { required: ["claimName"] }),
    },
    { oneOf: [{ required: ["s3"] }, { required: ["volume"] }] },
  ),
  timeout: text("How long one may take.", { format: "duration" }),
});

const spec = (isNew: boolean): Schema =>
  object(
    "What is wanted.",
    {
      replicas: integer("How many servers.", { minimum: 1, maximum: 9, default: 1 }),
      version: text("Version of the database.", { pattern: "^[0-9]+\\.[0-9]+$" }),
      edition: text("Which edition.", { enum: ["community", "enterprise"], default: "community" }),
      paused: flag("Changes wait."),
      image: text("Image of the servers."),
      imagePullSecrets: list(
        "For the registry.",
        object("One.", { name: text("Its name.", { default: "" }) }),
        keyed(["name"]),
      ),
      serviceAccountName: text("Who the pods are."),
      podLabels: strings("Labels of the pods."),
      podAnnotations: strings("Annotations of the pods."),
      nodeSelector: strings("Where the pods run."),
      priorityClassName: text("How important they are."),
      tolerations: list(
        "What they bear.",
        object("One.", {
          key: text("Key."),
          operator: text("Operator."),
          value: text("Value."),
          effect: text("Effect."),
          tolerationSeconds: { type: "integer", format: "int64" },
        }),
      ),
      affinity: object("Where they would rather run.", {
        podAffinity: podAffinity("Near these."),
        podAntiAffinity: podAffinity("Not near these."),
      }),
      topologySpreadConstraints: list(
        "How they are spread.",
        object(
          "One rule.",
          {
            maxSkew: integer("Difference."),
            topologyKey: text("Label."),
            whenUnsatisfiable: text("What then."),
            labelSelector: selector("Which pods."),
          },
          { required: ["maxSkew", "topologyKey", "whenUnsatisfiable"] },
        ),
        keyed(["topologyKey", "whenUnsatisfiable"]),
      ),
      server: container("The server's container."),
      sidecars: list("More containers.", container("One container."), keyed(["name"])),
      initContainers: list("Containers that run first.", container("One container."), keyed(["name"])),
      storage,
      ...(isNew ? { backup } : {}),
      tls: object("Encryption.", {
        enabled: flag("Whether it is used.", { default: false }),
        secretName: text("Certificate and key."),
        minVersion: text("The oldest protocol.", { enum: ["1.2", "1.3"], default: "1.2" }),
        dnsNames: list(
          "Names in the certificate.",
          { type: "string", maxLength: 253 },
          { "x-kubernetes-list-type": "set", maxItems: 20 },
        ),
      }),
      users: list(
        "Who may log in.",
        object(
          "One user.",
          {
            name: text("Login.", { minLength: 1, maxLength: 63 }),
            password: keyReference("Password."),
            roles: list("Rights.", { type: "string" }, { "x-kubernetes-list-type": "set" }),
            expires: text("Until when.", { format: "date-time", nullable: true }),
          },
          { required: ["name"] },
        ),
        keyed(["name"]),
      ),
      config: {
        type: "object",
        description: "Settings of the server, as it knows them.",
        "x-kubernetes-preserve-unknown-fields": true,
      },
      services: list(
        "How it is reached.",
        object(
          "One service.",
          {
            name: text("Name."),
            type: text("Type.", { default: "ClusterIP" }),
            port: integer("Port.", { default: 5432 }),
          },
          { required: ["name"] },
        ),
        keyed(["name"]),
      ),
    },
    {
      required: ["version"],
      "x-kubernetes-validations": [
        {
          rule: "self.replicas <= 5 || self.edition == 'enterprise'",
          message: "more than five servers need the enterprise edition",
        },
        { rule: "self.edition == oldSelf.edition", message: "the edition cannot be changed" },
      ],
    },
  );

const condition = object(
  "One condition.",
  {
    type: text("What it is about."),
    status: text("True, False or Unknown.", { enum: ["True", "False", "Unknown"] }),
    reason: text("One word."),
    message: text("In plain words."),
    lastTransitionTime: text("Since when.", { format: "date-time" }),
    observedGeneration: { type: "integer", format: "int64" },
  },
  { required: ["type", "status"] },
);

const status = object("What was observed.", {
  phase: text("In one word."),
  replicas: integer("Servers there are."),
  readyReplicas: integer("Servers that are ready."),
  selector: text("Labels of the servers."),
  conditions: list("What is known.", condition, keyed(["type"])),
  endpoints: texts("Addresses."),
});

const version = (name: string, isNew: boolean) => ({
  name,
  served: true,
  storage: isNew,
  ...(isNew
    ? {}
    : { deprecated: true, deprecationWarning: "data.example.com/v1alpha1 Database is old; use v1" }),
  schema: {
    openAPIV3Schema: object(
      "A database with its servers.",
      {
        apiVersion: text("Version."),
        kind: text("Kind."),
        metadata: { type: "object" },
        spec: spec(isNew),
        status,
      },
      { required: ["spec"] },
    ),
  },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: [
    { name: "Version", type: "string", jsonPath: ".spec.version" },
    { name: "Replicas", type: "integer", jsonPath: ".spec.replicas" },
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Edition", type: "string", jsonPath: ".spec.edition", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
  selectableFields: [{ jsonPath: ".spec.edition" }],
});

export const databases = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "databases.data.example.com" },
  spec: {
    group: "data.example.com",
    scope: "Namespaced",
    names: {
      plural: "databases",
      singular: "database",
      kind: "Database",
      shortNames: ["db"],
      categories: ["all", "data"],
    },
    versions: [version("v1", true), version("v1alpha1", false)],
  },
};
