/** Names of images as users write them. */

export interface ImageName {
  readonly registry: string;
  /** Without the registry: `library/nginx`. */
  readonly repository: string;
  /** Empty when there is a digest instead. */
  readonly tag: string;
  /** `sha256:…`, or empty. */
  readonly digest: string;
}

const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const DOMAIN =
  "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
const NAME = new RegExp(
  `^(?:(${DOMAIN})/)?(${COMPONENT}(?:/${COMPONENT})*)(?::(\\w[\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,}))?$`,
);
const NAME_LENGTH_MAX = 512;

/** Undefined for what is no image name. */
export function parseImageName(text: string): ImageName | undefined {
  if (text.length > NAME_LENGTH_MAX || /^[0-9a-f]{64}$/.test(text)) return undefined;
  const match = NAME.exec(withRegistry(text));
  if (!match) return undefined;
  const [, registry = "docker.io", repository = "", tag = "", digest = ""] = match;
  return { registry, repository, tag: tag || (digest ? "" : "latest"), digest };
}

/** `nginx` to `docker.io/library/nginx`. */
function withRegistry(text: string): string {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  if (isRegistry) return text;
  return slash < 0 ? `docker.io/library/${text}` : `docker.io/${text}`;
}

/** The full name, as runtimes know it. */
export const fullName = ({ registry, repository, tag, digest }: ImageName): string =>
  `${registry}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
