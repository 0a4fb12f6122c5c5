import type { WebhookClientConfig } from "#api/admissionregistration-v1/webhook";

/** Where a webhook is reached. */
export interface Target {
  /** `https://host:port/path`, for a service under its name in the cluster. */
  readonly url: URL;
  /** As messages show it. */
  readonly text: string;
  /** The service whose endpoints stand behind the URL; undefined: the host itself. */
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number } | undefined;
  /** PEM of the authorities that its certificate may come from; undefined: those of the machine. */
  readonly ca: string | undefined;
}

const PORT = 443;

export function targetOf({ url, service, caBundle }: WebhookClientConfig): Target {
  const ca = caBundle ? Buffer.from(caBundle, "base64").toString("utf8") : undefined;
  if (!service) return { url: new URL(url!), text: withPath(url!), service: undefined, ca };
  const { namespace, name, path = "", port = PORT } = service;
  const place = path.startsWith("/") ? path : `/${path}`;
  const text = `https://${name}.${namespace}.svc:${port}${place}`;
  return { url: new URL(text), text, service: { namespace, name, port }, ca };
}

/** `https://host` is `https://host/`. */
const withPath = (url: string): string => (/^https:\/\/[^/]+$/i.test(url) ? `${url}/` : url);
