/** In the manner of the gateway API: everything is bounded, and rules in CEL see across fields. */
import {
  choice,
  conditions,
  definition,
  type Definition,
  int32,
  keyedList,
  list,
  object,
  root,
  rule,
  rules,
  type Schema,
  set,
  text,
  version,
} from "./schema.ts";

const HOSTNAME = "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const NAME = "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$";
const DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

const PORT: Schema = { minimum: 1, maximum: 65535 };

const reference = {
  group: text("Its group.", { default: "", maxLength: 253 }),
  kind: text("Its kind.", { default: "Service", minLength: 1, maxLength: 63, pattern: NAME }),
  name: text("Its name.", { minLength: 1, maxLength: 253 }),
  namespace: text("Where it is.", { minLength: 1, maxLength: 63 }),
  port: int32("Its port.", PORT),
};
const needsPort = rule(
  "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
  "Must have port for Service reference",
);

const header = object(
  "A header.",
  {
    name: text("Its name.", { minLength: 1, maxLength: 256, pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$" }),
    value: text("Its value.", { minLength: 1, maxLength: 4096 }),
  },
  { required: ["name", "value"] },
);
const headers = (description: string): Schema => keyedList(description, ["name"], header, { maxItems: 16 });

const headerChange = object("Changes of headers.", {
  set: headers("Replaced."),
  add: headers("Added."),
  remove: set("Removed.", { type: "string", maxLength: 64 }, { maxItems: 16 }),
});

const pathChange = object(
  "A change of the path.",
  {
    type: choice("What changes.", ["ReplaceFullPath", "ReplacePrefixMatch"]),
    replaceFullPath: text("All of it.", { maxLength: 1024 }),
    replacePrefixMatch: text("Its beginning.", { maxLength: 1024 }),
  },
  {
    required: ["type"],
    ...rules(
      rule(
        "self.type == 'ReplaceFullPath' ? has(self.replaceFullPath) : true",
        "replaceFullPath must be specified when type is set to 'ReplaceFullPath'",
      ),
      rule(
        "has(self.replaceFullPath) ? self.type == 'ReplaceFullPath' : true",
        "type must be 'ReplaceFullPath' when replaceFullPath is set",
      ),
      rule(
        "self.type == 'ReplacePrefixMatch' ? has(self.replacePrefixMatch) : true",
        "replacePrefixMatch must be specified when type is set to 'ReplacePrefixMatch'",
      ),
    ),
  },
);

const FILTERS = {
  requestHeaderModifier: headerChange,
  responseHeaderModifier: headerChange,
  requestRedirect: object("Sent elsewhere.", {
    scheme: choice("How.", ["http", "https"]),
    hostname: text("To whom.", { minLength: 1, maxLength: 253, pattern: HOSTNAME }),
    path: pathChange,
    port: int32("Where.", PORT),
    statusCode: { type: "integer", enum: [301, 302], default: 302, description: "In which words." },
  }),
  urlRewrite: object("Written anew.", {
    hostname: text("The host.", { minLength: 1, maxLength: 253, pattern: HOSTNAME }),
    path: pathChange,
  }),
} satisfies Record<string, Schema>;
const filterTypes = Object.keys(FILTERS).map((name) => name[0]!.toUpperCase() + name.slice(1));

/** A union: exactly the member that the type names. */
const filter = object(
  "Something that is done on the way.",
  { type: choice("What.", filterTypes), ...FILTERS },
  {
    required: ["type"],
    ...rules(
      ...Object.keys(FILTERS).flatMap((name, index) => [
        rule(
          `!(has(self.${name}) && self.type != '${filterTypes[index]}')`,
          `filter.${name} must be nil if the filter.type is not ${filterTypes[index]}`,
        ),
        rule(
          `!(!has(self.${name}) && self.type == '${filterTypes[index]}')`,
          `filter.${name} must be specified for ${filterTypes[index]} filter.type`,
        ),
      ]),
    ),
  },
);
const filters = list("What is done on the way.", filter, {
  maxItems: 16,
  ...rules(
    rule(
      "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'UrlRewrite'))",
      "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both",
    ),
    ...["RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "UrlRewrite"].map((type) =>
      rule(`self.filter(f, f.type == '${type}').size() <= 1`, `${type} filter cannot be repeated`),
    ),
  ),
});

const path = object(
  "Of the request.",
  {
    type: choice("How it is compared.", ["Exact", "PathPrefix", "RegularExpression"], {
      default: "PathPrefix",
    }),
    value: text("With what.", { default: "/", maxLength: 1024 }),
  },
  {
    default: { type: "PathPrefix", value: "/" },
    ...rules(
      rule(
        "(self.type in ['Exact','PathPrefix']) ? self.value.startsWith('/') : true",
        "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
      ),
      rule(
        "(self.type in ['Exact','PathPrefix']) ? !self.value.contains('//') : true",
        "must not contain '//' when type one of ['Exact', 'PathPrefix']",
      ),
      rule(
        '(self.type in [\'Exact\',\'PathPrefix\']) ? self.value.matches(r"""^(?:[-A-Za-z0-9/._~!$&\'()*+,;=:@]|[%][0-9a-fA-F]{2})+$""") : true',
        "must only contain valid characters for types ['Exact', 'PathPrefix']",
      ),
    ),
  },
);

const match = object("Which requests.", {
  path,
  headers: keyedList(
    "With these headers.",
    ["name"],
    object(
      "One.",
      {
        type: choice("How it is compared.", ["Exact", "RegularExpression"], { default: "Exact" }),
        name: text("Its name.", { minLength: 1, maxLength: 256 }),
        value: text("With what.", { minLength: 1, maxLength: 4096 }),
      },
      { required: ["name", "value"] },
    ),
    { maxItems: 16 },
  ),
  method: choice("Done so.", [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
  ]),
});

const backend = object(
  "Who answers.",
  {
    ...reference,
    weight: int32("How often.", { default: 1, minimum: 0, maximum: 1_000_000 }),
    filters,
  },
  { required: ["name"], ...rules(needsPort) },
);

const routeRule = object(
  "One rule.",
  {
    name: text("Its name.", { minLength: 1, maxLength: 253 }),
    matches: list("For which requests.", match, {
      maxItems: 64,
      default: [{ path: { type: "PathPrefix", value: "/" } }],
    }),
    filters,
    backendRefs: list("Who answers.", backend, { maxItems: 16 }),
    timeouts: object(
      "How long it may take.",
      {
        request: text("All of it.", { pattern: DURATION }),
        backendRequest: text("A part.", { pattern: DURATION }),
      },
      rules(
        rule(
          "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') && duration(self.backendRequest) > duration(self.request))",
          "backendRequest timeout cannot be longer than request timeout",
        ),
      ),
    ),
  },
  rules(
    rule(
      "(has(self.backendRefs) && size(self.backendRefs) > 0) ? (!has(self.filters) || self.filters.all(f, !has(f.requestRedirect))): true",
      "RequestRedirect filter must not be used together with backendRefs",
    ),
    rule(
      "(has(self.filters) && self.filters.exists_one(f, has(f.urlRewrite) && has(f.urlRewrite.path) && f.urlRewrite.path.type == 'ReplacePrefixMatch' && has(f.urlRewrite.path.replacePrefixMatch))) ? ((size(self.matches) != 1 || !has(self.matches[0].path) || self.matches[0].path.type != 'PathPrefix') ? false : true) : true",
      "When using URLRewrite filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified",
    ),
  ),
);

const parent = object(
  "Where it is attached.",
  {
    group: text("Its group.", { default: "gateway.example.com", maxLength: 253 }),
    kind: text("Its kind.", { default: "Gateway", minLength: 1, maxLength: 63, pattern: NAME }),
    namespace: reference.namespace,
    name: reference.name,
    sectionName: text("Which part.", { minLength: 1, maxLength: 253 }),
    port: reference.port,
  },
  { required: ["name"] },
);

const schema = root(
  "Which requests go where.",
  {
    spec: object(
      "What is wanted.",
      {
        parentRefs: list("Where it is attached.", parent, {
          maxItems: 32,
          ...rules(
            rule(
              "self.all(p1, self.all(p2, p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && (has(p1.__namespace__) == has(p2.__namespace__)) ? ((!has(p1.sectionName) || p1.sectionName == '') == (!has(p2.sectionName) || p2.sectionName == '')) : true))",
              "sectionName must be specified when parentRefs includes 2 or more references to the same parent",
            ),
            rule(
              "self.all(p1, self.exists_one(p2, p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name && ((!has(p1.__namespace__) && !has(p2.__namespace__)) || (has(p1.__namespace__) && has(p2.__namespace__) && p1.__namespace__ == p2.__namespace__)) && ((!has(p1.sectionName) && !has(p2.sectionName)) || (has(p1.sectionName) && has(p2.sectionName) && p1.sectionName == p2.sectionName))))",
              "sectionName must be unique when parentRefs includes 2 or more references to the same parent",
            ),
          ),
        }),
        hostnames: set(
          "For these hosts.",
          { type: "string", minLength: 1, maxLength: 253, pattern: HOSTNAME },
          {
            maxItems: 16,
            ...rules({
              rule: "self.all(h, !isIP(h))",
              messageExpression: "'no addresses, but there is ' + self.filter(h, isIP(h))[0]",
              reason: "FieldValueForbidden",
            }),
          },
        ),
        rules: list("What goes where.", routeRule, {
          maxItems: 16,
          default: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }] }],
          ...rules(
            rule(
              "(self.size() > 0 ? self[0].matches.size() : 0) + (self.size() > 1 ? self[1].matches.size() : 0) <= 128",
              "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route must be less than 128",
            ),
          ),
        }),
        tier: choice("How much it matters.", ["bronze", "silver", "gold"], {
          ...rules(rule("!(oldSelf == 'gold' && self != 'gold')", "gold is forever"), {
            rule: "oldSelf.hasValue() ? true : self != 'gold'",
            message: "nothing begins as gold",
            optionalOldSelf: true,
          }),
        }),
        owner: text("Whose it is.", { maxLength: 64 }),
      },
      rules({
        rule: "has(oldSelf.owner) == has(self.owner) && (!has(self.owner) || self.owner == oldSelf.owner)",
        messageExpression: "'belongs to ' + (has(oldSelf.owner) ? oldSelf.owner : 'nobody')",
        fieldPath: ".owner",
        reason: "FieldValueForbidden",
      }),
    ),
    status: object("What was observed.", {
      parents: list(
        "What they say.",
        object(
          "One.",
          { parentRef: parent, controllerName: text("Who speaks."), conditions },
          { required: ["parentRef"] },
        ),
        { maxItems: 32, "x-kubernetes-list-type": "atomic" },
      ),
    }),
  },
  { required: ["spec"] },
);

export const routes: Definition = definition(
  {
    group: "gateway.example.com",
    kind: "HTTPRoute",
    plural: "httproutes",
    shortNames: ["hr"],
    categories: ["gateway-things"],
  },
  [
    version("v1", schema, {
      subresources: { status: {} },
      additionalPrinterColumns: [
        { name: "Hostnames", type: "string", jsonPath: ".spec.hostnames" },
        { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
      ],
    }),
  ],
);
