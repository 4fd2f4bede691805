import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES } from "../../src/api/job.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import type { JobView, StandIn } from "../../src/sagemaker/stand_in/server.ts";
import { type Administrator, jobNameOf } from "../../tests/support/resources.ts";

/** A job's name ends with the UID of its resource, without dashes. */
const UID_LENGTH = 32;
/** How many looks a list is old that counts as the past. */
const PAST = 2;

/** Knows what must never be, and what must be in the end. */
export class Referee {
  readonly violations: string[] = [];
  readonly #path: string;
  readonly #cluster: Administrator;
  readonly #standIn: StandIn;
  readonly #onViolation: (text: string) => void;
  /** By UID; what has ended stays as it ended. */
  readonly #ended = new Map<string, string>();
  readonly #jobsOfUid = new Map<string, number>();
  readonly #accusedUids = new Set<string>();
  readonly #versions: string[] = [];
  #counted = 0;

  constructor({ cluster, standIn, namespace, onViolation }: {
    cluster: Administrator;
    standIn: StandIn;
    namespace: string;
    /** Told of each violation when it is found. */
    onViolation: (text: string) => void;
  }) {
    this.#path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
    this.#cluster = cluster;
    this.#standIn = standIn;
    this.#onViolation = onViolation;
  }

  accuse(text: string): void {
    this.violations.push(text);
    this.#onViolation(text);
  }

  /** A resourceVersion of some seconds ago. */
  pastVersion(): string | undefined {
    return this.#versions.at(-1 - PAST);
  }

  /** Holds what must be so at any time against what is. */
  async check(): Promise<void> {
    this.#countJobs();
    const runningBefore = this.#running();
    const resources = await this.#list();
    const jobs = this.#jobs();
    const uids = new Set(resources.map(({ metadata }) => metadata.uid.replaceAll("-", "")));
    for (const name of runningBefore) {
      // Running before the list and after it, so also when the list was made without its resource.
      const uid = uidOf(name);
      if (jobs.get(name)?.status === "InProgress" && !uids.has(uid)) {
        this.#accuseOnce(uid, `${name} runs without its resource`);
      }
    }
    for (const resource of resources) this.#checkEnded(resource, jobs);
  }

  /** What doesn't agree yet; nothing once the operator has caught up. */
  async disagreements(): Promise<string[]> {
    const resources = await this.#list();
    const jobs = this.#jobs();
    const existed = new Set(this.#standIn.created.map(({ name }) => name));
    const problems: string[] = [];
    for (const resource of resources) {
      const { metadata: { name, deletionTimestamp }, status = {} } = resource;
      const word = status.processingJobStatus;
      const jobName = jobNameOf(resource);
      const job = jobs.get(jobName);
      if (deletionTimestamp !== undefined) problems.push(`${name} was deleted and is still there, ${word}`);
      else if (!existed.has(jobName)) problems.push(`${name} has no job, ${word}: ${status.additional}`);
      else if (job && word !== job.status) problems.push(`${name} says ${word} of a job that is ${job.status}`);
      else if (!job && word !== "Error" && !FINAL_JOB_STATUSES.includes(word ?? "")) {
        problems.push(`${name} says ${word} of a job without a record`);
      }
    }
    return problems;
  }

  /** What is still there though everything was deleted. */
  async leftovers(): Promise<string[]> {
    const running = this.#running();
    const resources = await this.#list();
    return [
      ...resources.map(({ metadata: { name }, status }) =>
        `${name} was deleted and is still there: ${status?.additional}`
      ),
      ...running.map((name) => `${name} still runs`),
    ];
  }

  #countJobs(): void {
    for (const { name } of this.#standIn.created.slice(this.#counted)) {
      this.#counted++;
      const uid = uidOf(name);
      const count = (this.#jobsOfUid.get(uid) ?? 0) + 1;
      this.#jobsOfUid.set(uid, count);
      if (count > 1) this.accuse(`${name} is job number ${count} of its resource`);
    }
  }

  #checkEnded({ metadata: { uid, name }, status }: ProcessingJob, jobs: Map<string, JobView>): void {
    const word = status?.processingJobStatus ?? "";
    const before = this.#ended.get(uid);
    if (before !== undefined && before !== word && word !== "Error") {
      this.#accuseOnce(uid, `${name} was ${before} and is now ${word}`);
    }
    if (!FINAL_JOB_STATUSES.includes(word)) return;
    this.#ended.set(uid, word);
    const job = jobs.get(status?.sageMakerProcessingJobName ?? "");
    // The jobs are younger than the resources, and nothing in SageMaker goes back.
    if (job && job.status !== word) this.#accuseOnce(uid, `${name} says ${word} of a job that is ${job.status}`);
  }

  #accuseOnce(uid: string, text: string): void {
    if (this.#accusedUids.has(uid)) return;
    this.#accusedUids.add(uid);
    this.accuse(text);
  }

  #running(): string[] {
    return this.#standIn.jobs().filter(({ status }) => status === "InProgress").map(({ name }) => name);
  }

  #jobs(): Map<string, JobView> {
    return new Map(this.#standIn.jobs().map((job) => [job.name, job]));
  }

  async #list(): Promise<ProcessingJob[]> {
    const { status, body } = await this.#cluster.request("GET", this.#path);
    if (status !== 200) throw new Error(`Cannot list the resources: the apiserver answered ${status}`);
    this.#versions.push(body.metadata.resourceVersion);
    return body.items;
  }
}

function uidOf(jobName: string): string {
  return jobName.slice(-UID_LENGTH);
}
