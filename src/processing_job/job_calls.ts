import type { Tag } from "@aws-sdk/client-sagemaker";
import { getLogger } from "@logtape/logtape";
import { accountIn } from "../api/arn.ts";
import { attemptName } from "../api/job_name.ts";
import { type Failure, type JobRef, SageMakerError, type Sighting } from "../api/job.ts";
import type { AppliedDefault, ProcessingJob } from "../api/processing_job.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SageMaker, SageMakerFor } from "../sagemaker/client.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import type { Admission, Call, CallGate } from "../sagemaker/gate.ts";
import { mayHaveArrived } from "../sagemaker/create_outcome.ts";
import type { JobInformer } from "../sagemaker/informer/informer.ts";
import { isFinal } from "../sagemaker/sighting.ts";
import { isAboutTags, isOwnJob, NOT_SHOWN, usersTags } from "../sagemaker/ownership.ts";
import type { Observed } from "./action.ts";
import { isMarkedForOther } from "./backup.ts";
import type { Burst } from "./burst.ts";
import { isOfCaller } from "./create_state.ts";
import { STOP_AGAIN_MS } from "./deletion.ts";
import { lastRecord } from "./deletion_policy.ts";
import { EnvironmentError, type EnvironmentReader, withValues } from "./environment.ts";
import { HeartbeatPhases } from "./heartbeat.ts";
import {
  hasFinalizer,
  isAskedFor,
  isUntouched,
  isWaiting,
  needsFirstCreate,
  provesJob,
  readyReason,
  saysInDoubt,
  saysNotSent,
} from "./history.ts";
import { identity, keyOf, refOf } from "./identity.ts";
import { fillIn } from "./namespace_defaults.ts";
import {
  type AllowedByFlags,
  type NamespacePolicy,
  namespaceUnknown,
  refusalOf,
  REFUSALS,
} from "./namespace_policy.ts";
import { JobSites, type OperatorPlace } from "./site.ts";

const log = getLogger(["operator", "processing-job"]);

/** Calls that change something, and that come before what is told of them. */
const WRITES = ["CreateProcessingJob", "StopProcessingJob", "DeleteProcessingJob"];
const NO_POLICY: NamespacePolicy = { defaults: {} };
const ALL: AllowedByFlags = { roleArns: [], regions: [] };
/** The longest that a status waits for the calls of others. */
const LONGEST_WAIT_MS = 4_000;
/** In a burst, a call that is throttled is told unless it goes within this time of its first try. */
const UNTOLD_MS = 2_500;
/** As many records are deleted in one reconcile at most. */
const MOST_RECORDS_AT_ONCE = 20;

