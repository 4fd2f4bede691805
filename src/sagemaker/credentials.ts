import type { SageMakerClientConfig } from "@aws-sdk/client-sagemaker";
import { getLogger } from "@logtape/logtape";
import process from "node:process";
import { type Clock, deadline, orAbort, systemClock } from "../runtime/clock.ts";
import { CredentialsError } from "./errors.ts";
import { limitNodeAnswers } from "./limited_http.ts";

type ClientCredentials = NonNullable<SageMakerClientConfig["credentials"]>;
export type Provider = Extract<ClientCredentials, (...args: never[]) => unknown>;
export type Credentials = Awaited<ReturnType<Provider>>;
type Context = Parameters<Provider>[0];
type Logger = NonNullable<SageMakerClientConfig["logger"]>;

type Environment = Record<string, string | undefined>;

/** One way to get credentials. */
interface Source {
  /** For messages. */
  name: string;
  /** Whether the environment asks for it, rather than that it is tried because nothing else is there. */
  isNamed: boolean;
  get(context: Context): Promise<Credentials>;
}

/**
 * The SDK's default chain: the same providers in the same order. The SDK's own keeps the files of profiles for ever, and of what
 * went wrong it tells the last link, which is seldom the one that was meant.
 *
 * @param logger of the SDK; without one it writes to the console
 * @throws {CredentialsError} that names the source which was meant
 */
export function credentialChain(
  logger: Logger,
  { clock = systemClock, env = process.env }: { clock?: Clock; env?: Environment } = {},
): Provider {
  limitNodeAnswers();
  return async (context) => {
    let meant: { source: string | undefined; cause: unknown } | undefined;
    for (const { name, isNamed, get } of sourcesOf(env, logger)) {
      try {
        return await inTime(get(context), clock);
      } catch (cause) {
        if (meant?.source === undefined) meant = { source: isNamed ? name : undefined, cause };
        if (!(cause as { tryNextLink?: boolean }).tryNextLink) break;
      }
    }
    throw new CredentialsError(meant?.source, meant?.cause);
  };
}

/** Shorter than a call may take, so that the source can be told. */
const SOURCE_MS = 8_000;

/** Some sources wait for an answer without end. */
async function inTime<T>(promise: Promise<T>, clock: Clock): Promise<T> {
  using limit = deadline(clock, SOURCE_MS);
  return await orAbort(promise, limit.signal);
}

function sourcesOf(env: Environment, logger: Logger): Source[] {
  const profile = env.AWS_PROFILE;
  const keys: Source = {
    name: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    isNamed: true,
    get: async () => (await import("@aws-sdk/credential-provider-env")).fromEnv({ logger })(),
  };
  const hasKeys = !profile && env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY;
  return [
    ...hasKeys ? [keys] : [],
    {
      name: `the profile '${profile}' (AWS_PROFILE)`,
      isNamed: profile !== undefined && profile !== "",
      // Read anew each time: a mounted file changes when its Secret does.
      get: async (context) =>
        (await import("@aws-sdk/credential-provider-ini")).fromIni({ logger, ignoreCache: true })(context),
    },
    ...env.AWS_WEB_IDENTITY_TOKEN_FILE ? [webIdentity(env, logger)] : [],
    ...remote(env, logger),
  ];
}

function webIdentity({ AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE }: Environment, logger: Logger): Source {
  const init = { logger, roleArn: AWS_ROLE_ARN ?? "", webIdentityTokenFile: AWS_WEB_IDENTITY_TOKEN_FILE ?? "" };
  return {
    name: `the role '${init.roleArn}' by the web identity in '${init.webIdentityTokenFile}'`,
    isNamed: true,
    get: async (context) => (await import("@aws-sdk/credential-provider-web-identity")).fromTokenFile(init)(context),
  };
}

/** The container's credentials where the environment says where they are, else the instance's. */
function remote(env: Environment, logger: Logger): Source[] {
  const path = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = path ? `http://169.254.170.2${path}` : env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (url) {
    // The work queue tries again; more attempts here would outlast the call's deadline.
    const init = { logger, maxRetries: 1, awsContainerCredentialsFullUri: url };
    const get = async () => (await import("@aws-sdk/credential-provider-http")).fromHttp(init)();
    return [{ name: `the container's credentials at '${url}'`, isNamed: true, get }];
  }
  if (env.AWS_EC2_METADATA_DISABLED && env.AWS_EC2_METADATA_DISABLED !== "false") return [];
  const endpoint = env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  return [{
    name: `the instance's metadata at '${endpoint}'`,
    isNamed: Boolean(endpoint),
    get: async () => (await import("@smithy/credential-provider-imds")).fromInstanceMetadata({ logger })(),
  }];
}

/** How long before they expire credentials are renewed, as in the SDK. */
const AHEAD_MS = 5 * 60_000;
/** How old credentials may get that tell no end, as those of a file; the file may have changed. */
const UNDATED_MS = 60_000;
/** Between two attempts to renew what is still of use. */
const PAUSE_MS = 15_000;

const log = getLogger(["operator", "sagemaker"]);

/**
 * Keeps what `load` gives, and renews it ahead of its end while calls go on with what there is. With `forceRefresh`, as after
 * AWS has refused them, they are loaded now, though not more than every 15 seconds.
 *
 * @throws what `load` throws, once nothing usable is left
 */
export function remembered(load: Provider, clock: Clock = systemClock): Provider {
  let current: Credentials | undefined;
  let loadedAt = 0;
  let notBefore = -Infinity;
  let pending: Promise<Credentials> | undefined;
  const renew = (context: Context) =>
    pending ??= load(context).then((credentials) => {
      loadedAt = clock.monotonic();
      return current = credentials;
    }).finally(() => pending = undefined);
  const isDue = ({ expiration }: Credentials) =>
    expiration ? expiration.getTime() - clock.now() < AHEAD_MS : clock.monotonic() - loadedAt >= UNDATED_MS;

  const provider: Provider = async (context) => {
    if (!current || hasExpired(current, clock)) return await renew(context);
    const isForced = context?.forceRefresh === true;
    if (!isForced && !isDue(current) || clock.monotonic() < notBefore) return current;
    notBefore = clock.monotonic() + PAUSE_MS;
    const renewed = renew(context);
    if (isForced) return await renewed;
    renewed.catch((error) => log.warn("Cannot renew the AWS credentials yet", { error: String(error) }));
    return current;
  };
  // The SDK's own memory would neither renew what tells no end nor go on with what can't be renewed yet.
  return Object.assign(provider, { memoized: true });
}

function hasExpired({ expiration }: Credentials, clock: Clock): boolean {
  return expiration !== undefined && expiration.getTime() <= clock.now();
}

/** Whether two are the same credentials; the secret need not be compared. */
export function isSame(one: Credentials, other: Credentials | undefined): boolean {
  return one.accessKeyId === other?.accessKeyId && one.sessionToken === other.sessionToken;
}
