import { type FieldProblem, invalid } from "#machinery/schema";

const climbs = (path: string): boolean => path.split("/").includes("..");

/** A path that may not lead out of where it starts. */
export function* withoutClimbing(text: string, path: string): Iterable<FieldProblem> {
  if (climbs(text)) yield invalid(path, text, "must not contain '..'");
}

/** A path below some directory: relative, and never upwards. */
export function* descendingPath(text: string, path: string): Iterable<FieldProblem> {
  if (text.startsWith("/")) yield invalid(path, text, "must be a relative path");
  yield* withoutClimbing(text, path);
}

/** As `descendingPath`; names that start with two dots are kept for the kubelet. */
export function* volumeItemPath(text: string, path: string): Iterable<FieldProblem> {
  yield* descendingPath(text, path);
  if (text.startsWith("..") && !climbs(text)) yield invalid(path, text, "must not start with '..'");
}
