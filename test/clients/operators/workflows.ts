/** In the manner of a workflow engine: whatever is not said may be said, steps hold steps, and some lists are long. */
import {
  anything,
  choice,
  definition,
  type Definition,
  int64,
  intOrText,
  keyedList,
  list,
  map,
  object,
  root,
  type Schema,
  text,
  version,
} from "./schema.ts";

/** More than anybody reads. */
export const REASONS = Array.from({ length: 1500 }, (_, index) => `Reason${index}`);
/** Schemas cannot refer to themselves: definitions write out some levels, and leave the rest open. */
export const LEVELS = 6;

function step(level: number): Schema {
  const inner = level === 0 ? anything("Whatever else.") : step(level - 1);
  return object(
    `A step; ${level} more may stand in it.`,
    {
      name: text("Its name.", { maxLength: 128 }),
      template: text("What is done."),
      when: text("Under which condition."),
      retries: intOrText("How often."),
      arguments: map("Values.", { "x-kubernetes-preserve-unknown-fields": true, description: "One value." }),
      steps: list("Done in order.", list("Done at once.", inner)),
    },
    level === 0 ? {} : { required: ["name"] },
  );
}

const schema = root(
  "Work in steps.",
  {
    spec: object(
      "What is wanted.",
      {
        entrypoint: text("Where it begins."),
        templates: keyedList("What can be done.", ["name"], step(LEVELS)),
        activeDeadlineSeconds: int64("How long it may take.", { minimum: 0 }),
        exact: int64("A number to the last digit."),
        onReason: choice("When it stops.", REASONS),
        podSpecPatch: anything("Changes of pods."),
      },
      { "x-kubernetes-preserve-unknown-fields": true },
    ),
    status: anything("What was observed.", {
      properties: {
        phase: text("In one word."),
        nodes: map("Each step.", anything("One.", { properties: { phase: text("In one word.") } })),
      },
    }),
  },
  { "x-kubernetes-preserve-unknown-fields": true },
);

/** No status of its own: who writes the object writes all of it. */
export const workflows: Definition = definition(
  { group: "workflows.example.com", kind: "Workflow", plural: "workflows", shortNames: ["wf"] },
  [
    version("v1alpha1", schema, {
      additionalPrinterColumns: [
        { name: "Status", type: "string", jsonPath: ".status.phase" },
        { name: "Deadline", type: "integer", jsonPath: ".spec.activeDeadlineSeconds" },
      ],
    }),
  ],
);
