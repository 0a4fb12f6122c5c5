import { distinct, named, notNegative, setMembers, unchanged } from "#api/checks";
import { ageColumn, nameColumn, text } from "#api/columns";
import { NodeSelector } from "#api/core-v1/affinity";
import { ObjectMeta } from "#api/meta-v1/objectmeta";
import { DeviceTaint } from "#api/resource-v1/devicetaint";
import {
  bool,
  entry,
  type FieldProblem,
  int64,
  invalid,
  item,
  list,
  map,
  type Of,
  quantity,
  ref,
  required,
  resource,
  string,
  struct,
  tooLong,
  tooMany,
  value,
} from "#machinery/schema";

const DEVICES_MAX = 128;
/** Devices that have taints or take from counters cost more to look at. */
const SPECIAL_DEVICES_MAX = 64;
const ATTRIBUTES_AND_CAPACITIES_MAX = 32;
const COUNTERS_MAX = 32;
const ATTRIBUTE_BYTES_MAX = 64;
const DRIVER_BYTES_MAX = 63;
const TAINTS_MAX = 16;
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Whoever has devices: one node, some of them, all of them, or each device says so itself. */
interface Placed {
  readonly nodeName?: string | undefined;
  readonly nodeSelector?: NodeSelector | undefined;
  readonly allNodes?: boolean | undefined;
}

function* problemsOfCounters(
  counters: Readonly<Record<string, unknown>> | undefined,
  path: string,
): Iterable<FieldProblem> {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) yield required(path);
  if (names.length > COUNTERS_MAX) yield tooMany(path, names.length, COUNTERS_MAX);
  for (const name of names) yield* named(entry(path, name), name, "dns-label");
}

/** Names of attributes and capacities: an identifier, with or without a domain before it. */
function* problemsOfQualifiedKey(key: string, path: string): Iterable<FieldProblem> {
  if (key.includes("/")) yield* named(entry(path, key), key, "resource-fully-qualified-name");
  else yield* named(entry(path, key), key, "c-identifier");
}

function* problemsOfPlace(
  places: readonly string[],
  of: readonly string[],
  path: string,
): Iterable<FieldProblem> {
  const list = of
    .map((name) => `\`${name}\``)
    .join(", ")
    .replace(/, ([^,]*)$/, ", or $1");
  if (places.length === 0) yield required(path, `exactly one of ${list} is required`);
  if (places.length > 1)
    yield invalid(
      path,
      `{${places.join(", ")}}`,
      `exactly one of ${list} is required, but multiple fields are set`,
    );
}

const placesOf = ({ nodeName, nodeSelector, allNodes }: Placed): string[] => [
  ...(nodeName === undefined ? [] : ["nodeName"]),
  ...(nodeSelector === undefined ? [] : ["nodeSelector"]),
  ...(allNodes === true ? ["allNodes"] : []),
];

export const CapacityRequestPolicyRange = struct("resource.v1.CapacityRequestPolicyRange", {
  min: quantity(1).pointer().required().omitEmpty().doc("Least amount."),
  max: quantity(2).pointer().doc("Largest amount."),
  step: quantity(3).pointer().doc("Amounts grow in steps of this."),
});
export interface CapacityRequestPolicyRange extends Of<typeof CapacityRequestPolicyRange> {}

export const CapacityRequestPolicy = struct("resource.v1.CapacityRequestPolicy", {
  default: quantity(1).pointer().orNull().doc("What is taken where nothing is asked for."),
  validValues: list(3, quantity).atomic().doc("Amounts that can be asked for."),
  validRange: ref(4, CapacityRequestPolicyRange).doc("Range that can be asked for."),
});
export interface CapacityRequestPolicy extends Of<typeof CapacityRequestPolicy> {}

export const Counter = struct("resource.v1.Counter", {
  value: quantity(1).required().doc("How much."),
});
export interface Counter extends Of<typeof Counter> {}

export const CounterSet = struct(
  "resource.v1.CounterSet",
  {
    name: string(1).required().format("dns-label").doc("Name of the set."),
    counters: map(2, Counter).required().omitEmpty().doc("Counters by name."),
  },
  {
    *validate({ name, counters }, path) {
      if (name === "") yield required(`${path}.name`);
      yield* problemsOfCounters(counters, `${path}.counters`);
    },
  },
);
export interface CounterSet extends Of<typeof CounterSet> {}

