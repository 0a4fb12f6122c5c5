import { stringifyJson } from "#machinery/json";

/** What the ways of an event look at; the rest passes through. */
export interface EventFields {
  readonly [other: string]: unknown;
  readonly auditID: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly verb: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username?: string; readonly groups?: readonly string[] };
  readonly impersonatedUser?: { readonly username?: string; readonly groups?: readonly string[] };
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: { readonly namespace?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One `audit.k8s.io/v1` Event on its way; made into text once, however many want it. */
export class AuditEvent {
  readonly fields: EventFields;
  #json: string | undefined;

  constructor(fields: EventFields) {
    this.fields = fields;
  }

  get json(): string {
    return (this.#json ??= stringifyJson(this.fields));
  }

  /** The event without what was sent and answered; a note says so. */
  withoutObjects(): AuditEvent {
    const { requestObject: _sent, responseObject: _answered, ...fields } = this.fields;
    return new AuditEvent({
      ...fields,
      annotations: { ...fields.annotations, "audit.k8s.io/truncated": "true" },
    });
  }
}
