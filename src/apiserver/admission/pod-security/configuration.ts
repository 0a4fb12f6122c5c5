/** What the operator says of pod security, in the AdmissionConfiguration of the server. */
import { parseConfiguration, ConfigurationError } from "../../configuration/configuration-file.ts";
import { DecodeError, decodeJson, strictDecodingText } from "#machinery/derive/json";
import { isObject } from "#machinery/patch/merge-patch";
import { list, map, type Of, string, struct, value } from "#machinery/schema";
import { parseYaml } from "#machinery/yaml";

const LEVELS = ["privileged", "baseline", "restricted"] as const;

const Exemptions = struct("podsecurity.v1.PodSecurityExemptions", {
  usernames: list(1, string).doc("Users whose pods are not looked at."),
  namespaces: list(2, string).doc("Namespaces whose pods are not looked at."),
  runtimeClasses: list(3, string).doc("Runtime classes whose pods are not looked at."),
});

const PodSecurityConfiguration = struct("podsecurity.v1.PodSecurityConfiguration", {
  apiVersion: string(1).doc("pod-security.admission.config.k8s.io/v1."),
  kind: string(2).doc("PodSecurityConfiguration."),
  defaults: map(3, string).doc("Levels and versions for namespaces that say none."),
  exemptions: value(4, Exemptions).doc("What is not looked at."),
});

/** Levels and versions for namespaces that have no such label, by mode (`enforce`, `enforce-version` …). */
export interface PodSecuritySettings {
  readonly defaults: Readonly<Record<string, string>>;
  readonly exemptions: Of<typeof Exemptions>;
}

export const NO_SETTINGS: PodSecuritySettings = { defaults: {}, exemptions: {} };

const GROUP = "pod-security.admission.config.k8s.io";
const VERSIONS = ["v1", "v1beta1", "v1alpha1"];
const VERSION = /^(latest|v1\.(0|[1-9][0-9]*))$/;
const MODES = ["enforce", "audit", "warn"];

const Plugin = struct("apiserver.v1.AdmissionPluginConfiguration", {
  name: string(1).doc("Plugin."),
  path: string(2).doc("File with its configuration."),
});
const AdmissionConfiguration = struct("apiserver.v1.AdmissionConfiguration", {
  apiVersion: string(1).doc("apiserver.config.k8s.io/v1."),
  kind: string(2).doc("AdmissionConfiguration."),
  plugins: list(3, Plugin).doc("One entry for each plugin that is configured."),
});

/** From the text of an AdmissionConfiguration. Throws ConfigurationError, also for plugins that take no configuration. */
export function podSecurityOf(text: string): PodSecuritySettings {
  const { file, parts } = withoutParts(text);
  const { plugins = [] } = parseConfiguration(
    { kind: "AdmissionConfiguration", versions: ["v1"], schema: AdmissionConfiguration },
    JSON.stringify(file),
  );
  let settings = NO_SETTINGS;
  for (const [index, { name, path }] of plugins.entries()) {
    if (name !== "PodSecurity")
      throw new ConfigurationError(
        `plugins[${index}]: admission plugin "${name ?? ""}" takes no configuration`,
      );
    if (path)
      throw new ConfigurationError(`plugins[${index}].path: write what the file says into configuration`);
    if (parts[index] !== undefined) settings = settingsOf(parts[index]);
  }
  return settings;
}

/** The file, and apart from it what each plugin is told: that has kinds of its own. */
function withoutParts(text: string): { readonly file: unknown; readonly parts: readonly unknown[] } {
  let file: unknown;
  try {
    file = parseYaml(text);
  } catch (cause) {
    throw new ConfigurationError((cause as Error).message, { cause });
  }
  if (!isObject(file) || !Array.isArray(file.plugins)) return { file, parts: [] };
  const parts: unknown[] = [];
  const plugins = file.plugins.map((plugin: unknown) => {
    if (!isObject(plugin)) return plugin;
    const { configuration, ...rest } = plugin;
    parts.push(configuration);
    return rest;
  });
  return { file: { ...file, plugins }, parts };
}

function settingsOf(part: unknown): PodSecuritySettings {
  const { apiVersion = "", kind = "" } = isObject(part) ? part : {};
  if (
    kind !== "PodSecurityConfiguration" ||
    !VERSIONS.some((version) => apiVersion === `${GROUP}/${version}`)
  )
    throw new ConfigurationError(
      `no kind "${String(kind)}" is registered for ${String(apiVersion)}; PodSecurity is told by a PodSecurityConfiguration of ${GROUP}/v1`,
    );
  const unknown: string[] = [];
  let settings: Of<typeof PodSecurityConfiguration>;
  try {
    settings = decodeJson(
      PodSecurityConfiguration,
      part,
      (path) => void unknown.push(`unknown field "${path}"`),
    );
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ConfigurationError(cause.message, { cause });
  }
  if (unknown.length > 0) throw new ConfigurationError(strictDecodingText(unknown));
  const { defaults = {}, exemptions } = settings;
  for (const [name, text] of Object.entries(defaults)) refuseDefault(name, text);
  return { defaults, exemptions };
}

function refuseDefault(name: string, text: string): void {
  const mode = name.replace(/-version$/, "");
  if (!MODES.includes(mode)) throw new ConfigurationError(`unknown field "defaults.${name}"`);
  if (mode === name && !LEVELS.some((level) => level === text))
    throw new ConfigurationError(`defaults.${name}: must be one of ${LEVELS.join(", ")}`);
  if (mode !== name && !VERSION.test(text))
    throw new ConfigurationError(`defaults.${name}: must be "latest" or "v1.x"`);
}
