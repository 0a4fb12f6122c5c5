import { BoundedMap } from "../authentication/bounded-map.ts";
import type { RequestInfo, User } from "../contracts.ts";
import type { Flow } from "./flow.ts";
import { type Matches, rulesFor } from "./match.ts";

/** Users whose flow schemas are remembered. */
const USERS_MAX = 4096;

type Candidate = readonly [Matches, Flow];

/** Finds the flow schema of a request. Most know nothing of a user: which do is worked out once. */
export class Classifier {
  readonly #flows: readonly Flow[];
  readonly #byUser = new WeakMap<User, readonly Candidate[]>();
  readonly #byName = new BoundedMap<string, readonly Candidate[]>(USERS_MAX);

  /** `flows`: in the order in which they are tried; the last one is for all that is left. */
  constructor(flows: readonly Flow[]) {
    this.#flows = flows;
  }

  find(user: User, info: RequestInfo): Flow {
    const candidates = this.#byUser.get(user) ?? this.#remember(user);
    for (const [matches, flow] of candidates) if (matches(info)) return flow;
    return this.#flows.at(-1)!;
  }

  #remember(user: User): readonly Candidate[] {
    const key = [user.name, ...user.groups].join("\n");
    let candidates = this.#byName.get(key);
    if (!candidates) {
      candidates = this.#flows.flatMap((flow) => {
        const matches = rulesFor(flow.schema.spec, user);
        return matches ? [[matches, flow] as const] : [];
      });
      this.#byName.set(key, candidates);
    }
    this.#byUser.set(user, candidates);
    return candidates;
  }
}
