import { denied } from "../authorization/denial.ts";
import type { AdmissionPlugin, Authorizer, RequestInfo } from "../contracts.ts";

/**
 * An update or an apply of what is not there makes it: whoever may only update must not create that way. For a POST
 * the answer is already known.
 */
export const createAuthorization = (authorizer: Authorizer): AdmissionPlugin => ({
  name: "CreateAuthorization",
  handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
  validate({ user, resource, namespace, name }) {
    const { group, version, plural } = resource;
    const request: RequestInfo = {
      isResource: true,
      path: "",
      verb: "create",
      group,
      version,
      resource: plural,
      subresource: "",
      namespace: plural === "namespaces" && group === "" ? name : namespace,
      name,
      query: NO_QUERY,
    };
    const decided = authorizer.authorize(user, request);
    if (decided instanceof Promise) {
      return decided.then((decision) => {
        if (decision.verdict !== "allow") throw denied(user, request, decision);
      });
    }
    if (decided.verdict !== "allow") throw denied(user, request, decided);
  },
});

const NO_QUERY = new URLSearchParams();
