/** Checks an authentication configuration, and makes of it what tokens are judged by. */
import type { Program } from "#machinery/cel/program";
import { problemsOfName } from "#machinery/names";
import { at, duplicate, type FieldProblem, invalid, item, required, tooMany } from "#machinery/schema";
import { refuseProblems } from "../../configuration/configuration-file.ts";
import type {
  Anonymous,
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimValidationRule,
  ExtraMapping,
  Issuer,
  JwtAuthenticatorConfiguration,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from "./authentication-configuration.ts";
import {
  type Compiled,
  compileClaimMapping,
  compileClaimRule,
  compileUserRule,
} from "./claim-expressions.ts";
import { issuerProblems } from "./validate-issuer.ts";

/** Where one fact about the user comes from. */
export type ClaimSource =
  | { readonly type: "claim"; readonly claim: string; readonly prefix: string }
  | { readonly type: "expression"; readonly program: Program }
  | { readonly type: "nothing" };

export type ClaimRule =
  | { readonly type: "claim"; readonly claim: string; readonly value: string }
  | {
      readonly type: "expression";
      readonly text: string;
      readonly program: Program;
      readonly message: string;
    };

export interface UserRule {
  readonly text: string;
  readonly program: Program;
  readonly message: string;
}

/** One issuer, ready to judge its tokens. */
export interface CompiledIssuer {
  readonly issuer: Issuer;
  readonly claimRules: readonly ClaimRule[];
  readonly username: ClaimSource;
  readonly groups: ClaimSource;
  readonly uid: ClaimSource;
  readonly extra: readonly { readonly key: string; readonly program: Program }[];
  readonly userRules: readonly UserRule[];
}

export interface CompiledAuthentication {
  readonly issuers: readonly CompiledIssuer[];
  /** Undefined: the file does not say. */
  readonly anonymous: Anonymous | undefined;
}

const ISSUERS_MAX = 64;

/** `disallowed`: issuers that the file must not name. Throws ConfigurationError with all problems. */
export function compileAuthentication(
  { jwt = [], anonymous }: AuthenticationConfiguration,
  disallowed: ReadonlySet<string>,
): CompiledAuthentication {
  const problems: FieldProblem[] = [];
  if (jwt.length > ISSUERS_MAX) problems.push(tooMany("jwt", jwt.length, ISSUERS_MAX));
  const issuers = jwt.map((each, index) => compileIssuer(each, disallowed, item("jwt", index), problems));
  problems.push(...duplicateIssuers(jwt));
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length) {
    const detail = "enabled should be set to true when conditions are defined";
    problems.push(invalid("anonymous.conditions", anonymous.conditions, detail));
  }
  refuseProblems(problems);
  return { issuers, anonymous };
}

function* duplicateIssuers(jwt: readonly JwtAuthenticatorConfiguration[]): Iterable<FieldProblem> {
  for (const field of ["url", "discoveryURL"] as const) {
    const seen = new Set<string>();
    for (const [index, { issuer }] of jwt.entries()) {
      const text = issuer[field];
      if (!text) continue;
      if (seen.has(text)) yield duplicate(at(item("jwt", index), `issuer.${field}`), text);
      seen.add(text);
    }
  }
}

/** What is left out of the result has its problem here. */
interface Sink {
  readonly problems: FieldProblem[];
  /** All expressions over claims. */
  readonly expressions: string[];
}

function compileIssuer(
  {
    issuer,
    claimValidationRules = [],
    claimMappings,
    userValidationRules = [],
  }: JwtAuthenticatorConfiguration,
  disallowed: ReadonlySet<string>,
  path: string,
  problems: FieldProblem[],
): CompiledIssuer {
  problems.push(...issuerProblems(issuer, disallowed, at(path, "issuer")));
  const sink: Sink = { problems, expressions: [] };
  const claimRules = compileClaimRules(claimValidationRules, at(path, "claimValidationRules"), sink);
  const mapped = compileMappings(claimMappings, at(path, "claimMappings"), sink);
  const userRules = compileUserRules(userValidationRules, at(path, "userValidationRules"), sink);
  const expression = claimMappings.username.expression ?? "";
  const verifies = sink.expressions.some((text) => readsClaim(text, "email_verified"));
  if (readsClaim(expression, "email") && !verifies) {
    const detail =
      "claims.email_verified must be used in claimMappings.username.expression or " +
      "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used " +
      "in claimMappings.username.expression";
    problems.push(invalid(at(path, "claimMappings.username.expression"), expression, detail));
  }
  return { issuer, claimRules, ...mapped, userRules };
}

/** `claims.email` and `claims["email"]`, and their optional forms. */
const readsClaim = (expression: string, claim: string): boolean =>
  new RegExp(String.raw`\bclaims\s*(\.\s*\??\s*${claim}\b|\[\s*\??\s*['"]${claim}['"]\s*\])`).test(
    expression,
  );

/** Compiles, or notes why that is not possible. */
function programOf(
  compile: (expression: string) => Compiled,
  expression: string,
  path: string,
  { problems, expressions }: Sink,
): Program | undefined {
  expressions.push(expression);
  const compiled = compile(expression);
  if (!("error" in compiled)) return compiled;
  problems.push(invalid(path, expression, compiled.error));
  return undefined;
}

