/** Run: node src/machinery/derive/protobuf.bench.ts */
import { Pod } from "#api/core-v1/pod";
import { measure, report, samplePod } from "./bench-pod.ts";
import { decodeJson } from "./json.ts";
import { decodeProtobuf, encodeProtobuf } from "./protobuf.ts";

const text = JSON.stringify(samplePod);
const pod = decodeJson<object>(Pod, samplePod);
const bytes = encodeProtobuf(Pod, pod);

report(`pod of ${text.length} bytes, ${bytes.length} in protobuf`, {
  "JSON.parse": measure(() => JSON.parse(text)),
  encodeProtobuf: measure(() => encodeProtobuf(Pod, pod)),
  decodeProtobuf: measure(() => decodeProtobuf(Pod, bytes)),
});
