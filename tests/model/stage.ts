/** A cluster and AWS accounts, without an operator: what users and jobs do there. All is in memory, on a clock that a test moves. */
import { ANNOTATIONS, API_VERSION, FINALIZER, KIND, MARK, NAMESPACE_ANNOTATIONS, PLURAL } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES, type JobStatus } from "../../src/api/job.ts";
import { jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { hadJob } from "../../src/processing_job/history.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import {
  changeCourse,
  type CreateRequest,
  type Phase,
  phaseAt,
  type StoredJob,
} from "../../src/sagemaker/stand_in/jobs.ts";
import type { SageMakerService } from "../../src/sagemaker/stand_in/service.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { type Answer, FakeApiserver } from "../support/fake_apiserver.ts";
import { accountOfArn, ACCOUNTS, Accounts, credentialsOf, OTHER_ACCOUNT, OWN_ACCOUNT } from "./accounts.ts";
import { isPaused } from "./lives.ts";
import { Rules } from "./rules.ts";

/** Jobs end when a test says so. */
const FOREVER_MS = 365 * 24 * 3_600_000;
const STOP_MS = 4_000;

/** What a resource may ask for beyond its job. */
export type Policies = Pick<
  ProcessingJob["spec"],
  "suspend" | "retryPolicy" | "ttlSecondsAfterFinished" | "deletionPolicy" | "sageMakerEndpoint" | "roleArn"
>;

/** Annotations of a resource or a namespace, by their short names; `undefined` takes one away. */
export type Annotating<Names extends object> = { [Name in keyof Names]?: string | undefined };

const ANOTHER_IMAGE = "123456789012.dkr.ecr.us-west-2.amazonaws.com/another";

