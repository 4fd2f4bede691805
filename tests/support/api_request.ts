/** What a request to an apiserver asks for, as an audit log would say it. */
export interface ApiRequest {
  /** Counts the requests through one proxy, from 1. */
  sequence: number;
  /** `other` is what isn't about a resource: `/version`, `/readyz`, discovery. */
  verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection" | "other";
  /** As in `sagemaker.aws.amazon.com`; empty for the core group. */
  group: string;
  /** Plural, as in `processingjobs`. */
  resource: string;
  /** As in `status`; empty if there is none. */
  subresource: string;
  /** Empty for cluster-wide requests. */
  namespace: string;
  /** Empty for a collection, also when something is created in it. */
  name: string;
  method: string;
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

type Target = Pick<ApiRequest, "group" | "resource" | "subresource" | "namespace" | "name">;

const VERBS: Record<string, [ofObject: ApiRequest["verb"], ofCollection: ApiRequest["verb"]]> = {
  GET: ["get", "list"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  PATCH: ["patch", "patch"],
  DELETE: ["delete", "deletecollection"],
};

/** Reads a request by the rules of the apiserver's paths. @param url path and query */
export function parseApiRequest(
  { sequence, method, url, headers, body }:
    & Pick<ApiRequest, "sequence" | "method" | "headers" | "body">
    & { url: string },
): ApiRequest {
  const { pathname: path, searchParams: query } = new URL(url, "http://apiserver");
  const target = targetOf(path);
  const isWatch = ["true", "1"].includes(query.get("watch") ?? "");
  const verbs = VERBS[method];
  const verb = target.resource === "" || !verbs
    ? "other"
    : isWatch && method === "GET"
    ? "watch"
    : verbs[target.name === "" ? 1 : 0];
  return { sequence, verb, ...target, method, path, query, headers, body };
}

/** `/api/VERSION/…` or `/apis/GROUP/VERSION/…`, then `[namespaces/NAMESPACE/]RESOURCE[/NAME[/SUBRESOURCE]]`. */
function targetOf(path: string): Target {
  const [root, ...parts] = path.split("/").slice(1).map(decodeURIComponent);
  const group = root === "apis" ? parts.shift() ?? "" : "";
  parts.shift();
  const isAbout = root === "api" || root === "apis";
  // A namespace is itself a resource: only what comes after it makes it a place.
  const isInNamespace = parts[0] === "namespaces" && parts.length > 2 && !NAMESPACE_SUBRESOURCES.includes(parts[2]!);
  const namespace = isInNamespace ? parts[1]! : "";
  const [resource = "", name = "", subresource = ""] = isAbout ? parts.slice(isInNamespace ? 2 : 0) : [];
  return { group, resource, subresource, namespace, name };
}

const NAMESPACE_SUBRESOURCES = ["status", "finalize"];
