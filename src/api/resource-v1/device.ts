import { distinct, named } from "#api/checks";
import {
  bool,
  type FieldProblem,
  inline,
  int64,
  invalid,
  item,
  json,
  list,
  map,
  notSupported,
  type Of,
  quantity,
  ref,
  required,
  string,
  struct,
  tooLong,
  value,
} from "#machinery/schema";
import { problemsOfSelector } from "./device-selector.ts";

const DRIVER_BYTES_MAX = 63;
const PARAMETERS_BYTES_MAX = 10 * 1024;

interface Wish {
  readonly deviceClassName: string;
  readonly allocationMode: string;
  readonly count?: number | undefined;
}

/** What one request, or one of its choices, asks for. */
function* problemsOfWish(
  { deviceClassName, allocationMode, count }: Wish,
  path: string,
): Iterable<FieldProblem> {
  if (deviceClassName === "") yield required(`${path}.deviceClassName`);
  else yield* named(`${path}.deviceClassName`, deviceClassName, "dns-subdomain");
  if (allocationMode === "ExactCount") {
    if ((count ?? 0) <= 0) yield invalid(`${path}.count`, count ?? 0, "must be greater than zero");
  } else if (allocationMode === "All") {
    if (count) yield invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'");
  } else yield notSupported(`${path}.allocationMode`, allocationMode, ["All", "ExactCount"]);
}

function* problemsOfRequestName(name: string, path: string): Iterable<FieldProblem> {
  if (name === "") yield required(path);
  else yield* named(path, name, "dns-label");
}

/** Settings are an object; what is in it is the driver's affair. */
function* problemsOfParameters(parameters: unknown, path: string): Iterable<FieldProblem> {
  if (parameters === undefined || parameters === null) return yield required(path);
  const size = JSON.stringify(parameters).length;
  if (size > PARAMETERS_BYTES_MAX) yield tooLong(path, PARAMETERS_BYTES_MAX);
  if (typeof parameters !== "object" || Array.isArray(parameters))
    yield invalid(path, "<value omitted>", "must be a JSON object");
}

/** Names by which requests are referred to: `gpu`, and `gpu/large` for a choice of it. */
function namesOf(requests: readonly DeviceRequest[]): ReadonlySet<string> {
  const choices = requests.flatMap(({ name, firstAvailable = [] }) =>
    firstAvailable.map((choice) => `${name}/${choice.name}`),
  );
  return new Set([...requests.map(({ name }) => name), ...choices]);
}

function* unknownRequests(
  names: readonly string[] | undefined,
  known: ReadonlySet<string>,
  path: string,
): Iterable<FieldProblem> {
  for (const [index, name] of (names ?? []).entries())
    if (!known.has(name))
      yield invalid(
        item(path, index),
        name,
        "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
      );
}

/** The claim with one device for each request that wants a number and says none. */
export function withCounts(spec: ResourceClaimSpec): ResourceClaimSpec {
  const requests = spec.devices.requests?.map((request) => ({
    ...request,
    ...(request.exactly ? { exactly: counted(request.exactly) } : {}),
    ...(request.firstAvailable ? { firstAvailable: request.firstAvailable.map(counted) } : {}),
  }));
  return { ...spec, devices: { ...spec.devices, requests: requests ?? [] } };
}

const counted = <T extends Wish>(wish: T): T =>
  wish.allocationMode === "ExactCount" && !wish.count ? { ...wish, count: 1 } : wish;

export const CELDeviceSelector = struct("resource.v1.CELDeviceSelector", {
  expression: string(1).required().doc("Is true for devices that count."),
});
export interface CELDeviceSelector extends Of<typeof CELDeviceSelector> {}

export const CapacityRequirements = struct("resource.v1.CapacityRequirements", {
  requests: map(1, quantity).doc("Least capacity by name."),
});
export interface CapacityRequirements extends Of<typeof CapacityRequirements> {}

