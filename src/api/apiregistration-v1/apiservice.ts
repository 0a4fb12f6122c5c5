import { ageColumn, nameColumn, text } from "#api/columns";
import { named } from "#api/checks";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { problemsOfName } from "#machinery/names";
import {
  bool,
  bytes,
  type FieldProblem,
  int32,
  invalid,
  item,
  list,
  notSupported,
  type Of,
  ref,
  required,
  resource,
  string,
  struct,
  time,
} from "#machinery/schema";

export const ServiceReference = struct("apiregistration.v1.ServiceReference", {
  namespace: string(1).doc("Namespace of the service."),
  name: string(2).doc("Name of the service."),
  port: int32(3).pointer().default(443).doc("Port of the service."),
});
export interface ServiceReference extends Of<typeof ServiceReference> {}

export const APIServiceSpec = struct("apiregistration.v1.APIServiceSpec", {
  service: ref(1, ServiceReference).doc(
    "Where the extension server is reached; empty for what this server answers itself.",
  ),
  group: string(2).doc("Group that is served."),
  version: string(3).doc("Version that is served."),
  insecureSkipTLSVerify: bool(4).doc("The server's certificate is not verified."),
  caBundle: bytes(5).atomic().doc("PEM of the authorities that the server's certificate is verified with."),
  groupPriorityMinimum: int32(7).required().doc("Place of the group in discovery: higher comes first."),
  versionPriority: int32(8).required().doc("Place of the version within its group: higher comes first."),
});
export interface APIServiceSpec extends Of<typeof APIServiceSpec> {}

export const APIServiceCondition = struct("apiregistration.v1.APIServiceCondition", {
  type: string(1).required().doc("What the condition is about."),
  status: string(2).required().doc("True, False or Unknown."),
  lastTransitionTime: time(3).orNull().doc("When the status last changed."),
  reason: string(4).doc("One word on why."),
  message: string(5).doc("The reason in plain words."),
});
export interface APIServiceCondition extends Of<typeof APIServiceCondition> {}

export const APIServiceStatus = struct("apiregistration.v1.APIServiceStatus", {
  conditions: list(1, APIServiceCondition)
    .mergedBy("type")
    .doc("What is known about its state, one entry per type."),
});
export interface APIServiceStatus extends Of<typeof APIServiceStatus> {}

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
const CONDITION_STATUSES = ["True", "False", "Unknown"];

function* specProblems(spec: APIServiceSpec): Iterable<FieldProblem> {
  const { group = "", version = "", groupPriorityMinimum, versionPriority } = spec;
  if (group === "" && version !== "v1")
    yield required("spec.group", "only v1 may have an empty group and it better be legacy kube");
  if (group !== "") yield* named("spec.group", group, "dns-subdomain");
  yield* named("spec.version", version, "dns-1035-label");
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX)
    yield invalid(
      "spec.groupPriorityMinimum",
      groupPriorityMinimum,
      `must be positive and less than ${GROUP_PRIORITY_MAX}`,
    );
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX)
    yield invalid(
      "spec.versionPriority",
      versionPriority,
      `must be positive and less than ${VERSION_PRIORITY_MAX}`,
    );
  yield* spec.service ? serviceProblems(spec, spec.service) : localProblems(spec);
}

/** What this server answers for itself is reached over no connection. */
function* localProblems({ caBundle = "", insecureSkipTLSVerify }: APIServiceSpec): Iterable<FieldProblem> {
  if (caBundle !== "")
    yield invalid("spec.caBundle", bytesText(caBundle), "local APIServices may not have a caBundle");
  if (insecureSkipTLSVerify)
    yield invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
}

function* serviceProblems(
  { caBundle = "", insecureSkipTLSVerify }: APIServiceSpec,
  { namespace = "", name = "", port }: ServiceReference,
): Iterable<FieldProblem> {
  if (namespace === "") yield required("spec.service.namespace");
  if (name === "") yield required("spec.service.name");
  if (port !== undefined && (port < 1 || port > 65_535))
    yield invalid("spec.service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
  if (insecureSkipTLSVerify && caBundle !== "")
    yield invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present");
}

const bytesText = (base64: string): string => `${Uint8Array.fromBase64(base64).length} bytes`;

export const APIService = resource({
  apiVersion: "apiregistration.k8s.io/v1",
  kind: "APIService",
  doc: "An API group that another server answers for.",
  plural: "apiservices",
  categories: ["api-extensions"],
  namespaced: false,
  metadata: ObjectMeta,
  spec: APIServiceSpec,
  status: APIServiceStatus,
  counted: false,
  unconditionalUpdate: false,
  storagePrefix: "apiregistration.k8s.io/apiservices",
  nameFormat: "path-segment",

  columns: [
    nameColumn,
    text("Service", ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : "Local")),
    text("Available", ({ status }) => {
      const available = status.conditions?.find(({ type }: APIServiceCondition) => type === "Available");
      if (!available) return "Unknown";
      return available.status === "True" ? "True" : `${available.status} (${available.reason ?? ""})`;
    }),
    ageColumn,
  ],
  rules: {
    *validate({ metadata: { name }, spec }) {
      const wanted = `${spec.version ?? ""}.${spec.group ?? ""}`;
      if (name !== wanted && problemsOfName("path-segment", name).length === 0)
        yield invalid(
          "metadata.name",
          name,
          `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`,
        );
      yield* specProblems(spec);
    },
    *validateStatusUpdate({ status }) {
      for (const [index, { status: is }] of (status.conditions ?? []).entries())
        if (!CONDITION_STATUSES.includes(is))
          yield notSupported(`${item("status.conditions", index)}.status`, is, CONDITION_STATUSES);
    },
  },
});
export interface APIService extends Of<typeof APIService> {}
