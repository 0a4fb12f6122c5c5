/** What policies cost a write, in process and in memory. Run: node src/apiserver/admission/policies/policies.bench.ts */
import { ConfigMap } from "#api/core-v1/configmap";
import { startPolicyServer } from "./test-kit.ts";

const WARM_UP = 2_000;
const MAPS_PER_ROUND = 5_000;
const ROUNDS = 3;
const POLICIES = 10;

const ends: (() => unknown)[] = [];
const { server, validating } = await startPolicyServer({ after: (end) => void ends.push(end) });
const transport = server.transport({ name: "admin", groups: ["system:masters", "system:authenticated"] });
let made = 0;

async function create(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const metadata = { name: `m-${made++}`, labels: { app: "bench" } };
    const body = { metadata, data: { key: "value" } };
    await transport.call({ resource: ConfigMap, verb: "create", namespace: "default", body });
  }
}

async function measure(what: string): Promise<void> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Of the processor's time: whoever else works on the machine does not count.
    const before = process.cpuUsage();
    await create(MAPS_PER_ROUND);
    const { user, system } = process.cpuUsage(before);
    rates.push((MAPS_PER_ROUND * 1_000_000) / (user + system));
  }
  const shown = rates.map((rate) => Math.round(rate)).join(", ");
  process.stdout.write(`${what}: ${shown} config maps a CPU second\n`);
}

const POLICY = {
  variables: [{ name: "labels", expression: "object.metadata.?labels.orValue({})" }],
  validations: [
    { expression: "variables.labels.size() > 0", message: "labels are wanted" },
    { expression: "object.data.all(key, object.data[key].size() < 100)" },
  ],
};

await create(WARM_UP);
await measure("no policy");
const secrets = { operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["secrets"] };
for (let n = 0; n < POLICIES; n++)
  await validating(`other-${n}`, { ...POLICY, matchConstraints: { resourceRules: [secrets] } });
await measure(`${POLICIES} policies about other kinds`);
for (let n = 0; n < POLICIES; n++) await validating(`own-${n}`, POLICY);
await measure(`${POLICIES} more policies about config maps`);
for (const end of ends.toReversed()) await end();
