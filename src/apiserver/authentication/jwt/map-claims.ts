/** From claims to a user, as the configuration of their issuer says. */
import type { Program } from "#machinery/cel/program";
import { List, type Value, isError } from "#machinery/cel/values";
import type { User } from "../../contracts.ts";
import { BadToken } from "../bad-token.ts";
import {
  type Claims,
  evaluateClaims,
  evaluateUser,
  ExpressionError,
} from "../configuration/claim-expressions.ts";
import type { ClaimRule, ClaimSource, CompiledIssuer } from "../configuration/compile-authentication.ts";
import { CREDENTIAL_ID, withAuthenticated } from "../users.ts";

/** Throws BadToken. */
export function userOfClaims(compiled: CompiledIssuer, claims: Claims): User {
  for (const rule of compiled.claimRules) refuseBrokenRule(rule, claims);
  const uid = uidOf(compiled.uid, claims);
  const extra = extraOf(compiled, claims);
  const user = {
    name: usernameOf(compiled.username, claims),
    groups: groupsOf(compiled.groups, claims),
    ...(uid === "" ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  for (const { text, program, message } of compiled.userRules) {
    const value = tried("user validation rule", () => evaluateUser(program, user));
    if (value !== true)
      throw new BadToken(`oidc: error evaluating user info validation rule: ${failed(text, message)}`);
  }
  return withAuthenticated(user);
}

const failed = (expression: string, message: string): string =>
  `validation expression '${expression}' failed${message === "" ? "" : `: ${message}`}`;

/** `what` is evaluated; that it cannot be is the token's fault. */
function tried(what: string, evaluate: () => Value): Value {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw wrong(what, error.message);
  }
}

const wrong = (what: string, why: string): BadToken =>
  new BadToken(`oidc: error evaluating ${what} expression: ${why}`);

const valueOf = (what: string, program: Program, claims: Claims): Value =>
  tried(what, () => evaluateClaims(program, claims));

function refuseBrokenRule(rule: ClaimRule, claims: Claims): void {
  if (rule.type === "expression") {
    if (valueOf("claim validation", rule.program, claims) === true) return;
    throw wrong("claim validation", failed(rule.text, rule.message));
  }
  const { claim, value } = rule;
  if (!Object.hasOwn(claims, claim))
    throw new BadToken(`oidc: required claim ${claim} not present in ID token`);
  const got = claims[claim];
  if (typeof got !== "string") throw new BadToken(`oidc: parse claim ${claim}: claim is no string`);
  if (got !== value)
    throw new BadToken(`oidc: required claim ${claim} value does not match. Got = ${got}, want = ${value}`);
}

/** A claim that has to be a text. */
function textClaim(claims: Claims, claim: string, what: string): string {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (typeof value === "string") return value;
  const why = value === undefined ? "claim not present" : "claim is no string";
  throw new BadToken(`oidc: parse ${what} claims "${claim}": ${why}`);
}

function usernameOf(source: ClaimSource, claims: Claims): string {
  const name =
    source.type === "claim" ? claimedName(source, claims) : expressedText("username", source, claims);
  if (name === "") throw wrong("username claim", "must evaluate to a non-empty string");
  return name;
}

function claimedName({ claim, prefix }: ClaimSource & { type: "claim" }, claims: Claims): string {
  const name = textClaim(claims, claim, "username");
  if (claim === "email" && Object.hasOwn(claims, "email_verified") && claims.email_verified !== true)
    throw new BadToken("oidc: email not verified");
  return name === "" ? "" : prefix + name;
}

function expressedText(what: string, source: ClaimSource, claims: Claims): string {
  if (source.type !== "expression") return "";
  const value = valueOf(`${what} claim`, source.program, claims);
  if (typeof value !== "string") throw wrong(`${what} claim`, "must evaluate to a string");
  return value;
}

const uidOf = (source: ClaimSource, claims: Claims): string =>
  source.type === "claim" ? textClaim(claims, source.claim, "uid") : expressedText("uid", source, claims);

function groupsOf(source: ClaimSource, claims: Claims): readonly string[] {
  if (source.type === "nothing") return [];
  if (source.type === "expression")
    return texts("group claim", valueOf("group claim", source.program, claims));
  const { claim, prefix } = source;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (value === undefined || value === null) return [];
  // Some issuers say a single group as a text.
  const groups: readonly unknown[] = Array.isArray(value) ? value : [value];
  return groups.map((group) => {
    if (typeof group === "string") return prefix + group;
    throw new BadToken(`oidc: parse groups claim "${claim}": expected a string or an array of strings`);
  });
}

function extraOf({ extra }: CompiledIssuer, claims: Claims): Readonly<Record<string, readonly string[]>> {
  const found: [string, readonly string[]][] = [];
  const { jti } = claims;
  if (typeof jti === "string" && jti !== "") found.push([CREDENTIAL_ID, [`JTI=${jti}`]]);
  for (const { key, program } of extra) {
    const values = texts(`extra claim "${key}"`, valueOf("extra claim", program, claims));
    if (values.length > 0) found.push([key, values]);
  }
  return Object.fromEntries(found);
}

/** A text or a list of texts; null, nothing and empty texts are none. */
function texts(what: string, value: Value): readonly string[] {
  if (value === null || value === "") return [];
  if (typeof value === "string") return [value];
  if (!(value instanceof List)) throw wrong(what, "must evaluate to a string or a list of strings");
  return Array.from({ length: value.size }, (_, index) => {
    const each = value.at(index);
    if (typeof each === "string") return each;
    throw wrong(what, isError(each) ? each.message : "expression must return a list of strings");
  }).filter((text) => text !== "");
}
