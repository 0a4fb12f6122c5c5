import type { AnyObject } from "#machinery/schema";
import type {
  Admission,
  AdmissionPlugin,
  AdmissionRounds,
  Operation as AdmissionOperation,
} from "../contracts.ts";
import type { Operation } from "../request/operation.ts";

/** What is admitted: the operation, and the object before and after it. */
export interface Admitted {
  readonly operation: AdmissionOperation;
  readonly object: AnyObject | undefined;
  readonly old: AnyObject | undefined;
  readonly name: string;
  readonly options: unknown;
  readonly dryRun: boolean;
}

/** Everyone who has a say in writes, in order. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** The object to go on with. */
  async admit(request: Operation, admitted: Admitted): Promise<AnyObject | undefined> {
    const rounds = new Rounds();
    let object = await this.#admitOnce(request, admitted, rounds);
    if (rounds.wanted) {
      rounds.round++;
      object = await this.#admitOnce(request, { ...admitted, object }, rounds);
    }
    return object;
  }

  async #admitOnce(request: Operation, admitted: Admitted, rounds: Rounds): Promise<AnyObject | undefined> {
    let admission: Admission = { ...admissionOf(request, admitted), rounds };
    for (const plugin of this.#plugins) {
      if (!plugin.admit || !plugin.handles(admission)) continue;
      const object = (await plugin.admit(admission)) ?? admission.object;
      if (object !== admission.object) admission = { ...admission, object };
    }
    return admission.object;
  }

  async validate(request: Operation, admitted: Admitted): Promise<void> {
    const admission = admissionOf(request, admitted);
    for (const plugin of this.#plugins) {
      if (plugin.validate && plugin.handles(admission)) await plugin.validate(admission);
    }
  }
}

class Rounds implements AdmissionRounds {
  round = 0;
  wanted = false;
  readonly notes = new Map<string, unknown>();

  askAgain(): void {
    this.wanted = true;
  }
}

function admissionOf({ info, kind, user, warn, annotate }: Operation, admitted: Admitted): Admission {
  return {
    ...admitted,
    resource: kind.resource,
    subresource: info.subresource,
    namespace: kind.resource.namespaced ? info.namespace : "",
    user,
    warn,
    annotate,
  };
}
