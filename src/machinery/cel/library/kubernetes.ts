/** All functions that expressions in Kubernetes have. */
import { functionTable } from "../function-table.ts";
import { authorizer } from "./authorizer.ts";
import { formats } from "./formats.ts";
import { ip } from "./ip.ts";
import { lists } from "./lists.ts";
import { optional } from "./optional.ts";
import { quantity } from "./quantity.ts";
import { regex } from "./regex.ts";
import { semver } from "./semver.ts";
import { standard } from "./standard.ts";
import { strings } from "./strings.ts";
import { time } from "./time.ts";
import { url } from "./url.ts";

export const KUBERNETES_FUNCTIONS = functionTable(
  standard,
  time,
  optional,
  strings,
  lists,
  regex,
  url,
  ip,
  quantity,
  formats,
  semver,
  authorizer,
);
