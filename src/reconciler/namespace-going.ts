import { hasReason } from "#machinery/status";

/** Nothing can be made in a namespace that is being deleted; its end will take the maker too. */
export const isNamespaceGoing = (error: unknown): boolean =>
  hasReason(error, "Forbidden") &&
  (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
