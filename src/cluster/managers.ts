/** What works on the cluster's objects in a control plane: controllers and scheduler, in one server at a time. */
import { hostname } from "node:os";
import type { Clock } from "#base/clock";
import type { Measures } from "#base/measures";
import { type Random, uuid } from "#base/random";
import type { Scope } from "#base/scope";
import { Client } from "#client/client";
import { FencedTransport } from "#client/fenced-transport";
import { InformerSet } from "#client/informer-set";
import { runAsLeader, type Term } from "#client/leader-election";
import type { Controller } from "#reconciler/controller";
import { runControllers } from "#reconciler/run";
import { Scheduler } from "#scheduler/scheduler";
import { CONTROLLERS_USER, controllerUser } from "./system-objects.ts";

/** The Leases by which servers agree on who works. */
const CONTROLLERS_LEASE = { namespace: "kube-system", name: "kube-controller-manager" };
const SCHEDULER_LEASE = { namespace: "kube-system", name: "kube-scheduler" };

export interface ManagersOptions {
  readonly clientOf: (user: string) => Client;
  readonly controllers: readonly Controller[];
  /** Other servers have the same controllers: only one works at a time. */
  readonly elects: boolean;
  readonly measures: Measures;
  readonly clock: Clock;
  readonly random: Random;
  readonly scope: Scope;
}

/** What a client may still write. */
type Fence = (client: Client) => Client;
const unfenced: Fence = (client) => client;
/** A server that is cut off, or slept, may be the last to hear that another one leads. */
const fencedBy =
  (term: Term): Fence =>
  ({ transport }) =>
    new Client(new FencedTransport(transport, term));

/** Resolves when they work, or compete with others for that. */
export async function startManagers(options: ManagersOptions): Promise<void> {
  const { clientOf, controllers, elects, measures, clock, random, scope } = options;
  const client = clientOf(CONTROLLERS_USER);
  const scheduling = clientOf("system:kube-scheduler");
  const informersIn = (inner: Scope) => new InformerSet({ client, clock, random, scope: inner });
  const control = (inner: Scope, informers: InformerSet, fence: Fence) =>
    runControllers({
      client: fence(client),
      clientFor: (name) => fence(clientOf(controllerUser(name))),
      informers,
      clock,
      random,
      scope: inner,
      controllers,
      measures,
    });
  const schedule = (inner: Scope, informers: InformerSet, fence: Fence) =>
    new Scheduler({ client: fence(scheduling), informers, clock, random, scope: inner, measures }).start();
  if (!elects) {
    const informers = informersIn(scope);
    await Promise.all([control(scope, informers, unfenced), schedule(scope, informers, unfenced)]);
    return;
  }
  const identity = `${hostname()}_${uuid(random)}`;
  const compete = (lease: typeof SCHEDULER_LEASE, user: Client, work: typeof control) => {
    const shown = showLeadership(measures, lease.name);
    scope.run((signal) =>
      runAsLeader(
        { client: user, clock, random, lease, identity },
        (inner, term) => {
          shown.term = term;
          return work(inner, informersIn(inner), fencedBy(term));
        },
        { signal },
      ),
    );
  };
  compete(CONTROLLERS_LEASE, clientOf("system:kube-controller-manager"), control);
  compete(SCHEDULER_LEASE, scheduling, schedule);
}

const LEADS = {
  name: "leader_election_master_status",
  help: "1 while this process leads, 0 while it does not.",
};

function showLeadership(measures: Measures, name: string): { term?: Term } {
  const shown: { term?: Term } = {};
  measures.watch(LEADS, () => [{ labels: { name }, value: shown.term?.holds ? 1 : 0 }]);
  return shown;
}
