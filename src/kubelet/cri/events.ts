/** What happens to tasks, as containerd tells it: the kubelet's alarm clock. */
import type { Clock } from "#base/clock";
import { bigint64, int32, list, ref, string, struct, rawBytes, uint32, type Of } from "#machinery/schema";
import { decodeProtobuf } from "#machinery/derive/protobuf";
import { Connection, method } from "./connection.ts";

const Timestamp = struct("google.protobuf.Timestamp", {
  seconds: bigint64(1).always(),
  nanos: int32(2).always(),
});

const Any = struct("google.protobuf.Any", {
  typeUrl: string(1).always(),
  value: rawBytes(2).always(),
});

const SubscribeRequest = struct("containerd.services.events.v1.SubscribeRequest", {
  filters: list(1, string).always(),
});

const Envelope = struct("containerd.services.events.v1.Envelope", {
  timestamp: ref(1, Timestamp),
  namespace: string(2).always(),
  topic: string(3).always(),
  event: ref(4, Any),
});

/** TaskExit; TaskStart and TaskOOM have a part of its fields under the same numbers, up to `containerId`. */
const TaskExit = struct("containerd.events.TaskExit", {
  containerId: string(1).always(),
  id: string(2).always(),
  pid: uint32(3).always(),
  exitStatus: uint32(4).always(),
});
interface TaskExit extends Of<typeof TaskExit> {}

const TaskOnly = struct("containerd.events.Task", { containerId: string(1).always() });

const Subscribe = method("/containerd.services.events.v1.Events/Subscribe", SubscribeRequest, Envelope);

/** Something happened to a container or sandbox; ask the runtime for the rest. */
export interface RuntimeEvent {
  /** Of a container or of a sandbox. */
  readonly containerId: string;
  readonly type: "exit" | "oom";
}

/** Where a kubelet hears that something changed in its runtime. */
export interface RuntimeEvents {
  /** Ends or throws when the connection is lost; what happened meanwhile is not repeated. */
  subscribe(options: { readonly signal: AbortSignal }): AsyncIterable<RuntimeEvent>;
  close(): void;
}

/** Events of containerd's `k8s.io` namespace. */
export class ContainerdEvents implements RuntimeEvents {
  readonly #connection: Connection;

  constructor(socket: string, clock: Clock) {
    this.#connection = new Connection(`unix:${socket}`, clock);
  }

  async *subscribe({ signal }: { readonly signal: AbortSignal }): AsyncIterable<RuntimeEvent> {
    const filters = ["exit", "oom"].map((topic) => `namespace==k8s.io,topic=="/tasks/${topic}"`);
    for await (const envelope of this.#connection.stream(Subscribe, { filters }, { signal })) {
      const event = eventOf(envelope.topic, envelope.event?.value);
      if (event) yield event;
    }
  }

  close(): void {
    this.#connection.close();
  }
}

function eventOf(topic: string, body: Uint8Array | undefined): RuntimeEvent | undefined {
  if (!body) return undefined;
  if (topic === "/tasks/oom")
    return { type: "oom", containerId: decodeProtobuf<TaskExit>(TaskOnly, body).containerId };
  const exit = decodeProtobuf<TaskExit>(TaskExit, body);
  // A command run inside a container has an ID of its own; its end changes nothing for the pod.
  return exit.id === exit.containerId ? { type: "exit", containerId: exit.containerId } : undefined;
}
