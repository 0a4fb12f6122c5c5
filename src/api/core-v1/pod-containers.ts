import { at, item } from "#machinery/schema";
import type { Container } from "./container.ts";
import type { PodSpec } from "./podspec.ts";

/** Every container with the path that leads to it. */
export function* containersOf(spec: PodSpec, path: string): Iterable<readonly [Container, string]> {
  for (const sort of ["initContainers", "containers", "ephemeralContainers"] as const)
    for (const [index, container] of (spec[sort] ?? []).entries())
      yield [container as Container, item(at(path, sort), index)];
}
