import {
  CreateProcessingJobCommand,
  type CreateProcessingJobCommandInput,
  DeleteProcessingJobCommand,
  DescribeProcessingJobCommand,
  ListProcessingJobsCommand,
  ListTagsCommand,
  SageMakerClient,
  type SageMakerClientConfig,
  StopProcessingJobCommand,
} from "@aws-sdk/client-sagemaker";
import { getLogger } from "@logtape/logtape";
import process from "node:process";
import { type Failure, type Job, type JobStatus, SageMakerError, type Site, siteKey } from "../api/job.ts";
import { type Clock, deadline, orAbort } from "../runtime/clock.ts";
import { credentialChain, type Credentials, isSame, remembered } from "./credentials.ts";
import { assumedRole, checkAccount } from "./assumed_role.ts";
import { placeOf as servicePlace } from "./aws_endpoints.ts";
import { CallerIdentity, type StsPlace } from "./caller_identity.ts";
import type { Endpoints } from "./endpoints.ts";
import { classify, credentialsFailure } from "./errors.ts";
import { guardedHttp, type Lookup } from "./guarded_http.ts";
import { collectBody, httpHandler } from "./http.ts";
import { type Environment, errorWithout } from "./hidden.ts";
import { IdleMap } from "./idle_map.ts";
import { describes } from "./ownership.ts";
import { knownRegion, ownPartition, type Partition, partitionOf } from "./region.ts";
import { placeOf, type ServiceClock } from "./service_clock.ts";
import { passingOverBlip } from "./second_attempt.ts";
import { toJob, toSummary } from "./to_job.ts";

/**
 * The calls of SageMaker that the operator needs, in one region. Each throws a `SageMakerError` where SageMaker or the way to
 * it fails, and `signal`'s reason once that is aborted.
 */
