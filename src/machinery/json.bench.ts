/** Run: node src/machinery/json.bench.ts */
import { measure, report, samplePod } from "./derive/bench-pod.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { formatYaml, parseYaml } from "./yaml.ts";

const text = JSON.stringify(samplePod);
const yaml = formatYaml(samplePod);

report(`pod of ${text.length} bytes, ${yaml.length} in YAML`, {
  "JSON.parse": measure(() => JSON.parse(text)),
  parseJson: measure(() => parseJson(text)),
  "parseJson that tells repeated keys": measure(() => parseJson(text, { onDuplicate: () => undefined })),
  stringifyJson: measure(() => stringifyJson(samplePod)),
  parseYaml: measure(() => parseYaml(yaml)),
  formatYaml: measure(() => formatYaml(samplePod)),
});