function compileClaimRules(
  rules: readonly ClaimValidationRule[],
  parent: string,
  sink: Sink,
): readonly ClaimRule[] {
  const { problems } = sink;
  const seenClaims = new Set<string>();
  const seenExpressions = new Set<string>();
  return rules.flatMap(
    ({ claim = "", requiredValue = "", expression = "", message = "" }, index): ClaimRule[] => {
      const path = item(parent, index);
      if (claim !== "" && expression !== "") {
        problems.push(invalid(path, claim, "claim and expression can't both be set"));
      } else if (claim === "" && expression === "") {
        problems.push(required(path, "claim or expression is required"));
      } else if (claim !== "") {
        if (message !== "")
          problems.push(invalid(at(path, "message"), message, "message can't be set when claim is set"));
        if (seenClaims.has(claim)) problems.push(duplicate(at(path, "claim"), claim));
        seenClaims.add(claim);
        return [{ type: "claim", claim, value: requiredValue }];
      } else {
        if (requiredValue !== "") {
          const detail = "requiredValue can't be set when expression is set";
          problems.push(invalid(at(path, "requiredValue"), requiredValue, detail));
        }
        if (seenExpressions.has(expression)) problems.push(duplicate(at(path, "expression"), expression));
        seenExpressions.add(expression);
        const program = programOf(compileClaimRule, expression, at(path, "expression"), sink);
        return program ? [{ type: "expression", text: expression, program, message }] : [];
      }
      return [];
    },
  );
}

function compileMappings({ username, groups, uid, extra = [] }: ClaimMappings, path: string, sink: Sink) {
  return {
    username: sourceOf(username, at(path, "username"), true, sink),
    groups: sourceOf(groups, at(path, "groups"), false, sink),
    uid: uidSource(uid, at(path, "uid"), sink),
    extra: compileExtra(extra, at(path, "extra"), sink),
  };
}

const NOTHING: ClaimSource = { type: "nothing" };

function sourceOf(
  { claim = "", prefix, expression = "" }: PrefixedClaimOrExpression,
  path: string,
  isRequired: boolean,
  sink: Sink,
): ClaimSource {
  const { problems } = sink;
  if (claim !== "" && expression !== "") {
    problems.push(invalid(path, "", "claim and expression can't both be set"));
    return NOTHING;
  }
  if (expression !== "") {
    if (prefix !== undefined)
      problems.push(invalid(at(path, "prefix"), prefix, "prefix can't be set when expression is set"));
    const program = programOf(compileClaimMapping, expression, at(path, "expression"), sink);
    return program ? { type: "expression", program } : NOTHING;
  }
  if (claim === "") {
    if (isRequired) problems.push(required(path, "claim or expression is required"));
    return NOTHING;
  }
  if (prefix === undefined) {
    const detail =
      "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
    problems.push(required(at(path, "prefix"), detail));
  }
  return { type: "claim", claim, prefix: prefix ?? "" };
}

function uidSource(
  { claim = "", expression = "" }: ClaimMappings["uid"],
  path: string,
  sink: Sink,
): ClaimSource {
  if (claim !== "" && expression !== "") {
    sink.problems.push(invalid(path, "", "claim and expression can't both be set"));
    return NOTHING;
  }
  if (claim !== "") return { type: "claim", claim, prefix: "" };
  if (expression === "") return NOTHING;
  const program = programOf(compileClaimMapping, expression, at(path, "expression"), sink);
  return program ? { type: "expression", program } : NOTHING;
}

function compileExtra(mappings: readonly ExtraMapping[], parent: string, sink: Sink) {
  const seen = new Set<string>();
  return mappings.flatMap(({ key = "", valueExpression = "" }, index) => {
    const path = item(parent, index);
    sink.problems.push(...extraKeyProblems(key, seen, at(path, "key")));
    seen.add(key);
    if (valueExpression === "") {
      sink.problems.push(required(at(path, "valueExpression"), "valueExpression is required"));
      return [];
    }
    const program = programOf(compileClaimMapping, valueExpression, at(path, "valueExpression"), sink);
    return program ? [{ key, program }] : [];
  });
}

function* extraKeyProblems(key: string, seen: ReadonlySet<string>, path: string): Iterable<FieldProblem> {
  if (key === "") {
    yield required(path, "key is required");
    return;
  }
  yield* domainPathProblems(key, path);
  if (key !== key.toLowerCase()) yield invalid(path, key, "key must be lowercase");
  if (isReserved(key)) {
    const detail = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use";
    yield invalid(path, key, detail);
  }
  if (seen.has(key)) yield duplicate(path, key);
}

const PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

function* domainPathProblems(key: string, path: string): Iterable<FieldProblem> {
  const slash = key.indexOf("/");
  const [domain, rest] = slash < 0 ? ["", ""] : [key.slice(0, slash), key.slice(slash + 1)];
  if (domain === "" || rest === "") {
    yield invalid(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  for (const detail of problemsOfName("dns-subdomain", domain)) yield invalid(path, domain, detail);
  if (!PATH.test(rest)) yield invalid(path, rest, "Invalid path");
}

function isReserved(key: string): boolean {
  const domain = key.split("/")[0]!;
  return ["k8s.io", "kubernetes.io"].some((own) => domain === own || domain.endsWith(`.${own}`));
}

function compileUserRules(
  rules: readonly UserValidationRule[],
  parent: string,
  sink: Sink,
): readonly UserRule[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression = "", message = "" }, index): UserRule[] => {
    const path = at(item(parent, index), "expression");
    if (expression === "") {
      sink.problems.push(required(path, "expression is required"));
      return [];
    }
    if (seen.has(expression)) sink.problems.push(duplicate(path, expression));
    seen.add(expression);
    // Users have no claims: these expressions do not count among those that look at them.
    const program = programOf(compileUserRule, expression, path, { ...sink, expressions: [] });
    return program ? [{ text: expression, program, message }] : [];
  });
}
