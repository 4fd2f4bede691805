import { globProblem, matchesParts } from "../api/globs.ts";
import { type Failure, SageMakerError } from "../api/job.ts";
import { mustBeNamed, parseEndpoint, parseStrictly } from "./endpoint_url.ts";

export interface EndpointOptions {
  /** `--endpoint-url`, or its environment form. */
  endpointUrl?: string | undefined;
  /** `--allowed-endpoints`: globs over `scheme://host[:port][/path]`, beside AWS's own endpoints and the operator's. */
  allowed?: readonly string[];
  /** The operator's environment, for the variables of the controller before this one and of the SDKs. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** Decides where requests are sent. */
export interface Endpoints {
  /** The endpoint for resources that name none; absent for AWS's own. */
  readonly operator: string | undefined;
  /** Whether requests of a resource that names `url` may go there. */
  isAllowed(url: string): boolean;
  /** Whether `url` is where the operator itself was told to send requests, so that no address of it is refused. */
  isOwn(url: string): boolean;
  /** Whether requests of a resource that names `specEndpoint`, if any, go to AWS itself. */
  isAws(specEndpoint?: string): boolean;
  /**
   * The endpoint for a resource: the one that its spec names, else the operator's; absent for AWS's own.
   *
   * @throws {SageMakerError} `EndpointNotAllowed` if the spec names one that isn't allowed
   */
  resolve(specEndpoint?: string): string | undefined;
  /** Why requests of a resource that names `url` may not go there; undefined if they may. */
  refusalOf(url: string): Failure | undefined;
}

/** The addresses of SageMaker in the SDK's endpoint rules, and its VPC endpoints; `*` is the region or an id of the VPC endpoint. */
const AWS_ENDPOINTS = [
  "https://api.sagemaker.*.amazonaws.com",
  "https://api.sagemaker.*.amazonaws.com.cn",
  "https://api.sagemaker.*.api.aws",
  "https://api.sagemaker-fips.*.amazonaws.com",
  "https://api.sagemaker-fips.*.api.aws",
  "https://api-fips.sagemaker.*.amazonaws.com",
  "https://*.api.sagemaker.*.vpce.amazonaws.com",
  // The European Sovereign Cloud.
  "https://api.sagemaker.*.amazonaws.eu",
  "https://api.sagemaker.*.api.amazonwebservices.eu",
  "https://api.sagemaker-fips.*.amazonaws.eu",
  "https://api.sagemaker-fips.*.api.amazonwebservices.eu",
  "https://*.api.sagemaker.*.vpce.amazonaws.eu",
];

/**
 * A signed request carries a session token, so it goes only to hosts that whoever runs the operator trusts: AWS's, the
 * operator's own endpoint, and those that `--allowed-endpoints` names.
 *
 * @throws {TypeError} if a glob or the operator's endpoint can't be used
 */
export function endpoints({ endpointUrl, allowed = [], env = {} }: EndpointOptions): Endpoints {
  const operator = ownEndpoint(endpointUrl, env);
  const ofAws = AWS_ENDPOINTS.map(parseGlob);
  const globs = [...ofAws, ...allowed.map(parseGlob)];
  if (operator) globs.push(exactly(operator));
  /** What was checked, and not the text as it was written, which could be read in another way. */
  const check = (url: string): { parsed: URL } | { refusal: Failure } => {
    const parsed = parseStrictly(url);
    if (typeof parsed === "string") return { refusal: refused(`Cannot use the endpoint '${url}': ${parsed}`) };
    const [isListed, isElsewhere] = [matches, matchesOrigin].map((test) => globs.some((glob) => test(glob, parsed)));
    if (isListed) return { parsed };
    const why = isElsewhere ? "does not name its path" : "does not name it";
    return { refusal: refused(`Cannot use the endpoint '${url}': the operator's --allowed-endpoints ${why}`) };
  };
  const refusalOf = (url: string) => {
    const checked = check(url);
    return "refusal" in checked ? checked.refusal : undefined;
  };
  return {
    operator: operator && hrefOf(operator),
    isAllowed: (url) => refusalOf(url) === undefined,
    isOwn: (url) => operator !== undefined && new URL(url).origin === operator.origin,
    isAws(specEndpoint) {
      const url = specEndpoint ?? (operator && hrefOf(operator));
      if (url === undefined) return true;
      const parsed = parseStrictly(url);
      return typeof parsed !== "string" && ofAws.some((glob) => matches(glob, parsed));
    },
    resolve(specEndpoint) {
      if (specEndpoint === undefined) return operator && hrefOf(operator);
      const checked = check(specEndpoint);
      if ("refusal" in checked) throw new SageMakerError(checked.refusal);
      return hrefOf(checked.parsed);
    },
    refusalOf,
  };
}

function ownEndpoint(flag: string | undefined, env: EndpointOptions["env"] = {}): URL | undefined {
  const url = flag || env["AWS_DEFAULT_SAGEMAKER_ENDPOINT"] || env["AWS_ENDPOINT_URL_SAGEMAKER"];
  if (!url) return undefined;
  const parsed = parseEndpoint(url);
  if (typeof parsed === "string") throw new TypeError(`Cannot use the endpoint '${url}': ${parsed}`);
  return parsed;
}

interface Glob {
  protocol: string;
  /** With stars for one or more letters, digits and hyphens. */
  host: string;
  /** Empty for the scheme's own port, as in a URL; `*` for any. */
  port: string;
  /** Without stars, and without a slash at the end: empty for none. */
  path: string;
}

/**
 * In a host, `*` stands for one or more letters, digits and hyphens: it never crosses a dot, so `https://*.example.com` is
 * neither `https://example.com` nor `https://a.b.example.com`. As a port it stands for any. An
 * address matches only where it is written out, and so does a path: there is no star in it, and a glob without one stands for
 * endpoints without one.
 */
function parseGlob(text: string): Glob {
  const [, protocol, host = "", port = "", path = ""] =
    /^(https?:)\/\/(\[[0-9a-f:.]+\]|[a-z0-9*.-]+)(?::(\d+|\*))?(\/[\w.~/-]*)?$/i.exec(text) ??
      [];
  if (!protocol) {
    throw new TypeError(
      `Cannot use '${text}' as an allowed endpoint: it must be like 'https://HOST:PORT', or 'https://HOST:PORT/PATH' without stars in the path`,
    );
  }
  const problem = globProblem(host);
  if (problem !== undefined) throw new TypeError(`Cannot use '${text}' as an allowed endpoint: its host ${problem}`);
  const standard = protocol.toLowerCase() === "https:" ? "443" : "80";
  return {
    protocol: protocol.toLowerCase(),
    host: withoutTrailingDot(host.toLowerCase()),
    port: port === standard ? "" : port,
    path: withoutSlash(path),
  };
}

function exactly({ protocol, hostname, port, pathname }: URL): Glob {
  return { protocol, host: withoutTrailingDot(hostname), port, path: withoutSlash(pathname) };
}

function matches(glob: Glob, url: URL): boolean {
  return glob.path === withoutSlash(url.pathname) && matchesOrigin(glob, url);
}

function matchesOrigin(glob: Glob, { protocol, hostname, port }: URL): boolean {
  if (glob.protocol !== protocol || (glob.port !== "*" && glob.port !== port)) return false;
  if (glob.host === hostname) return true;
  // A star stands for a name alone: no part of an address, and none that isn't a host's.
  if (mustBeNamed(hostname) || !/^[a-z0-9.-]+$/.test(hostname)) return false;
  return matchesParts(hostname, glob.host, { separator: ".", atLeast: 1 });
}

/** `host.` is `host`, written as absolute. */
function withoutTrailingDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

function hrefOf(url: URL): string {
  return withoutSlash(url.href);
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, "");
}

function refused(message: string): Failure {
  return { retry: "person", reason: "EndpointNotAllowed", code: "EndpointNotAllowed", message };
}
