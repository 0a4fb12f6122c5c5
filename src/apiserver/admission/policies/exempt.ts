import type { Admission } from "../../contracts.ts";

/** What no policy is about: policies themselves, and questions without which nobody could mend one. */
const EXEMPT: Readonly<Record<string, readonly string[]>> = {
  "admissionregistration.k8s.io": [
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
  ],
  "authentication.k8s.io": ["selfsubjectreviews", "tokenreviews"],
  "authorization.k8s.io": [
    "localsubjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "subjectaccessreviews",
  ],
};

export const isExempt = ({ resource: { group, plural } }: Admission): boolean =>
  EXEMPT[group]?.includes(plural) === true;
