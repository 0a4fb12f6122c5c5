/** What every API server has, whatever is stored: requests that nothing holds up, and those that nothing else covers. */

/** A flow schema's specification, as it is stored. */
export type FlowSchemaShape = {
  readonly priorityLevelConfiguration: { readonly name: string };
  readonly matchingPrecedence: number;
  readonly distinguisherMethod?: { readonly type: string };
  readonly rules: readonly object[];
};

/** The name of the one priority level, and of the one flow schema of the first precedence, that are exempt. */
export const EXEMPT = "exempt";
export const CATCH_ALL = "catch-all";

const group = (name: string) => ({ kind: "Group", group: { name } });

/** Every request of these subjects. */
export const everything = (...subjects: readonly object[]): object => ({
  subjects,
  resourceRules: [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] },
  ],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
});

export const MANDATORY_FLOW_SCHEMAS: Readonly<Record<string, FlowSchemaShape>> = {
  [EXEMPT]: {
    priorityLevelConfiguration: { name: EXEMPT },
    matchingPrecedence: 1,
    rules: [everything(group("system:masters"))],
  },
  [CATCH_ALL]: {
    priorityLevelConfiguration: { name: CATCH_ALL },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: "ByUser" },
    rules: [everything(group("system:unauthenticated"), group("system:authenticated"))],
  },
};

export const MANDATORY_PRIORITY_LEVELS: Readonly<Record<string, object>> = {
  [EXEMPT]: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  [CATCH_ALL]: {
    type: "Limited",
    limited: { nominalConcurrencyShares: 5, limitResponse: { type: "Reject" }, lendablePercent: 0 },
  },
};