/** What there is besides operators. */
export class Stage {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1));
  readonly apiserver = new FakeApiserver(this.clock);
  readonly accounts = new Accounts({ clock: this.clock, jobDuration: FOREVER_MS, stopDuration: STOP_MS });
  readonly rules = new Rules(this);
  /** What happened, for people who have to understand a failure. */
  readonly trace: string[] = [];
  /** Of each change of a resource, the version that it gave rise to. */
  readonly versions: number[] = [];
  /** The account that the operator's own credentials belong to. */
  callerAccount = OWN_ACCOUNT;
  #cancelReturn: () => void = () => {};

  constructor() {
    this.createNamespace("team");
    this.apiserver.onChange = (change, plural) => {
      // Renewed every two seconds.
      if (plural === "leases") return;
      const { metadata, status } = change.object as unknown as ProcessingJob;
      this.note(
        `  ${change.type} ${plural}/${metadata.name} ${metadata.resourceVersion} ${describeObject(metadata, status)}`,
      );
      if (plural !== PLURAL) return;
      this.versions.push(change.version);
      this.rules.onChange(change);
    };
  }

  note(line: string): void {
    this.trace.push(`${(this.clock.monotonic() / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  createNamespace(name: string): void {
    this.asUser("POST", "/api/v1/namespaces", { metadata: { name } });
  }

  /** Gives the operator credentials of `account`, which it takes up within a minute. */
  useAccount(account: string): void {
    this.#cancelReturn();
    this.callerAccount = account;
    for (const [name, value] of Object.entries(credentialsOf(account))) Deno.env.set(name, value);
  }

  /** The same for so many milliseconds, and then again those of its own. */
  useAccountFor(account: string, ms: number): void {
    this.useAccount(account);
    this.#cancelReturn = this.clock.setTimer(ms, () => this.useAccount(OWN_ACCOUNT));
  }

  /** The accounts in which something is left to be done that other credentials or annotations keep from it. */
  holds(): string[] {
    const resources = this.resources();
    const isHeld = resources.some(isPaused) || Object.keys(this.annotationsOf("team")).length > 0;
    const isAbroad = resources.some((resource) => this.accountOf(resource) !== OWN_ACCOUNT) ||
      this.jobs().some(({ arn }) => accountOfArn(arn) !== OWN_ACCOUNT);
    if (resources.length === 0) return [];
    return isAbroad ? [OTHER_ACCOUNT, OWN_ACCOUNT] : isHeld ? [OWN_ACCOUNT] : [];
  }

  /** Ends all that keeps resources from what they ask for, with all calls in `account`. */
  endHolds(account: string): void {
    this.useAccount(account);
    this.annotateNamespace("team", { assumeRoleArn: undefined, allowedRegions: undefined });
    for (const { metadata: { name } } of this.resources().filter(isPaused)) this.annotate(name, { paused: undefined });
  }

  // What users do.

  create(
    name: string,
    policies: Policies = {},
    namespace = "default",
    annotations: Record<string, string> = {},
  ): void {
    const metadata = { name, annotations };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata, spec: { ...MINIMAL_SPEC, ...policies } };
    this.asUser("POST", `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`, body);
  }

  /** A resource that the controller before this one has worked on until its job ended, whose record may be gone by now. */
  inherit(name: string, { word, hasRecord }: { word: "Completed" | "Failed" | "Stopped"; hasRecord: boolean }): void {
    if (this.resource(name)) return;
    const path = `/apis/${API_VERSION}/namespaces/default/${PLURAL}`;
    const body = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, finalizers: [FINALIZER] },
      spec: MINIMAL_SPEC,
    };
    const { uid } = (this.asUser("POST", path, body).body as ProcessingJob).metadata;
    const job = jobName(name, uid);
    this.rules.onInherited(job);
    if (hasRecord) {
      const { region } = MINIMAL_SPEC;
      const service = this.accounts.service(OWN_ACCOUNT);
      const stored = service.create(region, toCreateRequest(MINIMAL_SPEC, job) as CreateRequest);
      changeCourse(stored, service.now(), { at: service.now(), status: word });
    } else this.rules.onRecordDeleted(job);
    const status = { processingJobStatus: word, sageMakerProcessingJobName: job, observedGeneration: null };
    this.asUser("PATCH", `${path}/${name}/status`, { status });
  }

  /**
   * The cluster is lost with the resource, and another has it from a backup: with the finalizer and the annotations, and with the
   * status after a while or never.
   */
  restore(name: string, statusAfterMs: number | undefined): void {
    const lost = this.resource(name);
    if (lost === undefined) return;
    this.rules.onLost(lost);
    this.patch(name, { metadata: { finalizers: null } });
    if (this.resource(name)) this.asUser("DELETE", pathOf(lost));
    const { metadata: { namespace, annotations, finalizers }, spec, status } = lost;
    const metadata = { name, ...(annotations && { annotations }), ...(finalizers && { finalizers }) };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata, spec };
    this.asUser("POST", `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`, body);
    const restored = this.resource(name)!;
    const isActedFor = annotations?.[MARK] !== undefined;
    if (isActedFor || (statusAfterMs === 0 && hadJob(status))) this.rules.onRestored(restored);
    // What was asked for just before the backup, and not seen, is asked for in it too.
    const asked = annotations?.[ANNOTATIONS.reconcileAt];
    if (asked !== undefined && asked !== status?.observedReconcileAt) this.rules.onAskedAgain(restored);
    const putBack = () => {
      if (this.resource(name)?.metadata.uid !== restored.metadata.uid) return;
      this.rules.byUser(() => this.patchStatus(name, { ...status }));
    };
    if (statusAfterMs === 0) putBack();
    else if (statusAfterMs !== undefined && isActedFor) this.clock.setTimer(statusAfterMs, putBack);
  }

  suspend(name: string, suspend: boolean): void {
    this.setPolicies(name, { suspend });
  }

  /** Changes policies; `undefined` takes one away. As the apiserver has it, two of them only until the job has finished. */
  setPolicies(name: string, policies: { [Name in keyof Policies]: Policies[Name] | undefined }): void {
    const conditions = this.resource(name)?.status?.conditions ?? [];
    const isFinished = conditions.some(({ type, status }) =>
      ["Complete", "Failed", "Stopped"].includes(type) && status === "True"
    );
    if (isFinished && ("suspend" in policies || "retryPolicy" in policies)) return;
    this.patch(name, { spec: withNulls(policies) });
  }

  annotate(name: string, annotations: Annotating<typeof ANNOTATIONS>): void {
    const resource = this.resource(name);
    if (resource && annotations.reconcileAt !== undefined) this.rules.onAskedAgain(resource);
    this.patch(name, { metadata: { annotations: named(ANNOTATIONS, annotations) } });
  }

  annotateNamespace(namespace: string, annotations: Annotating<typeof NAMESPACE_ANNOTATIONS>): void {
    const body = { metadata: { annotations: named(NAMESPACE_ANNOTATIONS, annotations) } };
    this.asUser("PATCH", `/api/v1/namespaces/${namespace}`, body);
  }

  /** The annotations of a namespace. */
  annotationsOf(namespace: string): Record<string, string> {
    return this.apiserver.all("namespaces").find(({ metadata }) => metadata.name === namespace)?.metadata.annotations ??
      {};
  }

  /**
   * The account that is now asked for a resource: the one that its job was created in, as its status tells, whatever annotations say by
   * now. Without a job it is theirs, and undefined where they can't be understood.
   */
  accountFor({ metadata: { namespace }, spec: { sageMakerEndpoint }, status }: ProcessingJob): string | undefined {
    const role = this.annotationsOf(namespace)[NAMESPACE_ANNOTATIONS.assumeRoleArn];
    if (status?.site) {
      const { assumedRoleArn, account } = status.site;
      // No other account than the operator's own may assume it.
      if (assumedRoleArn !== undefined && this.callerAccount !== OWN_ACCOUNT) return undefined;
      if (sageMakerEndpoint !== undefined) return OWN_ACCOUNT;
      if (assumedRoleArn !== undefined) return accountOfArn(assumedRoleArn);
      return role !== undefined && accountOfArn(role) === account ? account : this.callerAccount;
    }
    if (role !== undefined && !role.startsWith("arn:")) return undefined;
    if (sageMakerEndpoint !== undefined) return OWN_ACCOUNT;
    return role === undefined ? this.callerAccount : accountOfArn(role);
  }

  /** The account that has, or would have, the job of a resource. */
  accountOf({ spec: { roleArn = "", sageMakerEndpoint } }: ProcessingJob): string {
    return sageMakerEndpoint === undefined ? accountOfArn(roleArn) : OWN_ACCOUNT;
  }

  delete(name: string): void {
    const resource = this.resource(name);
    if (resource === undefined) return;
    this.rules.onDeletedByUser(resource);
    this.asUser("DELETE", pathOf(resource));
  }

  patch(name: string, patch: unknown): void {
    const resource = this.resource(name);
    if (resource) this.asUser("PATCH", pathOf(resource), patch);
  }

  /** As a person does who may write statuses. */
  patchStatus(name: string, status: object): void {
    const resource = this.resource(name);
    if (resource) this.asUser("PATCH", `${pathOf(resource)}/status`, { status });
  }

  protected asUser(method: string, path: string, body?: unknown): Answer {
    return this.apiserver.request({ method, path, body });
  }

  resources(): ProcessingJob[] {
    return this.apiserver.all(PLURAL) as unknown as ProcessingJob[];
  }

  resource(name: string): ProcessingJob | undefined {
    return this.resources().find(({ metadata }) => metadata.name === name);
  }

  // What SageMaker, or another user of it, does.

  jobs(): StoredJob[] {
    return this.accounts.all();
  }

  /** The service that has the job. */
  serviceOf({ arn }: StoredJob): SageMakerService {
    return this.accounts.service(accountOfArn(arn));
  }

  jobOf({ metadata: { name, uid } }: ProcessingJob): StoredJob | undefined {
    return this.accounts.named(jobName(name, uid))[0];
  }

  phaseOf(job: StoredJob): Phase {
    return phaseAt(job, this.serviceOf(job).now());
  }

  statusOf(job: StoredJob): JobStatus {
    return this.phaseOf(job).status;
  }

  isRunning(job: StoredJob): boolean {
    return !FINAL_JOB_STATUSES.includes(this.statusOf(job));
  }

  endJob(job: StoredJob, status: "Completed" | "Failed" | "Stopping", failureReason = "AlgorithmError"): void {
    if (!this.isRunning(job)) return;
    const at = this.serviceOf(job).now();
    this.note(`  SageMaker: ${job.name} is ${status}`);
    if (status === "Stopping") {
      if (this.statusOf(job) === "Stopping") return;
      this.rules.stoppedByOthers.add(job.name);
      return changeCourse(job, at, { at, status }, { at: at + STOP_MS, status: "Stopped" });
    }
    changeCourse(job, at, status === "Failed" ? { at, status, failureReason } : { at, status });
  }

  /** Whose clock is wrong is told before there are any jobs, since their lives are of SageMaker's. */
  skew(aheadMs: number): void {
    if (this.jobs().length > 0) return;
    for (const account of ACCOUNTS) this.accounts.service(account).clockOffsetMs = aheadMs;
  }

  /** The time by SageMaker's clock, in milliseconds since the epoch. */
  serviceNow(): number {
    return this.accounts.service(OWN_ACCOUNT).now();
  }

  /** Another has a job under the name that the resource's job would have, in the account where that would be. */
  takeName(name: string): void {
    const resource = this.resource(name);
    if (resource === undefined || resource.metadata.deletionTimestamp || this.jobOf(resource)) return;
    const taken = jobName(name, resource.metadata.uid);
    if (this.rules.hasBeenCreated(taken) || this.rules.isRestored(taken)) return;
    this.note(`  SageMaker: ${taken} is another's`);
    const spec = { ...MINIMAL_SPEC, appSpecification: { imageUri: ANOTHER_IMAGE } };
    this.accounts.service(this.accountOf(resource)).create(
      spec.region,
      toCreateRequest(spec, taken) as CreateRequest,
    );
    this.rules.onNameTaken(taken);
  }
}

function pathOf({ metadata: { namespace, name } }: ProcessingJob): string {
  return `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}/${name}`;
}

function named<Names extends object>(names: Names, annotations: Annotating<Names>): Record<string, string | null> {
  const entries = Object.entries(annotations) as [string, string | undefined][];
  return Object.fromEntries(entries.map(([name, value]) => [names[name as keyof Names], value ?? null]));
}

/** A merge patch that takes away what is undefined. */
function withNulls(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value ?? null]));
}

function describeObject(metadata: ProcessingJob["metadata"], status: ProcessingJob["status"]): string {
  const held = metadata.finalizers?.includes(FINALIZER) ? "held" : "free";
  const deleting = metadata.deletionTimestamp ? " deleting" : "";
  return `${held}${deleting} ${status?.processingJobStatus ?? ""} ${status?.additional?.slice(0, 60) ?? ""}`.trimEnd();
}
