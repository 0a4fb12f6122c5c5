import { arch, platform } from "node:process";

/** The release of the API that this server speaks. */
export const API_MAJOR = "1";
export const API_MINOR = "35";
export const GIT_VERSION = "v1.35.0+k8ts1";

/** The document at `/version`. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly emulationMajor: string;
  readonly emulationMinor: string;
  readonly minCompatibilityMajor: string;
  readonly minCompatibilityMinor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  readonly buildDate: string;
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

const ARCHITECTURE: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export const versionInfo: VersionInfo = {
  major: API_MAJOR,
  minor: API_MINOR,
  emulationMajor: API_MAJOR,
  emulationMinor: API_MINOR,
  minCompatibilityMajor: API_MAJOR,
  minCompatibilityMinor: String(Number(API_MINOR) - 1),
  gitVersion: GIT_VERSION,
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: `node ${process.version}`,
  compiler: "v8",
  platform: `${platform}/${ARCHITECTURE[arch] ?? arch}`,
};