export interface SageMaker {
  /**
   * Starts a job and gives its ARN. The code of the failure is `ResourceInUse` where a job of that name is there already. No
   * error repeats a value of the request's environment.
   */
  create(request: CreateProcessingJobCommandInput, signal?: AbortSignal): Promise<string>;
  /** Gets the credentials that the next call is signed with, and sends nothing. */
  ready(signal?: AbortSignal): Promise<void>;
  /** The job of that name; `undefined` where SageMaker says that there is none. */
  describe(name: string, signal?: AbortSignal): Promise<Job | undefined>;
  /** The environment that the job of that name has, secret values included; `undefined` where SageMaker says that there is none. */
  environment(name: string, signal?: AbortSignal): Promise<Environment | undefined>;
  /**
   * The account of the credentials that calls are signed with, most often without a call. Where that can't be told, why not is in
   * its place, and is not thrown.
   */
  account(signal?: AbortSignal): Promise<string | Failure>;
  /** The job of that name, and in the same way the account of the credentials that it was asked with. */
  describeWithAccount(name: string, signal?: AbortSignal): Promise<{ job: Job | undefined; account: string | Failure }>;
  /** One page of the jobs in the region, a hundred at most, the newest first. */
  list(query: ListQuery, signal?: AbortSignal): Promise<JobPage>;
  /** The tags of a job, by their keys. */
  tags(arn: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Whether the job of the request's name is what the request asks for; `undefined` where SageMaker shows none. */
  isSameJob(request: CreateProcessingJobCommandInput, signal?: AbortSignal): Promise<boolean | undefined>;
  /** Asks a job to stop. Where there is no such job there is nothing to stop, and that is no failure. */
  stop(name: string, signal?: AbortSignal): Promise<void>;
  /** Deletes the record of a job that has ended, and returns whether there was one. Where there is no such job that is no failure. */
  deleteRecord(name: string, signal?: AbortSignal): Promise<boolean>;
}

/** Which jobs to list. Times are milliseconds since the epoch, of SageMaker's clock. */
export interface ListQuery {
  status?: JobStatus;
  modifiedAfter?: number;
  createdAfter?: number;
  /** From the page before; the rest must be as it was for that. */
  nextToken?: string;
}

export interface JobPage {
  jobs: Job[];
  /** Absent on the last page. */
  nextToken?: string;
}

/**
 * @throws {SageMakerError} `EndpointNotAllowed` if requests must not go to the endpoint, `RegionNotAllowed` if not to the region's
 * partition, `InvalidNamespaceAnnotation` if the account's role can't be one
 */
export type SageMakerFor = (site: Site) => SageMaker;

export interface SageMakerFactory extends Disposable {
  sageMakerFor: SageMakerFor;
  /** Why no call may go to a region, as `sageMakerFor` throws it. */
  regionRefusal: (region: string) => Failure | undefined;
  /** Closes the connections. Calls after it are possible and open new ones. */
  close(): void;
  /** How many clients, sessions of accounts and identities of callers there are. */
  readonly size: number;
  /** Closes the clients of sites and accounts that no call went to lately. */
  dropIdle(): void;
}

export interface SageMakerFactoryOptions {
  endpoints: Endpoints;
  clock: Clock;
  /** Version of the operator, for the user agent. */
  version: string;
  /** The region that the operator itself runs in (`AWS_REGION`); its credentials come from there. */
  ownRegion?: string | undefined;
  /** Partitions that calls may go to besides the operator's own; its credentials are shown in no other. @default none */
  partitions?: readonly Partition[];
  /** How long a call may take in all: credentials, a second attempt and the answer. @default {10_000} */
  callTimeoutMs?: number;
  /** Called before a create, a stop or a deletion, with how long that may take; what it throws is thrown instead of sending. */
  beforeWrite?: ((timeoutMs: number) => void) | undefined;
  /** Told of each attempt of a call once it has ended. */
  onCall?: (call: EndedCall) => void;
  /** Told what time it is by SageMaker's answers. */
  serviceClock?: ServiceClock;
  /** Finds the addresses of endpoints that resources name. @default the system's */
  lookup?: Lookup;
  /** Runs an attempt of a call, to time it among others. */
  traced?: <T>(name: string, attributes: Record<string, string>, call: () => Promise<T>) => Promise<T>;
}

export interface EndedCall {
  /** The API's name, as in `CreateProcessingJob`. */
  operation: string;
  region: string;
  /** `OK`, or the code of the failure. */
  code: string;
  ms: number;
}

const log = getLogger(["operator", "sagemaker"]);

/** Clients of more sites are made anew when they are needed. A client takes 25 KB, and every invented region that a resource names is a site. */
const MOST_SITES = 500;

/**
 * One client for each region, endpoint and account, made when it is first asked for and dropped once it is idle. The clients of
 * a partition share one credential chain, and those of an account the session of its role, so that many regions cost one call of STS.
 */
export function sageMakerFactory(options: SageMakerFactoryOptions): SageMakerFactory {
  // Deno 2.4 says on stderr that the way in which the SDK makes its HMACs is deprecated; its users can do nothing about that.
  Object.assign(process, { noDeprecation: true });
  /** By partition: three at most. */
  const sources = new Map<string, SageMakerClient>();
  const accounts = new IdleMap<SageMakerClient>(options.clock);
  const sites = new IdleMap<SageMakerClient>(options.clock);
  // Makes no calls. Its region, which the chain's STS calls go to, must not be what some resource names.
  const sourceFor = (region: string) => {
    let source = sources.get(partitionOf(region));
    if (source === undefined) {
      const credentials = remembered(credentialChain(logger, options), options.clock);
      source = newClient({ region: homeRegion(region, options), credentials }, options);
      sources.set(partitionOf(region), source);
    }
    return source;
  };
  const own = ownPartition({ region: options.ownRegion, roleArn: process.env.AWS_ROLE_ARN });
  const partitions = [...new Set([own, ...options.partitions ?? []])];
  const regionRefusal = (region: string) => partitionRefusal(region, partitions);
  const credentialsFor = ({ region, account }: Site) => {
    const source = sourceFor(region);
    if (account === undefined) return source.config.credentials;
    // Makes no calls of SageMaker either: it holds the role's session for the clients of all regions.
    const key = `${partitionOf(region)} ${siteKey({ region: "", account })}`;
    return accounts.of(key, () => {
      const { region, credentials } = source.config;
      const requestHandler = httpHandler(options.callTimeoutMs ?? DEFAULT_TIMEOUT_MS);
      const session = remembered(assumedRole(account, { region, credentials, requestHandler }), options.clock);
      return newClient({ region, credentials: session, requestHandler }, options);
    }).config.credentials;
  };
  const clientFor = ({ endpoint, ...site }: Site) => {
    // Asked for each time, so that an account's session lives for as long as a client that uses it.
    const credentials = credentialsFor(site);
    return sites.of(siteKey({ endpoint, ...site }), () => {
      for (const client of sites.dropBeyond(MOST_SITES)) client.destroy();
      if (endpoint === undefined) return newClient({ region: site.region, credentials }, options);
      const transport = options.endpoints.isOwn(endpoint) ? {} : guardedHttp(options.lookup);
      return newClient({ region: site.region, credentials, endpoint, ...transport }, options);
    });
  };
  const identities = new IdleMap<CallerIdentity>(options.clock);
  const identityFor = ({ region, endpoint, account }: Site, isAws: boolean) => {
    const key = `${partitionOf(region)} ${siteKey({ region: "", endpoint, account })}`;
    const place = (): StsPlace => {
      const { url } = servicePlace("sts", homeRegion(region, options), (name) => process.env[name]);
      const isNamed = process.env.AWS_ENDPOINT_URL_STS || process.env.AWS_ENDPOINT_URL;
      // An endpoint that stands in for SageMaker is taken to stand in for STS too.
      return { region: homeRegion(region, options), url: isNamed || isAws ? url : endpoint! };
    };
    return identities.of(key, () => new CallerIdentity(options.clock, place));
  };
  const close = () => {
    for (const clients of [sources, accounts, sites]) {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    }
  };
  const dropIdle = () => {
    for (const clients of [accounts, sites]) for (const client of clients.dropIdle()) client.destroy();
    identities.dropIdle();
  };
  return {
    regionRefusal,
    sageMakerFor({ region, endpoint: specEndpoint, account }) {
      const refusal = regionRefusal(region);
      if (refusal) throw new SageMakerError(refusal);
      const endpoint = options.endpoints.resolve(specEndpoint);
      const place = placeOf({ region, endpoint: specEndpoint });
      const onDate = (date: string) => options.serviceClock?.note(place, Date.parse(date));
      if (account) checkAccount(account);
      const site = { region, endpoint, account };
      const identity = identityFor(site, options.endpoints.isAws(specEndpoint));
      return new Caller(() => clientFor(site), { region, endpoint, onDate, identity }, options);
    },
    get size() {
      return accounts.size + sites.size + identities.size;
    },
    dropIdle,
    close,
    [Symbol.dispose]: close,
  };
}

/** Why no call may go to a region. Another partition has an STS and a SageMaker of its own, which would be shown the operator's token. */
function partitionRefusal(region: string, partitions: readonly Partition[]): Failure | undefined {
  const partition = partitionOf(region);
  if (partitions.includes(partition)) return undefined;
  const message = `The region '${region}' is of the partition '${partition}', and the operator calls AWS in ` +
    `${partitions.map((each) => `'${each}'`).join(" and ")} only; its --allowed-partitions adds others`;
  return { retry: "person", reason: "RegionNotAllowed", code: "RegionNotAllowed", message };
}

function homeRegion(region: string, { ownRegion }: SageMakerFactoryOptions): string {
  return ownRegion && partitionOf(ownRegion) === partitionOf(region) ? ownRegion : knownRegion(region);
}

function newClient(
  config: SageMakerClientConfig,
  { version, callTimeoutMs = DEFAULT_TIMEOUT_MS }: SageMakerFactoryOptions,
): SageMakerClient {
  const client = new SageMakerClient({
    customUserAgent: [["sagemaker-operator", version]],
    // A second attempt is our own business.
    maxAttempts: 1,
    logger,
    // The credential chain's own calls of STS use this too, and nothing else bounds them.
    requestHandler: httpHandler(callTimeoutMs),
    streamCollector: collectBody,
    ...config,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { date } = (result.response as { headers?: Record<string, string> }).headers ?? {};
      Object.assign((result.output as Dated).$metadata ?? {}, { date });
      return result;
    },
    { step: "deserialize", priority: "high", name: "dateOfAnswer" },
  );
  return client;
}

/** An output of the SDK with the header `Date` of the answer, which the SDK itself drops. */
interface Dated {
  $metadata?: { date?: string };
}

const DEFAULT_TIMEOUT_MS = 10_000;
const WRITES = ["CreateProcessingJob", "StopProcessingJob", "DeleteProcessingJob"];

/** Without one the SDK writes its warnings to the console. Its other levels hold requests, so environment values. */
const logger = {
  trace() {},
  debug() {},
  info() {},
  warn: (message: unknown) => log.warn("The AWS SDK warns", { warning: String(message) }),
  error() {},
};

class Caller implements SageMaker {
  readonly #client: () => SageMakerClient;
  readonly #where: Where;
  readonly #options: SageMakerFactoryOptions;

