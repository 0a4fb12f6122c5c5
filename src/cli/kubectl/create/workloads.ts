import { type Arguments, type Options, UsageError } from "../../verb.ts";
import { numberOf } from "../durations.ts";
import { generator } from "./generator.ts";

const IMAGE: Options = {
  image: { type: "string", multiple: true, value: "IMAGE", help: "image of the container" },
};

function imagesOf(args: Arguments): readonly [string, ...string[]] {
  const [first, ...more] = args.list("image");
  if (first === undefined) throw new UsageError('required flag(s) "image" not set');
  return [first, ...more];
}

/** `team/web:1.2` gives `web`. */
function containerName(image: string): string {
  const last = image.split("/").at(-1) ?? image;
  return last
    .replace(/[:@].*$/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-");
}

const commandOf = ({ rest }: Arguments) => (rest && rest.length > 0 ? { command: rest } : {});

export const deployment = generator({
  usage: "deployment NAME --image=IMAGE [--replicas=N] [--port=PORT] [-- COMMAND…]",
  summary: "Makes a deployment.",
  options: {
    ...IMAGE,
    replicas: { type: "string", short: "r", value: "N", help: "how many pods, by default one" },
    port: { type: "string", value: "PORT", help: "the port that the container listens on" },
  },
  make(name, args) {
    const images = imagesOf(args);
    if (images.length > 1 && args.rest)
      throw new UsageError("cannot specify multiple --image options and command");
    const port = numberOf(args, "port");
    const labels = { app: name };
    const containers = images.map((image, at) => ({
      image,
      name: containerName(image),
      ...commandOf(args),
      ...(port !== undefined && at === 0 ? { ports: [{ containerPort: port }] } : {}),
    }));
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { labels },
      spec: {
        replicas: numberOf(args, "replicas") ?? 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    };
  },
});

const jobSpec = (name: string, args: Arguments) => {
  const [image] = imagesOf(args);
  const restartPolicy = args.text("restart") ?? "Never";
  return { template: { spec: { containers: [{ image, name, ...commandOf(args) }], restartPolicy } } };
};

export const job = generator({
  usage: "job NAME --image=IMAGE [-- COMMAND…]",
  summary: "Makes a job.",
  options: IMAGE,
  make: (name, args) => ({ apiVersion: "batch/v1", kind: "Job", metadata: {}, spec: jobSpec(name, args) }),
});

export const cronJob = generator({
  usage: "cronjob NAME --image=IMAGE --schedule='0/5 * * * ?' [--restart=OnFailure] [-- COMMAND…]",
  summary: "Makes a job on a schedule.",
  options: {
    ...IMAGE,
    schedule: { type: "string", value: "CRON", help: "when it runs" },
    restart: { type: "string", value: "POLICY", help: "OnFailure or Never" },
  },
  make(name, args) {
    const schedule = args.text("schedule");
    if (schedule === undefined) throw new UsageError('required flag(s) "schedule" not set');
    const spec = jobSpec(name, args);
    const restartPolicy = args.text("restart") ?? "OnFailure";
    const template = { spec: { ...spec.template.spec, restartPolicy } };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: {},
      spec: { jobTemplate: { metadata: { name }, spec: { template } }, schedule },
    };
  },
});
