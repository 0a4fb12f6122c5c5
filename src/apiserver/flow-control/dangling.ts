import type { FlowSchema, FlowSchemaCondition } from "#api/flowcontrol-v1/flowschema";

const TYPE = "Dangling";

/** The condition that says whether a flow schema's level exists; undefined when the object says so already. */
export function danglingCondition(
  { spec, status }: FlowSchema,
  isDangling: boolean,
  now: string,
): FlowSchemaCondition | undefined {
  const level = `This FlowSchema references the PriorityLevelConfiguration object named "${spec.priorityLevelConfiguration.name}"`;
  const wanted = isDangling
    ? { status: "True", reason: "NotFound", message: `${level} but there is no such object` }
    : { status: "False", reason: "Found", message: `${level} and it exists` };
  const said = status.conditions?.find(({ type }) => type === TYPE);
  const isSaid =
    said?.status === wanted.status && said.reason === wanted.reason && said.message === wanted.message;
  if (isSaid) return undefined;
  return { type: TYPE, ...wanted, lastTransitionTime: now };
}