  constructor(
    client: () => SageMakerClient,
    where: Where,
    options: SageMakerFactoryOptions,
  ) {
    this.#client = client;
    this.#where = where;
    this.#options = options;
  }

  async create(request: CreateProcessingJobCommandInput, signal?: AbortSignal): Promise<string> {
    const answer = await this.#call("CreateProcessingJob", signal, (client, abortSignal) => {
      return client.send(new CreateProcessingJobCommand(request), { abortSignal });
    }, request.Environment);
    if (!answer?.ProcessingJobArn) throw failed(notSageMaker(this.#where), answer);
    return answer.ProcessingJobArn;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    const { clock, callTimeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    using limit = deadline(clock, callTimeoutMs, signal);
    try {
      await this.#credentials(limit.signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  }

  /** Asked for on their own, so that what is wrong with them isn't taken for SageMaker's; the SDK remembers them. */
  async #credentials(limit: AbortSignal): Promise<Credentials> {
    return await orAbort(this.#client().config.credentials(), limit).catch((error) => {
      throw error instanceof SageMakerError ? error : failed(credentialsFailure(error), error);
    });
  }

  async describe(name: string, signal?: AbortSignal): Promise<Job | undefined> {
    const answer = await this.#describe(name, signal);
    if (answer === undefined) return undefined;
    if (answer.ProcessingJobStatus === undefined) throw failed(notSageMaker(this.#where), answer);
    return toJob(name, answer);
  }

  async environment(name: string, signal?: AbortSignal): Promise<Environment | undefined> {
    const answer = await this.#describe(name, signal);
    return answer && (answer.Environment ?? {});
  }

  #describe(name: string, signal?: AbortSignal) {
    return this.#call("DescribeProcessingJob", signal, (client, abortSignal) => {
      return client.send(new DescribeProcessingJobCommand({ ProcessingJobName: name }), { abortSignal });
    });
  }

  async describeWithAccount(
    name: string,
    signal?: AbortSignal,
  ): Promise<{ job: Job | undefined; account: string | Failure }> {
    const { clock, callTimeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    using limit = deadline(clock, 2 * callTimeoutMs, signal);
    const before = await this.#credentials(limit.signal);
    const job = await this.describe(name, signal);
    const account = await this.#accountOf(before, limit.signal, signal);
    const after = await this.#credentials(limit.signal);
    return { job, account: after.accessKeyId === before.accessKeyId ? account : CREDENTIALS_CHANGED };
  }

  async account(signal?: AbortSignal): Promise<string | Failure> {
    const { clock, callTimeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    using limit = deadline(clock, callTimeoutMs, signal);
    try {
      return await this.#accountOf(await this.#credentials(limit.signal), limit.signal, signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  }

  async #accountOf({ accessKeyId }: Credentials, limit: AbortSignal, signal?: AbortSignal): Promise<string | Failure> {
    try {
      return await this.#where.identity.account(this.#client(), accessKeyId, limit);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof SageMakerError) return error.failure;
      throw error;
    }
  }

  async list(query: ListQuery, signal?: AbortSignal): Promise<JobPage> {
    const input = {
      StatusEquals: query.status,
      LastModifiedTimeAfter: query.modifiedAfter === undefined ? undefined : new Date(query.modifiedAfter),
      CreationTimeAfter: query.createdAfter === undefined ? undefined : new Date(query.createdAfter),
      NextToken: query.nextToken,
      SortBy: "CreationTime",
      SortOrder: "Descending",
      MaxResults: 100,
    } as const;
    const answer = await this.#call("ListProcessingJobs", signal, (client, abortSignal) => {
      return client.send(new ListProcessingJobsCommand(input), { abortSignal });
    });
    if (answer?.ProcessingJobSummaries === undefined) throw failed(notSageMaker(this.#where), answer);
    const { NextToken: nextToken } = answer;
    return { jobs: answer.ProcessingJobSummaries.map(toSummary), ...(nextToken !== undefined && { nextToken }) };
  }

  async tags(arn: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    // A job has 50 tags at most, which is what one answer holds.
    const answer = await this.#call("ListTags", signal, (client, abortSignal) => {
      return client.send(new ListTagsCommand({ ResourceArn: arn, MaxResults: 50 }), { abortSignal });
    });
    return new Map(answer?.Tags?.map(({ Key = "", Value = "" }) => [Key, Value]));
  }

  async isSameJob(request: CreateProcessingJobCommandInput, signal?: AbortSignal): Promise<boolean | undefined> {
    const answer = await this.#describe(request.ProcessingJobName!, signal);
    return answer && describes(answer, request);
  }

  async stop(name: string, signal?: AbortSignal): Promise<void> {
    await this.#call("StopProcessingJob", signal, (client, abortSignal) => {
      return client.send(new StopProcessingJobCommand({ ProcessingJobName: name }), { abortSignal });
    });
  }

