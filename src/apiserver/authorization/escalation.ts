/** Nobody may give away more rights than they have. */
import { badRequest } from "#machinery/status";
import type { Rule } from "./rules.ts";

/** A rule about one verb on one thing. */
interface Atom {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly url?: string;
}

/** A rule names every verb on every thing, so a small role may stand for billions: beyond this nobody counts them. */
const ATOMS_MAX = 20_000;

/** The parts of `wanted` that `owned` does not cover; empty when it may be given. Throws BadRequest for too many. */
export function uncoveredRules(owned: readonly Rule[], wanted: readonly Rule[]): readonly Rule[] {
  const lacking: Rule[] = [];
  let left = ATOMS_MAX;
  for (const rule of wanted) {
    for (const atom of atoms(rule)) {
      if (--left < 0) throw badRequest(`the rules name more than ${ATOMS_MAX} combinations`);
      if (!owned.some((own) => covers(own, atom))) lacking.push(ruleOf(atom));
    }
  }
  return compact(lacking);
}

function* atoms(rule: Rule): Iterable<Atom> {
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        if (!rule.resourceNames?.length) yield { verb, group, resource };
        for (const name of rule.resourceNames ?? []) yield { verb, group, resource, name };
      }
    }
    for (const url of rule.nonResourceURLs ?? []) yield { verb, url };
  }
}

function covers(own: Rule, atom: Atom): boolean {
  if (!includes(own.verbs, atom.verb)) return false;
  if (atom.url !== undefined) return own.nonResourceURLs?.some((url) => coversUrl(url, atom.url!)) ?? false;
  if (!includes(own.apiGroups, atom.group!) || !coversResource(own.resources, atom.resource!)) return false;
  return !own.resourceNames?.length || (atom.name !== undefined && own.resourceNames.includes(atom.name));
}

const includes = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes("*") || list.includes(value));

function coversResource(resources: readonly string[] | undefined, wanted: string): boolean {
  if (includes(resources, wanted)) return true;
  const slash = wanted.indexOf("/");
  return slash >= 0 && (resources?.includes(`*${wanted.slice(slash)}`) ?? false);
}

const coversUrl = (own: string, wanted: string): boolean =>
  own === wanted || (own.endsWith("*") && wanted.startsWith(own.slice(0, -1)));

const ruleOf = ({ verb, group, resource, name, url }: Atom): Rule =>
  url !== undefined
    ? { verbs: [verb], nonResourceURLs: [url] }
    : {
        verbs: [verb],
        apiGroups: [group!],
        resources: [resource!],
        ...(name === undefined ? {} : { resourceNames: [name] }),
      };

/** Joins rules that differ in their verbs only. */
function compact(rules: readonly Rule[]): Rule[] {
  const joined = new Map<string, Rule>();
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, verbs: [] });
    const known = joined.get(key);
    joined.set(key, known ? { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] } : rule);
  }
  return [...joined.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}` */
export function ruleText(rule: Rule): string {
  const parts: readonly [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["ResourceNames", rule.resourceNames],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["Verbs", rule.verbs],
  ];
  const shown = parts
    .filter(([, values]) => values?.length)
    .map(([label, values]) => `${label}:[${values!.map((value) => JSON.stringify(value)).join(" ")}]`);
  return `{${shown.join(", ")}}`;
}