/** `kube` has the Secrets and ConfigMaps that a job's environment is read from. */
export interface JobCallsOptions extends EnvironmentReader {
  jobs: JobInformer;
  /** Holds back calls that would fail as others have. */
  gate: CallGate;
  sageMakerFor: SageMakerFor;
  /** What the tags of a resource's job are, given the user's. */
  tagsFor: (userTags: Tag[] | undefined, resource: ProcessingJob) => Tag[];
  /** What the annotations of a namespace say. @default none say anything */
  policyOf?: (namespace: string) => NamespacePolicy;
  /**
   * Makes certain what the annotations of a namespace say at this moment, before a create; gives why it isn't certain, as the end of a
   * sentence. @default it is
   */
  confirmNamespace?: (namespace: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Why no call for a resource that names this endpoint may be sent. @default all may */
  endpointRefusal?: (endpoint: string) => Failure | undefined;
  /** The same of a region. @default every call may */
  regionRefusal?: (region: string) => Failure | undefined;
  /** The endpoint of resources that name none; absent for AWS's own. */
  endpoint?: string | undefined;
  /** @default all */
  allowed?: AllowedByFlags;
  /**
   * The account that calls for a namespace are made in, where `asked` is what its annotations or an earlier status say; or why none may
   * be made. @default what is asked for
   */
  accountFor?: NonNullable<OperatorPlace["accountFor"]>;
  /** Told that a job was created without the operator's own tags, and what refused them. */
  onTagsDenied: (resource: ProcessingJob, failure: Failure) => void;
  /** Told of each job that was created. */
  onCreate?: (resource: ProcessingJob) => void;
  /** Whether calls for a job there go to AWS itself. @default nowhere */
  isAws?: (ref: JobRef) => boolean;
  /** What time SageMaker says it is at least, in milliseconds since the epoch, if it has said anything. */
  serviceNow?: (ref: JobRef) => number | undefined;
  /** Told of each create and stop. */
  burst: Burst;
  /** Whether there are calls to be made for other resources, which come first. */
  isBusy: () => boolean;
  clock: Clock;
}

/**
 * The steps of `decide` that are calls of SageMaker. Each takes in what it observed, failures included.
 *
 * @throws the signal's reason once it is aborted; `NotNow`
 */
export class JobCalls {
  readonly #options: JobCallsOptions;
  /** Milliseconds since the epoch. */
  readonly #startedAt: number;
  /** By key, when a create was last sent whose outcome is unknown; it may still arrive. Milliseconds since the epoch. */
  readonly #unsettledAt = new Map<string, number>();

  /** By key, when a create was last sent whose outcome was unknown then, until the key is forgotten. */
  readonly #openAt = new Map<string, number>();

  /** Keys whose create was decided on but held back by the gate, and never sent. */
  readonly #unsent = new Set<string>();

  /** Keys of whose present attempt no create has ever reached SageMaker, though no status may say so. */
  readonly #neverSent = new Set<string>();

  /** Keys that the gate has let pass for a create that is not sent yet. */
  readonly #admitted = new Set<string>();

  /** Keys whose finalizer this process has set. */
  readonly #held = new Set<string>();

  readonly heartbeats = new HeartbeatPhases();

  /** Keys whose job the informer follows. */
  readonly #followed = new Set<string>();

  /**
   * By key, when its job was created, as long as no status says so: there is no doubt whose it is. On the monotonic clock, as
   * all of these.
   */
  readonly #createdAt = new Map<string, number>();

  /** By key, what the namespace filled in for the create, as long as no status says so. */
  readonly #applied = new Map<string, AppliedDefault[]>();

  /** By key, the name of its job where that isn't the first attempt's. */
  readonly #names = new Map<string, string>();

  readonly #sites: JobSites;

  /** By key, when its job was last stopped. */
  readonly #stoppedAt = new Map<string, number>();

  /** By key, up to which attempt the records were deleted, for a deletion that takes several reconciles. */
  readonly #recordsDeleted = new Map<string, number>();

  /** By key, since when its calls are throttled with no other answer in between. */
  readonly #throttledAt = new Map<string, number>();

  /** All of these. Whatever is remembered by key belongs here, so that it is forgotten with the key. */
  readonly #byKey = [
    this.#unsettledAt,
    this.#openAt,
    this.#unsent,
    this.#neverSent,
    this.#held,
    this.#followed,
    this.#createdAt,
    this.#applied,
    this.#names,
    this.#stoppedAt,
    this.#recordsDeleted,
    this.#throttledAt,
  ];