  async deleteRecord(name: string, signal?: AbortSignal): Promise<boolean> {
    const answer = await this.#call("DeleteProcessingJob", signal, (client, abortSignal) => {
      return client.send(new DeleteProcessingJobCommand({ ProcessingJobName: name }), { abortSignal });
    });
    return answer !== undefined;
  }

  /**
   * The answer, or `undefined` where the service says that there is no such job.
   *
   * @param environment what errors must not repeat
   */
  async #call<T>(
    operation: string,
    signal: AbortSignal | undefined,
    send: Send<T>,
    environment: Environment = {},
  ): Promise<T | undefined> {
    const { clock, callTimeoutMs = DEFAULT_TIMEOUT_MS, beforeWrite } = this.#options;
    if (WRITES.includes(operation)) beforeWrite?.(callTimeoutMs);
    using deadlineOfBoth = deadline(clock, callTimeoutMs, signal);
    const limit = deadlineOfBoth.signal;
    const attempt = () => this.#attempt(operation, send, environment, limit, signal);
    return await passingOverBlip(attempt, { operation, clock, limit, signal });
  }

  async #attempt<T>(
    operation: string,
    send: Send<T>,
    environment: Environment,
    limit: AbortSignal,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const { clock, onCall, traced = untraced } = this.#options;
    const started = clock.monotonic();
    const ended = (code: string) =>
      onCall?.({ operation, region: this.#where.region, code, ms: clock.monotonic() - started });
    let used: Credentials | undefined;
    /** The failure by what the service has said, which is more than may be shown. */
    let said: Failure | "not-found" | undefined;
    const hiding = (error: unknown) => {
      const shown = errorWithout(environment, error);
      if (shown !== error) said = classify(error, { operation, ...this.#where });
      throw shown;
    };
    try {
      const client = this.#client();
      used = await this.#credentials(limit);
      const answer = await traced(`SageMaker/${operation}`, { region: this.#where.region }, () => {
        return orAbort(send(client, limit).catch(hiding), limit);
      });
      ended("OK");
      const { date } = (answer as Dated).$metadata ?? {};
      if (date !== undefined) this.#where.onDate(date);
      await this.#learnAccount(used, answer as WithArn);
      return answer;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const shown = error instanceof SageMakerError ? error.failure : classify(error, { operation, ...this.#where });
      // A value that looks like a part of the service's own words changes what is shown, not what is done.
      const failure = said && said !== "not-found" && shown !== "not-found"
        ? { ...said, message: shown.message }
        : shown;
      ended(failure === "not-found" ? "NotFound" : failure.code);
      if (failure === "not-found") return undefined;
      if (error instanceof SageMakerError) throw error;
      const isReplaced = failure.reason === "CredentialsUnavailable" && await this.#hasNewer(used, limit);
      throw failed(isReplaced ? { ...failure, retry: "soon" } : failure, error);
    }
  }

  /** The ARN of a job in an answer names the caller's account, if the credentials are still those that were asked for. */
  async #learnAccount({ accessKeyId }: Credentials, answer: WithArn): Promise<void> {
    const arn = answer.ProcessingJobArn ?? answer.ProcessingJobSummaries?.[0]?.ProcessingJobArn;
    const { identity } = this.#where;
    if (arn === undefined || identity.knows(accessKeyId)) return;
    // The call has succeeded, whatever becomes of the credentials.
    const current = await this.#client().config.credentials().catch(() => undefined);
    if (current?.accessKeyId === accessKeyId) identity.note(accessKeyId, arn);
  }

  /** Whether the source of the credentials that AWS refused gives others by now. */
  async #hasNewer(refused: Credentials | undefined, limit: AbortSignal): Promise<boolean> {
    try {
      const current = await orAbort(this.#client().config.credentials({ forceRefresh: true }), limit);
      return !isSame(current, refused);
    } catch {
      // AWS's refusal says more.
      return false;
    }
  }
}

interface Where {
  region: string;
  endpoint: string | undefined;
  /** Told of the date of each answer, as it came. */
  onDate: (date: string) => void;
  /** Whose credentials the calls are signed with. */
  identity: CallerIdentity;
}

/** Answers that hold the ARN of a job. */
interface WithArn {
  ProcessingJobArn?: string;
  ProcessingJobSummaries?: { ProcessingJobArn?: string | undefined }[];
}

type Send<T> = (client: SageMakerClient, abortSignal: AbortSignal) => Promise<T>;

function untraced<T>(_name: string, _attributes: Record<string, string>, call: () => Promise<T>): Promise<T> {
  return call();
}

const CREDENTIALS_CHANGED: Failure = {
  retry: "soon",
  reason: "AccountUnconfirmed",
  code: "CredentialsChanged",
  message: "the credentials changed meanwhile",
};

/** Where something answers that isn't SageMaker, as a proxy or a wrong endpoint may. */
function notSageMaker({ region, endpoint }: { region: string; endpoint: string | undefined }): Failure {
  const message = `Cannot understand the answer from '${endpoint ?? region}': it holds no processing job`;
  return { retry: "slowly", reason: "UnknownError", code: "InvalidAnswer", message };
}

function failed(failure: Failure, cause: unknown): SageMakerError {
  return new SageMakerError(failure, { cause });
}
