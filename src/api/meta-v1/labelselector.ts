import { list, map, type Of, string, struct } from "#machinery/schema";

export const FieldSelectorRequirement = struct("meta.v1.FieldSelectorRequirement", {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, string).atomic(),
});
export interface FieldSelectorRequirement extends Of<typeof FieldSelectorRequirement> {}

export const LabelSelectorRequirement = struct("meta.v1.LabelSelectorRequirement", {
  key: string(1).required(),
  operator: string(2).required(),
  values: list(3, string).atomic(),
});
export interface LabelSelectorRequirement extends Of<typeof LabelSelectorRequirement> {}

export const LabelSelector = struct(
  "meta.v1.LabelSelector",
  {
    matchLabels: map(1, string),
    matchExpressions: list(2, LabelSelectorRequirement).atomic(),
  },
  { atomic: true },
);
export interface LabelSelector extends Of<typeof LabelSelector> {}