export const DeviceSelector = struct(
  "resource.v1.DeviceSelector",
  {
    cel: ref(1, CELDeviceSelector).doc("By a CEL expression."),
  },
  {
    *validate({ cel }, path) {
      if (cel) yield* problemsOfSelector(cel.expression, `${path}.cel.expression`);
      else yield required(`${path}.cel`);
    },
  },
);
export interface DeviceSelector extends Of<typeof DeviceSelector> {}

export const DeviceToleration = struct(
  "resource.v1.DeviceToleration",
  {
    key: string(1).format("qualified-name").doc("Key of the taint; empty for all."),
    operator: string(2).oneOf("Exists", "Equal").default("Equal").doc("Exists or Equal."),
    value: string(3).doc("Value of the taint, for Equal."),
    effect: string(4)
      .oneOf("None", "NoSchedule", "NoExecute")
      .doc("NoSchedule or NoExecute; empty for both."),
    tolerationSeconds: int64(5).pointer().doc("How long NoExecute is borne, in seconds."),
  },
  {
    *validate({ key, operator, value }, path) {
      if (!key && operator !== "Exists")
        yield invalid(
          `${path}.operator`,
          operator,
          'must be Exists when `key` is empty, which means "match all keys and all values"',
        );
      if (operator === "Exists" && value)
        yield invalid(`${path}.value`, value, "must be empty when `operator` is 'Exists'");
      if (operator === "Equal" && value) yield* named(`${path}.value`, value, "label-value");
    },
  },
);
export interface DeviceToleration extends Of<typeof DeviceToleration> {}

export const ExactDeviceRequest = struct(
  "resource.v1.ExactDeviceRequest",
  {
    deviceClassName: string(1).required().doc("Class of the devices."),
    selectors: list(2, DeviceSelector).atomic().maxItems(32).doc("Devices fulfil all of them."),
    allocationMode: string(3).default("ExactCount").doc("ExactCount or All."),
    count: int64(4).doc("How many devices."),
    adminAccess: bool(5)
      .pointer()
      .gate("DRAAdminAccess")
      .doc("Devices that others use too, for their administration."),
    tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints").doc("Taints that are borne."),
    capacity: ref(7, CapacityRequirements)
      .gate("DRAConsumableCapacity")
      .doc("Capacity that is wanted of the devices."),
  },
  { validate: problemsOfWish },
);
export interface ExactDeviceRequest extends Of<typeof ExactDeviceRequest> {}

export const DeviceSubRequest = struct(
  "resource.v1.DeviceSubRequest",
  {
    name: string(1).required().doc("Name of this choice."),
    deviceClassName: string(2).required().format("dns-subdomain").doc("Class of the devices."),
    selectors: list(3, DeviceSelector).atomic().maxItems(32).doc("Devices fulfil all of them."),
    allocationMode: string(4).default("ExactCount").doc("ExactCount or All."),
    count: int64(5).doc("How many devices."),
    tolerations: list(6, DeviceToleration).atomic().gate("DRADeviceTaints").doc("Taints that are borne."),
    capacity: ref(7, CapacityRequirements)
      .gate("DRAConsumableCapacity")
      .doc("Capacity that is wanted of the devices."),
  },
  {
    *validate(request, path) {
      yield* problemsOfRequestName(request.name, `${path}.name`);
      yield* problemsOfWish(request, path);
    },
  },
);
export interface DeviceSubRequest extends Of<typeof DeviceSubRequest> {}

