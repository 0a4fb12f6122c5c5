import { readFileSync } from "node:fs";
import { type Arguments, type Options, UsageError, type VerbTable } from "../../verb.ts";
import { generator } from "./generator.ts";
import { keyValueOptions, keyValues } from "./key-values.ts";

const base64 = (value: Uint8Array | string): string => Buffer.from(value as string).toString("base64");

function required(args: Arguments, option: string): string {
  const text = args.text(option);
  if (text === undefined) throw new UsageError(`--${option} is required`);
  return text;
}

const generic = generator({
  usage:
    "secret generic NAME [--type=TYPE] [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE] [--from-env-file=FILE]",
  summary: "Makes a secret from files and words.",
  options: { ...keyValueOptions, type: { type: "string", value: "TYPE", help: "type of the secret" } },
  make(_name, args) {
    const data = Object.fromEntries([...keyValues(args)].map(([key, value]) => [key, base64(value)]));
    const type = args.text("type");
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {},
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(type === undefined ? {} : { type }),
    };
  },
});

const tls = generator({
  usage: "secret tls NAME --cert=FILE --key=FILE",
  summary: "Makes a secret of a certificate and its key.",
  options: {
    cert: { type: "string", value: "FILE", help: "the certificate, PEM" },
    key: { type: "string", value: "FILE", help: "its private key, PEM" },
  },
  make: (_name, args) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {},
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": base64(readFileSync(required(args, "cert"))),
      "tls.key": base64(readFileSync(required(args, "key"))),
    },
  }),
});

const DOCKER_OPTIONS = {
  "docker-server": { type: "string", value: "HOST", help: "the registry" },
  "docker-username": { type: "string", value: "NAME", help: "user of the registry" },
  "docker-password": { type: "string", value: "TEXT", help: "password of the user" },
  "docker-email": { type: "string", value: "ADDRESS", help: "mail address of the user" },
} as const satisfies Options;

const dockerRegistry = generator({
  usage: "secret docker-registry NAME --docker-server=HOST --docker-username=NAME --docker-password=TEXT",
  summary: "Makes a secret to pull images with.",
  options: DOCKER_OPTIONS,
  make(_name, args) {
    const [username, password] = [required(args, "docker-username"), required(args, "docker-password")];
    const email = args.text("docker-email");
    const auth = base64(`${username}:${password}`);
    const server = args.text("docker-server") ?? "https://index.docker.io/v1/";
    const entry = { username, password, ...(email === undefined ? {} : { email }), auth };
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {},
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": base64(JSON.stringify({ auths: { [server]: entry } })) },
    };
  },
});

export const secret: VerbTable = {
  name: "k8ts kubectl create secret",
  summary: "Makes a secret.",
  verbs: {
    "docker-registry": { summary: "to pull images with", load: async () => dockerRegistry },
    generic: { summary: "from files and words", load: async () => generic },
    tls: { summary: "a certificate and its key", load: async () => tls },
  },
};