export const DeviceAttribute = struct(
  "resource.v1.DeviceAttribute",
  {
    int: int64(2).pointer().doc("A whole number."),
    bool: bool(3).pointer().doc("True or false."),
    string: string(4).pointer().doc("A text."),
    version: string(5).pointer().doc("A version, such as 1.2.3."),
  },
  {
    *validate(attribute, path) {
      const set = setMembers(attribute, ["int", "bool", "string", "version"]);
      if (set.length === 0) yield required(path, "exactly one value must be specified");
      if (set.length > 1) yield invalid(path, attribute, "exactly one value must be specified");
      const { string: text, version } = attribute;
      if (text !== undefined && text.length > ATTRIBUTE_BYTES_MAX)
        yield tooLong(`${path}.string`, ATTRIBUTE_BYTES_MAX);
      if (version === undefined) return;
      if (version.length > ATTRIBUTE_BYTES_MAX) yield tooLong(`${path}.version`, ATTRIBUTE_BYTES_MAX);
      if (!SEMVER.test(version))
        yield invalid(`${path}.version`, version, "must be a string compatible with semver.org spec 2.0.0");
    },
  },
);
export interface DeviceAttribute extends Of<typeof DeviceAttribute> {}

export const DeviceCapacity = struct("resource.v1.DeviceCapacity", {
  value: quantity(1).required().doc("How much there is."),
  requestPolicy: ref(2, CapacityRequestPolicy)
    .gate("DRAConsumableCapacity")
    .doc("How much a claim can ask for."),
});
export interface DeviceCapacity extends Of<typeof DeviceCapacity> {}

export const DeviceCounterConsumption = struct(
  "resource.v1.DeviceCounterConsumption",
  {
    counterSet: string(1).required().format("dns-label").doc("Name of the set."),
    counters: map(2, Counter).required().omitEmpty().doc("How much of each counter."),
  },
  {
    *validate({ counterSet, counters }, path) {
      if (counterSet === "") yield required(`${path}.counterSet`);
      yield* problemsOfCounters(counters, `${path}.counters`);
    },
  },
);
export interface DeviceCounterConsumption extends Of<typeof DeviceCounterConsumption> {}

export const Device = struct(
  "resource.v1.Device",
  {
    name: string(1).required().doc("Name of the device."),
    attributes: map(2, DeviceAttribute).doc("Attributes by name."),
    capacity: map(3, DeviceCapacity).doc("Capacities by name."),
    consumesCounters: list(4, DeviceCounterConsumption)
      .atomic()
      .maxItems(2)
      .gate("DRAPartitionableDevices")
      .doc("What the device takes from shared counters."),
    nodeName: string(5).pointer().gate("DRAPartitionableDevices").doc("Node that has the device."),
    nodeSelector: ref(6, NodeSelector).gate("DRAPartitionableDevices").doc("Nodes that reach the device."),
    allNodes: bool(7).pointer().gate("DRAPartitionableDevices").doc("All nodes reach the device."),
    taints: list(8, DeviceTaint).atomic().gate("DRADeviceTaints").doc("Taints of the device."),
    bindsToNode: bool(9)
      .pointer()
      .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
      .doc("Using the device ties its claim to the node."),
    bindingConditions: list(10, string)
      .atomic()
      .maxItems(4)
      .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
      .doc("Conditions that must be true before pods are bound."),
    bindingFailureConditions: list(11, string)
      .atomic()
      .maxItems(4)
      .gate("DRADeviceBindingConditions", "DRAResourceClaimDeviceStatus")
      .doc("Conditions that end the attempt when true."),
    allowMultipleAllocations: bool(12)
      .pointer()
      .gate("DRAConsumableCapacity")
      .doc("Several claims can share the device."),
  },
  {
    *validate({ name, attributes = {}, capacity = {}, consumesCounters, taints = [] }, path) {
      if (name === "") yield required(`${path}.name`);
      else yield* named(`${path}.name`, name, "dns-label");
      const count = Object.keys(attributes).length + Object.keys(capacity).length;
      if (count > ATTRIBUTES_AND_CAPACITIES_MAX)
        yield invalid(
          path,
          count,
          `the total number of attributes and capacities must not exceed ${ATTRIBUTES_AND_CAPACITIES_MAX}`,
        );
      for (const key of Object.keys(attributes)) yield* problemsOfQualifiedKey(key, `${path}.attributes`);
      for (const key of Object.keys(capacity)) yield* problemsOfQualifiedKey(key, `${path}.capacity`);
      yield* distinct(
        `${path}.consumesCounters`,
        consumesCounters,
        ({ counterSet }) => counterSet,
        "counterSet",
      );
      if (taints.length > TAINTS_MAX) yield tooMany(`${path}.taints`, taints.length, TAINTS_MAX);
    },
  },
);
export interface Device extends Of<typeof Device> {}

export const ResourcePool = struct(
  "resource.v1.ResourcePool",
  {
    name: string(1).required().doc("Name of the pool."),
    generation: int64(2).required().doc("Slices of the highest generation count."),
    resourceSliceCount: int64(3).required().doc("How many slices the pool has in this generation."),
  },
  {
    *validate({ name, generation, resourceSliceCount: count }, path) {
      if (name === "") yield required(`${path}.name`);
      else yield* named(`${path}.name`, name, "resource-pool-name");
      yield* notNegative(`${path}.generation`, generation);
      if (count <= 0) yield invalid(`${path}.resourceSliceCount`, count, "must be greater than zero");
    },
  },
);
export interface ResourcePool extends Of<typeof ResourcePool> {}

