/** Run: node src/machinery/derive/json.bench.ts */
import { Pod } from "#api/core-v1/pod";
import { measure, report, samplePod } from "./bench-pod.ts";
import { decodeJson } from "./json.ts";

const text = JSON.stringify(samplePod);
const canonical = decodeJson<object>(Pod, samplePod);
const ordered = JSON.stringify(canonical);

report(`pod of ${text.length} bytes`, {
  "JSON.parse": measure(() => JSON.parse(text)),
  "JSON.parse, decodeJson": measure(() => decodeJson(Pod, JSON.parse(text))),
  "JSON.parse, decodeJson of canonical text": measure(() => decodeJson(Pod, JSON.parse(ordered))),
  "decodeJson of a canonical object": measure(() => decodeJson(Pod, canonical)),
  "JSON.stringify": measure(() => JSON.stringify(canonical)),
});
