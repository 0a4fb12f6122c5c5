import type { Query } from "#client/transport";
import { type Arguments, type Options, UsageError } from "../verb.ts";

export const validateOptions = {
  validate: {
    type: "string",
    bare: "strict",
    value: "strict",
    help: "unknown fields: strict refuses, warn tells, ignore drops them",
  },
} as const satisfies Options;

const LEVELS: Readonly<Record<string, string>> = {
  strict: "Strict",
  true: "Strict",
  warn: "Warn",
  ignore: "Ignore",
  false: "Ignore",
};

export function validationQuery(args: Arguments): Query {
  const text = args.text("validate") ?? "strict";
  const fieldValidation = Object.hasOwn(LEVELS, text) ? LEVELS[text] : undefined;
  if (fieldValidation === undefined)
    throw new UsageError(
      `invalid - validate option "${text}"; must be one of: strict (or true), warn, ignore (or false)`,
    );
  return { fieldValidation };
}
