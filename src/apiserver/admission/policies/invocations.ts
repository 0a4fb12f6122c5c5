import { Namespace } from "#api/core-v1/namespace";
import type { AnyObject, Resource } from "#machinery/schema";
import { StatusError } from "#machinery/status";
import type { Admission } from "../../contracts.ts";
import type { Matching } from "../matching/matching.ts";
import { Misconfigured, type Params } from "./params.ts";
import type { ActivePolicy, AnyBinding, Binding, Policy } from "./source.ts";

/** One policy, through one binding, with one of its params. */
export interface Invocation<W, B extends AnyBinding> {
  readonly policy: Policy<W>;
  readonly binding: Binding<B>;
  readonly params: AnyObject | undefined;
  /** The version of the resource that the policy has asked for. */
  readonly resource: Resource;
}

/** A policy, or its use through a binding, could not be settled. */
export interface Unsettled<W, B extends AnyBinding> {
  readonly policy: Policy<W>;
  /** Undefined: the policy itself is at fault. */
  readonly binding: Binding<B> | undefined;
  readonly message: string;
}

type Given = readonly (AnyObject | undefined | string)[];

export interface InvocationOptions {
  readonly matching: Matching;
  readonly params: Params;
}

/** Finds out which policies are about a write, and with which params. */
export class Invocations<W, B extends AnyBinding> {
  readonly #options: InvocationOptions;

  constructor(options: InvocationOptions) {
    this.#options = options;
  }

  /** In the order of policies and their bindings. */
  async of(
    active: readonly ActivePolicy<W, B>[],
    admission: Admission,
  ): Promise<readonly (Invocation<W, B> | Unsettled<W, B>)[]> {
    const found: (Invocation<W, B> | Unsettled<W, B>)[] = [];
    for (const { policy, bindings } of active) {
      try {
        const matched = this.#options.matching.matchedBy(policy.criteria, admission);
        // Most policies are about something else, which is seen at once.
        const resource = matched instanceof Promise ? await matched : matched;
        if (!resource) continue;
        const kind = policy.paramKind && this.#options.params.kindOf(policy.paramKind);
        for (const binding of bindings) {
          const given = this.#paramsOf(kind, binding, admission);
          for (const params of given instanceof Promise ? await given : given)
            found.push(
              typeof params === "string"
                ? { policy, binding, message: `failed to configure binding: ${params}` }
                : { policy, binding, params, resource },
            );
        }
      } catch (error) {
        found.push({
          policy,
          binding: undefined,
          message: `failed to configure policy: ${messageOf(error)}`,
        });
      }
    }
    return found;
  }

  /** A text says why there are none; nothing: the binding is not about the write. */
  #paramsOf(kind: Resource | undefined, binding: Binding<B>, admission: Admission): Given | Promise<Given> {
    const { matching, params } = this.#options;
    const collect = (matched: Resource | undefined) =>
      matched ? params.of(kind, binding, admission.namespace) : [];
    try {
      const matched = matching.matchedBy(binding.criteria, admission);
      if (!(matched instanceof Promise)) return collect(matched);
      return matched.then(collect).catch((error: unknown) => [messageOf(error)]);
    } catch (error) {
      return [messageOf(error)];
    }
  }

  /** The namespace that a write is in; namespaces are in none. Throws NotFound. */
  namespaceOf({ resource, namespace }: Admission): Namespace | undefined | Promise<Namespace> {
    const isNamespace = resource.group === "" && resource.plural === Namespace.plural;
    return namespace === "" || isNamespace ? undefined : this.#options.matching.namespace(namespace);
  }
}

/** Of failures that are the policy's or the request's; others are the server's, and go on. */
function messageOf(error: unknown): string {
  if (error instanceof Misconfigured || error instanceof StatusError) return error.message;
  throw error;
}