  constructor(options: JobCallsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    const isAws = (endpoint: string) => options.isAws?.({ name: "", region: "", endpoint }) ?? false;
    const { endpoint, endpointRefusal, regionRefusal, accountFor } = options;
    this.#sites = new JobSites(
      {
        endpoint,
        isAws,
        ...(endpointRefusal && { endpointRefusal }),
        ...(regionRefusal && { regionRefusal }),
        ...(accountFor && { accountFor }),
      },
      (resource) => this.#policyOf(resource),
    );
  }

  /** How many things are remembered by key. */
  get size(): number {
    return [...this.#byKey, this.#admitted, this.#sites, this.heartbeats].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Whether the status of `resource` can wait: in a burst the calls come first, and then what is told of them. Nothing is lost by
   * that, should the operator end here.
   */
  mayWait({ metadata }: ProcessingJob, sighting: Sighting | undefined): boolean {
    const key = `${metadata.namespace}/${metadata.name}`;
    const calledAt = metadata.deletionTimestamp === undefined ? this.#createdAt.get(key) : this.#stoppedAt.get(key);
    if (calledAt === undefined || isFinal(sighting?.job)) return false;
    const { clock, isBusy } = this.#options;
    return isBusy() && clock.monotonic() - calledAt < LONGEST_WAIT_MS;
  }

  /** What is known before anything is asked. A look that failed earlier says nothing now. */
  known(resource: ProcessingJob): Observed {
    const key = keyOf(resource);
    this.#keepApart(key, resource);
    const serviceNow = this.#options.serviceNow?.(refOf(resource));
    const where = this.#sites.whereIs(resource);
    const sighting = "ref" in where ? this.#options.jobs.get(key, where.ref) : undefined;
    const applied = this.#applied.get(key);
    const unsettledAt = this.#unsettledAt.get(key);
    const openAt = this.#openAt.get(key);
    // Another process has acted on the resource since it was held back here.
    const isActedOn = provesJob(resource.status) || (hasFinalizer(resource) && !this.#held.has(key));
    if (isActedOn) this.#unsent.delete(key);
    return {
      ...(sighting?.job || (sighting?.absent && !sighting.failure) ? { sighting } : {}),
      ...("ref" in where ? { site: this.#sites.siteOf(where.ref) } : {}),
      ...(unsettledAt === undefined ? {} : { unsettledAt }),
      ...(openAt === undefined ? {} : { openAt }),
      ...(this.#unsent.has(key) ? { isUnsent: true } : {}),
      ...(this.#isNeverSent(resource) ? { isNeverSent: true } : {}),
      ...(this.#isInherited(resource) ? { inheritedAt: this.#startedAt } : {}),
      ...(serviceNow === undefined ? {} : { serviceNow }),
      ...this.#roleAccount(resource),
      heartbeatPhase: this.heartbeats.of(key),
      ...(this.#followed.has(key) ? { isFollowed: true } : {}),
      ...(this.#createdAt.has(key) ? { isOwn: true } : {}),
      ...(this.#isStopFresh(key) ? { stopSent: true } : {}),
      ...(applied === undefined ? {} : { appliedDefaults: applied }),
    };
  }

  /** What is known of an attempt's job says nothing of the next one's. */
  #keepApart(key: string, resource: ProcessingJob): void {
    const { name, uid } = resource.metadata;
    const first = attemptName(name, uid, 1);
    const current = refOf(resource).name;
    if (current === (this.#names.get(key) ?? first)) return;
    const isHeld = this.#held.has(key);
    this.forget(key);
    if (isHeld) this.#held.add(key);
    if (current !== first) this.#names.set(key, current);
  }

  /** An earlier process, or an earlier term of this one, may have sent a create, and have had no time to say so. */
  #isInherited(resource: ProcessingJob): boolean {
    const { status } = resource;
    if (!hasFinalizer(resource) || isMarkedForOther(resource)) return false;
    return !this.#held.has(keyOf(resource)) && !saysNotSent(status) &&
      (status?.processingJobStatus === undefined || needsFirstCreate(status) || saysInDoubt(status));
  }

  /** The account of the job's role. Elsewhere than at AWS any role is taken. */
  #roleAccount(resource: ProcessingJob): Pick<Observed, "roleAccount"> {
    if (!this.#options.isAws?.(refOf(resource))) return {};
    const roleAccount = accountIn(resource.spec.roleArn ?? this.#policyOf(resource).defaults.roleArn);
    return roleAccount === undefined ? {} : { roleAccount };
  }

  /** No create has ever been sent, by the status, or because this process has set the finalizer and sent none since. */
  #isNeverSent(resource: ProcessingJob): boolean {
    return saysNotSent(resource.status) || this.#neverSent.has(keyOf(resource));
  }

  /** No create can have been sent, by an earlier process neither, as that would have set the finalizer. */
  #hasNoCreate(resource: ProcessingJob): boolean {
    return !hasFinalizer(resource) || this.#isNeverSent(resource);
  }

  /** This process has set the finalizer, which comes before any create. */
  hold(resource: ProcessingJob, observed: Observed): void {
    this.#held.add(keyOf(resource));
    if (!needsFirstCreate(resource.status) || saysInDoubt(resource.status)) return;
    this.#neverSent.add(keyOf(resource));
    observed.isNeverSent = true;
  }

  /** The status no longer says that nothing was sent; that is still so. */
  announced(resource: ProcessingJob): void {
    this.#held.add(keyOf(resource));
    this.#neverSent.add(keyOf(resource));
  }

  forget(key: string): void {
    this.#options.jobs.forget(key);
    this.#options.gate.leave(key);
    this.heartbeats.forget(key);
    for (const each of [...this.#byKey, this.#sites]) each.delete(key);
  }

  /** Asks SageMaker for the job. */
  async look(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    observed.hasLooked = true;
    if (this.#hasNoCreate(resource) && isRefused(resource) && this.#refuses(resource, observed)) return;
    await this.#attempt(resource, "DescribeProcessingJob", observed, async (_, ref) => {
      observed.sighting = await this.#lookUp(resource, ref, signal);
      const serviceNow = this.#options.serviceNow?.(refOf(resource));
      if (serviceNow !== undefined) observed.serviceNow = serviceNow;
      if (observed.sighting.failure) throw new SageMakerError(observed.sighting.failure);
    });
  }

  /**
   * Finds out whose account is asked. If it is `wanted` the job is asked for once more, with credentials that are certain to be of
   * that account; a job that is there after all is what was seen.
   */
  async identify(resource: ProcessingJob, wanted: string, observed: Observed, signal: AbortSignal): Promise<void> {
    const where = this.#sites.whereIs(resource);
    if ("failure" in where) {
      observed.failure = where.failure;
      return;
    }
    try {
      const account = await this.#options.sageMakerFor(where.ref).account(signal);
      if (account !== wanted) {
        observed.caller = account;
        return;
      }
    } catch (error) {
      if (!(error instanceof SageMakerError)) throw error;
      observed.failure = error.failure;
      return;
    }
    await this.#attempt(resource, "DescribeProcessingJob", observed, async (sageMaker, ref) => {
      const { job, account } = await sageMaker.describeWithAccount(ref.name, signal);
      observed.caller = account;
      if (job) observed.sighting = await this.#lookUp(resource, ref, signal);
    });
  }

  /** Finds out whether the job that was seen is this resource's. */
  async verify(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    let asked: JobRef | undefined;
    this.#filled(resource, observed);
    await this.#attempt(resource, "ListTags", observed, async (sageMaker, ref) => {
      asked = ref;
      const owner = { arn: observed.sighting!.job!.arn, uid: resource.metadata.uid };
      observed.isOwn = await isOwnJob(sageMaker, toCreateRequest(resource.spec, ref.name), owner, signal);
    });
    if (observed.isOwn === false) log.warn("The job of this name is not the resource's", identity(resource));
    if (observed.failure?.code !== NOT_SHOWN || !asked) return;
    // Its record may be gone, or the answer was behind: what was seen is forgotten, a look tells, and the job may still appear.
    this.#followed.delete(keyOf(resource));
    this.#options.jobs.forget(keyOf(resource));
    observed.sighting = await this.#lookUp(resource, asked, signal);
    if (!observed.sighting.absent) return;
    delete observed.failure;
    this.#leaveOpen(keyOf(resource), observed);
  }

  /**
   * Has the gate let a create of `resource` pass, so that nothing is written in vain before it. Takes in why it doesn't. The
   * place is held until the create, or until `letGo`.
   *
   * @throws {NotNow} if it has to wait for but a moment
   */
  async mayCreate(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<boolean> {
    const isUnknown = this.#policyOf(resource).unknown !== undefined;
    if (isUnknown && !await this.#confirmNamespace(resource, observed, signal)) return false;
    const where = this.#sites.toCreate(resource);
    if (this.#refuses(resource, observed) || "failure" in where) return false;
    const key = keyOf(resource);
    const call = this.#callOf(resource, "CreateProcessingJob", where.ref);
    const admission = this.#options.gate.admit(key, call, { isAskedFor: isAskedFor(resource) });
    if (admission.go) {
      this.#admitted.add(key);
      return true;
    }
    if (!hasFinalizer(resource) && !saysInDoubt(resource.status)) this.#unsent.add(key);
    hold(admission, observed);
    return false;
  }

  /** Gets everything that a create needs, once `mayCreate` has let it pass, and sends nothing. Takes in what can't be had. */
  async prepare(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    observed.isPrepared = await this.#attempt(resource, "CreateProcessingJob", observed, async (sageMaker) => {
      await withValues(this.#filled(resource, observed), this.#options, signal);
      await sageMaker.ready(signal);
    }, { isRehearsal: true });
  }

  /** Ends every reconcile of `key`: what it was let pass for and did not send is over. */
  letGo(key: string): void {
    if (this.#admitted.delete(key)) this.#options.gate.leave(key);
  }

  /** Whether the resource's namespace allows no job for it. Why is what was observed, and a person's matter. */
  #refuses(resource: ProcessingJob, observed: Observed): boolean {
    const policy = this.#policyOf(resource);
    const { spec } = fillIn(resource.spec, policy.defaults);
    const where = this.#sites.toCreate(resource);
    const refusal = this.#sites.refusalOf(resource) ?? refusalOf(spec, policy, this.#options.allowed ?? ALL) ??
      ("failure" in where ? where.failure : undefined);
    if (refusal === undefined) return false;
    this.#refuse(resource, observed, refusal);
    return true;
  }

  #refuse(resource: ProcessingJob, observed: Observed, refusal: Failure): void {
    const key = keyOf(resource);
    this.#options.gate.leave(key);
    if (isUntouched(resource.status) && this.#hasNoCreate(resource)) this.#unsent.add(key);
    observed.failure = refusal;
  }

  /** Whether what the Namespace says is certain at this moment; if not, that is what was observed. */
  async #confirmNamespace(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<boolean> {
    const why = await this.#options.confirmNamespace?.(resource.metadata.namespace, signal);
    if (why !== undefined) this.#refuse(resource, observed, namespaceUnknown(why));
    return why === undefined;
  }

  #policyOf({ metadata: { namespace } }: ProcessingJob): NamespacePolicy {
    return this.#options.policyOf?.(namespace) ?? NO_POLICY;
  }

  #callOf(resource: ProcessingJob, operation: string, { region, endpoint, account }: JobRef): Call {
    const { defaults } = this.#policyOf(resource);
    const { metadata, spec } = resource;
    const { clusterConfig: cluster } = spec.processingResources;
    const preferred = cluster.instancePreferences?.[0];
    const createdAt = Date.parse(metadata.creationTimestamp);
    const call = { operation, region, endpoint, account, tenant: metadata.namespace, createdAt };
    // The job's role and its machines matter to a create alone; all else is a matter of the operator's own permissions.
    if (operation !== "CreateProcessingJob") return call;
    const roleArn = spec.roleArn ?? defaults.roleArn;
    const instanceType = cluster.instanceType ?? preferred?.instanceType;
    const instances = cluster.instanceCount ?? preferred?.instanceCount;
    return { ...call, roleArn, instanceType, instances, volumeGB: cluster.volumeSizeInGB };
  }

  /** Creates the job, or finds the one that has its name already. */
  async create(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    const { jobs, clock } = this.#options;
    const key = keyOf(resource);
    const sentAt = clock.now();
    if (isUntouched(resource.status) && this.#hasNoCreate(resource)) this.#unsent.add(key);
    if (!await this.#confirmNamespace(resource, observed, signal)) return;
    const where = this.#sites.toCreate(resource);
    if (this.#refuses(resource, observed) || "failure" in where) return;
    // Now and not later: what was just allowed is what is sent.
    const filled = this.#filled(resource, observed);
    const sentTo = where.ref;
    await this.#attempt(resource, "CreateProcessingJob", observed, async (sageMaker, ref) => {
      const spec = await withValues(filled, this.#options, signal);
      const arn = await this.#sendCreate(sageMaker, { ...resource, spec }, ref, { observed, signal });
      this.#unsettledAt.delete(key);
      observed.sighting = jobs.record(key, ref, { name: ref.name, arn, status: "InProgress" }, sentAt);
      observed.isOwn = true;
      this.#createdAt.set(key, clock.monotonic());
      this.#options.onCreate?.(resource);
      log.info("Created the processing job", { ...identity(resource), job: ref.name, region: ref.region });
    });
    // The answer to an earlier create was lost, or the name is somebody else's: the look and its check tell.
    if (observed.failure?.code !== "ResourceInUse") return;
    observed.sighting = await this.#lookUp(resource, sentTo, signal);
    if (observed.sighting.job) delete observed.failure;
    // The name is in use, so there is a job, and a look that does not find it is behind.
    else this.#leaveOpen(key, observed);
  }

  /** The outcome of the create that was sent last is unknown. */
  #leaveOpen(key: string, observed: Observed): void {
    observed.unsettledAt = this.#options.clock.now();
    this.#unsettledAt.set(key, observed.unsettledAt);
    this.#openAt.set(key, observed.unsettledAt);
  }

  /** The resource with what its namespace fills in, which is noted for the status. */
  #filled(resource: ProcessingJob, observed: Observed): ProcessingJob {
    const { spec, applied } = fillIn(resource.spec, this.#policyOf(resource).defaults);
    if (applied.length > 0) {
      observed.appliedDefaults = applied;
      this.#applied.set(keyOf(resource), applied);
    }
    return { ...resource, spec };
  }

  /** Stops the job. */
  async stop(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    observed.stopSent = true;
    let asked: JobRef | undefined;
    await this.#attempt(resource, "StopProcessingJob", observed, async (sageMaker, ref) => {
      asked = ref;
      await sageMaker.stop(ref.name, signal);
      this.#stoppedAt.set(keyOf(resource), this.#options.clock.monotonic());
      log.info("Stopped the processing job", { ...identity(resource), job: ref.name, region: ref.region });
    });
    // A stop is also refused because the job has ended meanwhile, in words that are documented nowhere; a look tells.
    if (observed.failure?.reason !== "UnknownError" || !asked) return;
    observed.sighting = await this.#lookUp(resource, asked, signal);
    if (observed.sighting.job?.status !== "InProgress") delete observed.failure;
  }

  /**
   * Deletes the records of the resource's jobs, the first attempt's first. One that is gone already is no failure. Names follow from the
   * resource's name and UID and the attempt's number alone, never from names in the status, which could be those of other jobs.
   *
   * @throws {NotNow} after a number of them, so that other resources get their turn and changes of this one are seen
   */
  async deleteRecords(resource: ProcessingJob, observed: Observed, signal: AbortSignal): Promise<void> {
    observed.recordsAsked = true;
    const { name, uid } = resource.metadata;
    const key = keyOf(resource);
    const deleted = this.#recordsDeleted.get(key) ?? 0;
    const last = lastRecord({ resource, observed });
    for (let number = deleted + 1; number <= last; number++) {
      if (number > deleted + MOST_RECORDS_AT_ONCE) throw new NotNow(0);
      const job = attemptName(name, uid, number);
      let isThere = true;
      await this.#attempt(resource, "DeleteProcessingJob", observed, async (sageMaker) => {
        isThere = await sageMaker.deleteRecord(job, signal);
      });
      if (observed.failure) return;
      // Whose account was asked is looked up before that is believed.
      if (!isThere && !observed.isRecordAbsent) {
        observed.isRecordAbsent = true;
        return;
      }
      this.#recordsDeleted.set(key, number);
      log.info("Deleted the record of the processing job", { ...identity(resource), job });
    }
    observed.areRecordsDeleted = true;
  }

  /** A stop that SageMaker took but does not show is sent again after a while. */
  #isStopFresh(key: string): boolean {
    return this.#options.clock.monotonic() - (this.#stoppedAt.get(key) ?? -Infinity) < STOP_AGAIN_MS;
  }

  /** Has the job followed, or not, as the resource settles. Whoever settles without a failure waits for no call. */
  settle(resource: ProcessingJob, observed: Observed, { follow, isDone }: { follow: boolean; isDone: boolean }): void {
    const { jobs, gate } = this.#options;
    const key = keyOf(resource);
    if (observed.failure === undefined) gate.leave(key);
    this.#createdAt.delete(key);
    this.#applied.delete(key);
    if (follow) {
      this.#followed.add(key);
      const where = this.#sites.whereIs(resource);
      if ("failure" in where) return;
      // Nobody reads how long a job ran whose resource is going away.
      const { creationTimestamp, deletionTimestamp } = resource.metadata;
      const createdAfter = Date.parse(creationTimestamp);
      jobs.watch(key, where.ref, { details: deletionTimestamp === undefined, createdAfter });
    } else if (isDone) {
      this.#followed.delete(key);
      this.#held.delete(key);
      this.#sites.delete(key);
      this.heartbeats.forget(key);
      jobs.forget(key);
    }
  }

  #lookUp(resource: ProcessingJob, ref: JobRef, signal: AbortSignal) {
    return this.#options.jobs.look(keyOf(resource), ref, signal);
  }

  /**
   * Sends a call if none like it fails at present. Its failure, or why it isn't sent now, is what was observed. Says whether it
   * succeeded; a rehearsal that did keeps its place in line for the call itself.
   */
  async #attempt(
    resource: ProcessingJob,
    operation: string,
    observed: Observed,
    send: (sageMaker: SageMaker, ref: JobRef) => Promise<void>,
    { isRehearsal = false }: { isRehearsal?: boolean } = {},
  ): Promise<boolean> {
    const { gate, sageMakerFor } = this.#options;
    const key = keyOf(resource);
    const isCreate = operation === "CreateProcessingJob";
    const where = isCreate ? this.#sites.toCreate(resource) : this.#sites.whereIs(resource);
    if ("failure" in where) {
      observed.failure = where.failure;
      return false;
    }
    const { ref } = where;
    const call = this.#callOf(resource, operation, ref);
    const admission = this.#admitted.delete(key)
      ? { go: true } as const
      : gate.admit(key, call, { isAskedFor: isAskedFor(resource) });
    if (!admission.go) {
      hold(admission, observed);
      return false;
    }
    let failure: Failure | undefined;
    if (WRITES.includes(operation) && !isRehearsal) this.#options.burst.note();
    try {
      await send(sageMakerFor(ref), ref);
    } catch (error) {
      if (!(error instanceof SageMakerError)) {
        gate.leave(key);
        if (!(error instanceof EnvironmentError)) throw error;
        observed.failure = error.failure;
        return false;
      }
      failure = error.failure;
    }
    if (isRehearsal && failure === undefined) {
      this.#admitted.add(key);
      return true;
    }
    const retryMs = gate.report(key, call, failure ?? "ok");
    if (failure?.reason !== "Throttled") this.#throttledAt.delete(key);
    if (failure === undefined) return true;
    if (failure.reason === "Throttled" && this.#isShort(key, retryMs)) throw new NotNow(retryMs!);
    const shown = failure.reason === "Throttled" ? gate.waitingFor(key, call) ?? failure : failure;
    observed.failure = retryMs === undefined ? shown : { ...shown, retryMs };
    return false;
  }

  /** Whether the wait of a throttled call is too short for a write while there are others to be made: a turn within seconds. */
  #isShort(key: string, retryMs: number | undefined): boolean {
    const now = this.#options.clock.monotonic();
    const since = this.#throttledAt.get(key) ?? now;
    this.#throttledAt.set(key, since);
    return retryMs !== undefined && this.#options.isBusy() && now + retryMs - since <= UNTOLD_MS;
  }

  /** Sends the create, and notes what its failure leaves open. */
  async #sendCreate(
    sageMaker: SageMaker,
    resource: ProcessingJob,
    ref: JobRef,
    { observed, signal }: { observed: Observed; signal: AbortSignal },
  ): Promise<string> {
    const key = keyOf(resource);
    const isFirst = this.#isNeverSent(resource);
    this.#unsent.delete(key);
    this.#neverSent.delete(key);
    observed.isNeverSent = false;
    const { site, takeBack } = this.#sites.note(resource, ref);
    observed.site = site;
    try {
      return await this.#createOrUntagged(sageMaker, resource, ref, signal);
    } catch (error) {
      const failure = error instanceof SageMakerError ? error.failure : undefined;
      if (failure === undefined || mayHaveArrived(failure)) {
        this.#leaveOpen(key, observed);
        throw error;
      }
      // A name in use is that of a job which is there, whosever it is.
      if (failure.code !== "ResourceInUse") takeBack();
      if (isFirst && isOfCaller(failure)) {
        this.#neverSent.add(key);
        observed.isNeverSent = true;
      }
      throw error;
    }
  }

  async #createOrUntagged(
    sageMaker: SageMaker,
    resource: ProcessingJob,
    ref: JobRef,
    signal: AbortSignal,
  ): Promise<string> {
    const { tagsFor, onTagsDenied } = this.#options;
    const asked = toCreateRequest(resource.spec, ref.name);
    const request = asked.Tags ? { ...asked, Tags: usersTags(asked.Tags) } : asked;
    const Tags = tagsFor(request.Tags, resource);
    if (Tags.length === (request.Tags?.length ?? 0)) return await sageMaker.create(request, signal);
    try {
      return await sageMaker.create({ ...request, Tags }, signal);
    } catch (error) {
      if (!(error instanceof SageMakerError && isAboutTags(error.failure))) throw error;
      const arn = await sageMaker.create(request, signal);
      onTagsDenied(resource, error.failure);
      return arn;
    }
  }
}

/**
 * No job was ever asked for, by our own word: the namespace did not allow it. Before a deletion or a suspension this is looked up
 * all the same.
 */
function isRefused({ metadata, spec, status }: ProcessingJob): boolean {
  return metadata.deletionTimestamp === undefined && !spec.suspend && isWaiting(status) &&
    REFUSALS.includes(readyReason(status));
}

/** A call has to wait for a moment with nothing wrong: thrown instead of sending it, for nobody but the queue to hear of. */
export class NotNow extends Error {
  override readonly name = "NotNow";

  /** @param waitMs when to come again, in milliseconds */
  constructor(readonly waitMs: number) {
    super(`Other calls go first for ${Math.round(waitMs)} ms`);
  }
}

/** @throws {NotNow} */
function hold({ failure, waitMs, isBrief }: Admission & { go: false }, observed: Observed): void {
  if (isBrief) throw new NotNow(waitMs);
  observed.failure = { ...failure, retryMs: waitMs };
}
