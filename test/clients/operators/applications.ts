/** In the manner of a GitOps tool: many hands on one object, each with its own part of it. */
import {
  anything,
  choice,
  conditions,
  definition,
  type Definition,
  flag,
  keyedList,
  labels,
  list,
  map,
  object,
  root,
  type Schema,
  set,
  text,
  version,
} from "./schema.ts";

const source = object(
  "Where it comes from.",
  {
    name: text("Its name."),
    repoURL: text("Where it is kept.", { format: "uri" }),
    path: text("Where in it."),
    targetRevision: text("Which state of it.", { default: "HEAD" }),
    helm: object("As a chart.", {
      values: text("Settings as text."),
      valuesObject: anything("Settings."),
      parameters: keyedList(
        "Settings one by one.",
        ["name"],
        object("One.", { name: text("Its name."), value: text("Its value.") }, { required: ["name"] }),
      ),
      valueFiles: list("Files of settings.", { type: "string" }, { "x-kubernetes-list-type": "atomic" }),
    }),
  },
  { required: ["name", "repoURL"] },
);

const destination: Schema = object(
  "Where it goes.",
  { server: text("To which cluster."), namespace: text("To which namespace.") },
  { "x-kubernetes-map-type": "atomic" },
);

const schema = root(
  "Something that is kept as a repository says.",
  {
    spec: object(
      "What is wanted.",
      {
        project: text("To what it belongs.", { default: "default" }),
        destination,
        sources: keyedList("Where it comes from.", ["name"], source),
        syncOptions: set("How it is done.", { type: "string" }),
        syncWindows: list("When.", object("One.", { from: text("Since."), to: text("Until.") }), {
          "x-kubernetes-list-type": "atomic",
        }),
        plainList: list("Nothing is said of it.", { type: "string" }),
        info: labels("Words."),
        atomicInfo: map(
          "Words that belong together.",
          { type: "string" },
          { "x-kubernetes-map-type": "atomic" },
        ),
        automated: object("Without being asked.", {
          prune: flag("Whether things go."),
          selfHeal: flag("Whether things come back."),
        }),
        ignoreDifferences: keyedList(
          "What is not looked at.",
          ["kind", "name"],
          object(
            "One.",
            {
              group: text("Of the kind."),
              kind: text("Which."),
              name: text("Which.", { default: "*" }),
              jsonPointers: set("Parts.", { type: "string" }),
            },
            { required: ["kind"] },
          ),
        ),
      },
      { required: ["destination"] },
    ),
    operation: object("What is under way.", {
      initiatedBy: text("Who began it."),
      retry: anything("If it fails."),
    }),
    status: object("What was observed.", {
      conditions,
      sync: object("Is it as it should be?", {
        status: choice("In a word.", ["Synced", "OutOfSync", "Unknown"]),
      }),
      history: keyedList(
        "What was.",
        ["id"],
        object(
          "One.",
          { id: { type: "integer", format: "int64" }, revision: text("Which.") },
          { required: ["id"] },
        ),
      ),
    }),
  },
  { required: ["spec"] },
);

export const applications: Definition = definition(
  { group: "gitops.example.com", kind: "Application", plural: "applications", shortNames: ["app", "apps"] },
  [
    version("v1alpha1", schema, {
      subresources: { status: {} },
      additionalPrinterColumns: [
        { name: "Sync Status", type: "string", jsonPath: ".status.sync.status" },
        { name: "Project", type: "string", jsonPath: ".spec.project", priority: 10 },
      ],
    }),
  ],
);