export const ResourceSliceSpec = struct(
  "resource.v1.ResourceSliceSpec",
  {
    driver: string(1).required().doc("Driver of the devices."),
    pool: value(2, ResourcePool).required().doc("Pool of the devices."),
    nodeName: string(3).pointer().doc("Node that has the devices."),
    nodeSelector: ref(4, NodeSelector).doc("Nodes that reach the devices."),
    allNodes: bool(5).pointer().doc("All nodes reach the devices."),
    devices: list(6, Device).atomic().doc("The devices."),
    perDeviceNodeSelection: bool(7)
      .pointer()
      .gate("DRAPartitionableDevices")
      .doc("Each device says which nodes reach it."),
    sharedCounters: list(8, CounterSet)
      .atomic()
      .maxItems(8)
      .gate("DRAPartitionableDevices")
      .doc("Sets of counters that devices take from."),
  },
  {
    *validate(spec, path) {
      const { driver, devices = [], sharedCounters = [], perDeviceNodeSelection, nodeName } = spec;
      if (driver === "") yield required(`${path}.driver`);
      else yield* named(`${path}.driver`, driver, "dns-subdomain");
      if (driver.length > DRIVER_BYTES_MAX) yield tooLong(`${path}.driver`, DRIVER_BYTES_MAX);
      if (nodeName !== undefined) yield* named(`${path}.nodeName`, nodeName, "dns-subdomain");
      yield* problemsOfPlace(
        [...placesOf(spec), ...(perDeviceNodeSelection ? ["perDeviceNodeSelection"] : [])],
        ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"],
        path,
      );
      yield* distinct(`${path}.sharedCounters`, sharedCounters, ({ name }) => name, "name");
      if (devices.length > 0 && sharedCounters.length > 0)
        yield invalid(
          path,
          `{devices, sharedCounters}`,
          "only one of `sharedCounters` or `devices` is allowed",
        );
      yield* problemsOfDevices(devices, perDeviceNodeSelection === true, `${path}.devices`);
    },
  },
);

function* problemsOfDevices(
  devices: readonly Device[],
  eachPlaced: boolean,
  path: string,
): Iterable<FieldProblem> {
  const special = devices.some(
    ({ taints = [], consumesCounters = [] }) => taints.length > 0 || consumesCounters.length > 0,
  );
  const most = special ? SPECIAL_DEVICES_MAX : DEVICES_MAX;
  if (devices.length > most) yield tooMany(path, devices.length, most);
  yield* distinct(path, devices, ({ name }) => name, "name");
  for (const [index, device] of devices.entries()) {
    const places = placesOf(device);
    if (eachPlaced)
      yield* problemsOfPlace(places, ["nodeName", "nodeSelector", "allNodes"], item(path, index));
    else if (places.length > 0)
      yield invalid(
        `${item(path, index)}.${places[0]!}`,
        null,
        "`nodeName`, `nodeSelector`, and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
      );
  }
}

export interface ResourceSliceSpec extends Of<typeof ResourceSliceSpec> {}

export const ResourceSlice = resource({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceSlice",
  doc: "Devices that a driver offers.",
  plural: "resourceslices",
  namespaced: false,
  metadata: ObjectMeta,
  spec: ResourceSliceSpec,
  specRequired: true,
  counted: true,

  columns: [
    nameColumn,
    text("Node", ({ spec }) => spec.nodeName ?? ""),
    text("Driver", ({ spec }) => spec.driver),
    text("Pool", ({ spec }) => spec.pool.name),
    ageColumn,
  ],

  fieldSelectors: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.driver": ({ spec }) => spec.driver,
  },
  rules: {
    prepareForCreate: (slice, { now }) => ({ ...slice, spec: withTaintTimes(slice.spec, now) }),
    prepareForUpdate: (slice, _old, { now }) => ({ ...slice, spec: withTaintTimes(slice.spec, now) }),
    *validateUpdate({ spec }, { spec: old }) {
      yield* unchanged("spec.driver", spec.driver, old.driver);
      yield* unchanged("spec.pool.name", spec.pool.name, old.pool.name);
      yield* unchanged("spec.nodeName", spec.nodeName, old.nodeName);
    },
  },
});
/** Taints remember since when they are there. */
function withTaintTimes(spec: ResourceSliceSpec, now: string): ResourceSliceSpec {
  if (!spec.devices?.some(({ taints }) => taints?.some(({ timeAdded }) => !timeAdded))) return spec;
  const devices = spec.devices.map((device) =>
    device.taints
      ? { ...device, taints: device.taints.map((taint) => ({ ...taint, timeAdded: taint.timeAdded ?? now })) }
      : device,
  );
  return { ...spec, devices };
}

export interface ResourceSlice extends Of<typeof ResourceSlice> {}
