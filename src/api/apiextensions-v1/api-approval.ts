/** Groups of the Kubernetes project itself are for kinds that its people have looked at. */

/** The annotation that names where a definition was approved. */
export const APPROVED = "api-approved.kubernetes.io";

const APPROVAL_URL = "https://github.com/kubernetes/enhancements/pull/1111";
const PROTECTED = /(?:^|\.)(?:k8s|kubernetes)\.io$/;

/** What an annotation comes to, and why, as a condition says it. */
export interface Approval {
  readonly reason: "ApprovedAnnotation" | "InvalidAnnotation" | "MissingAnnotation" | "UnapprovedAnnotation";
  readonly message: string;
}

/** Undefined for groups that are anybody's. */
export function approvalOf(group: string, annotation: string | undefined): Approval | undefined {
  if (!PROTECTED.test(group)) return undefined;
  const needed = `protected groups must have approval annotation "${APPROVED}"`;
  if (!annotation) return { reason: "MissingAnnotation", message: `${needed}, see ${APPROVAL_URL}` };
  if (annotation.startsWith("unapproved"))
    return { reason: "UnapprovedAnnotation", message: `not approved: ${JSON.stringify(annotation)}` };
  if (URL.parse(annotation)?.host)
    return { reason: "ApprovedAnnotation", message: `approved in ${annotation}` };
  const message = `${needed} with either a URL or a reason starting with "unapproved", see ${APPROVAL_URL}`;
  return { reason: "InvalidAnnotation", message };
}