export const DeviceRequest = struct(
  "resource.v1.DeviceRequest",
  {
    name: string(1).required().doc("Name of the request."),
    exactly: ref(2, ExactDeviceRequest).doc("One thing that is wanted."),
    firstAvailable: list(3, DeviceSubRequest)
      .atomic()
      .maxItems(8)
      .gate("DRAPrioritizedList")
      .doc("Several things, the first that can be had."),
  },
  {
    *validate({ name, exactly, firstAvailable = [] }, path) {
      yield* problemsOfRequestName(name, `${path}.name`);
      const one = "exactly one of `exactly` or `firstAvailable` is required";
      if (exactly && firstAvailable.length > 0)
        yield invalid(
          path,
          null,
          `exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
        );
      else if (!exactly && firstAvailable.length === 0) yield required(path, one);
      yield* distinct(`${path}.firstAvailable`, firstAvailable, (request) => request.name, "name");
    },
  },
);
export interface DeviceRequest extends Of<typeof DeviceRequest> {}

export const DeviceConstraint = struct(
  "resource.v1.DeviceConstraint",
  {
    requests: list(1, string).atomic().maxItems(32).doc("Requests that it is for; empty for all."),
    matchAttribute: string(2)
      .pointer()
      .format("resource-fully-qualified-name")
      .doc("Attribute that is the same in all devices."),
    distinctAttribute: string(3)
      .pointer()
      .gate("DRAConsumableCapacity")
      .doc("Attribute that is another in each device."),
  },
  {
    *validate({ requests, matchAttribute, distinctAttribute }, path) {
      yield* distinct(`${path}.requests`, requests, (request) => request);
      if (matchAttribute === undefined && distinctAttribute === undefined)
        yield required(path, "exactly one of `distinctAttribute` or `matchAttribute` is required");
      if (distinctAttribute !== undefined)
        yield* named(`${path}.distinctAttribute`, distinctAttribute, "resource-fully-qualified-name");
    },
  },
);
export interface DeviceConstraint extends Of<typeof DeviceConstraint> {}

export const OpaqueDeviceConfiguration = struct(
  "resource.v1.OpaqueDeviceConfiguration",
  {
    driver: string(1).required().format("dns-subdomain-caseless").doc("Driver that they are for."),
    parameters: json(2).required().doc("The settings."),
  },
  {
    *validate({ driver, parameters }, path) {
      if (driver === "") yield required(`${path}.driver`);
      else if (driver.length > DRIVER_BYTES_MAX) yield tooLong(`${path}.driver`, DRIVER_BYTES_MAX);
      yield* problemsOfParameters(parameters, `${path}.parameters`);
    },
  },
);
export interface OpaqueDeviceConfiguration extends Of<typeof OpaqueDeviceConfiguration> {}

export const DeviceConfiguration = struct(
  "resource.v1.DeviceConfiguration",
  {
    opaque: ref(1, OpaqueDeviceConfiguration).doc("Settings that only the driver understands."),
  },
  {
    *validate({ opaque }, path) {
      if (!opaque) yield required(`${path}.opaque`);
    },
  },
);
export interface DeviceConfiguration extends Of<typeof DeviceConfiguration> {}

export const DeviceClaimConfiguration = struct("resource.v1.DeviceClaimConfiguration", {
  requests: list(1, string).atomic().maxItems(32).doc("Requests that it is for; empty for all."),
  deviceConfiguration: inline(2, DeviceConfiguration),
});
export interface DeviceClaimConfiguration extends Of<typeof DeviceClaimConfiguration> {}

export const DeviceClaim = struct(
  "resource.v1.DeviceClaim",
  {
    requests: list(1, DeviceRequest).always().atomic().maxItems(32).doc("Devices, request by request."),
    constraints: list(2, DeviceConstraint).atomic().maxItems(32).doc("What the devices must have in common."),
    config: list(3, DeviceClaimConfiguration).atomic().maxItems(32).doc("Settings for their drivers."),
  },
  {
    *validate({ requests, constraints = [], config = [] }, path) {
      yield* distinct(`${path}.requests`, requests, ({ name }) => name, "name");
      const known = namesOf(requests);
      for (const [index, constraint] of constraints.entries())
        yield* unknownRequests(constraint.requests, known, `${item(`${path}.constraints`, index)}.requests`);
      for (const [index, settings] of config.entries())
        yield* unknownRequests(settings.requests, known, `${item(`${path}.config`, index)}.requests`);
    },
  },
);
export interface DeviceClaim extends Of<typeof DeviceClaim> {}

export const ResourceClaimSpec = struct("resource.v1.ResourceClaimSpec", {
  devices: value(1, DeviceClaim).doc("Devices that are wanted."),
});
export interface ResourceClaimSpec extends Of<typeof ResourceClaimSpec> {}
