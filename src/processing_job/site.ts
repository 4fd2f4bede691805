/**
 * Where a resource's job is: at which endpoint, and in whose name SageMaker is asked there. The status keeps it, since a Namespace's
 * annotations and the operator's flags may change, or be unknown, while the job runs.
 */
import { accountIn } from "../api/arn.ts";
import type { Account, Failure, JobRef } from "../api/job.ts";
import type { JobSite, ProcessingJob } from "../api/processing_job.ts";
import { keyOf, refOf } from "./identity.ts";
import type { AskedAccount } from "./namespace_account.ts";
import { type NamespacePolicy, namespaceUnknown } from "./namespace_policy.ts";

/** Endpoints are put right by people, and roll-outs of flags take minutes. */
const AGAIN_MS = 60_000;

/** Where calls for resources go that name no endpoint: what the operator was started with. */
export interface OperatorPlace {
  /** Absent for AWS's own. */
  endpoint?: string | undefined;
  /** Whether an endpoint is AWS's. */
  isAws: (endpoint: string) => boolean;
  /** Why no call may go to an endpoint that a resource names. @default every call may */
  endpointRefusal?: (endpoint: string) => Failure | undefined;
  /** The same of a region. @default every call may */
  regionRefusal?: (region: string) => Failure | undefined;
  /**
   * The account that calls for a namespace are made in, where `asked` is what its annotations or an earlier status say; or why none may
   * be made. @default what is asked for
   */
  accountFor?: (namespace: string, asked: AskedAccount) => Where<{ account: Account | undefined }>;
}

/** What is found, or why no call may be made. */
type Where<T> = T | { failure: Failure };

/** Where the jobs of resources are, and where new ones go. */
export class JobSites {
  readonly #operator: OperatorPlace;
  readonly #policyOf: (resource: ProcessingJob) => NamespacePolicy;
  /** By key, where this process has sent the last create, until the job has ended: the status may not say so yet. */
  readonly #created = new Map<string, JobSite>();

  constructor(operator: OperatorPlace, policyOf: (resource: ProcessingJob) => NamespacePolicy) {
    this.#operator = operator;
    this.#policyOf = policyOf;
  }

  /** How many creates are remembered. */
  get size(): number {
    return this.#created.size;
  }

  /** Where the job is, if there is one; or why it can't be asked for. */
  whereIs(resource: ProcessingJob): Where<{ ref: JobRef }> {
    const ref = refOf(resource);
    const refusal = this.refusalOf(resource);
    if (refusal) return { failure: refusal };
    const site = withAccount(this.#created.get(keyOf(resource)) ?? resource.status?.site, resource);
    const failure = ref.endpoint === undefined ? endpointProblem(site, this.#operator) : undefined;
    if (failure) return { failure };
    const found = accountAt(site, this.#policyOf(resource));
    return "failure" in found ? found : this.#within(resource, found);
  }

  /** The job in that account, if the operator may call there for the resource's namespace. */
  #within(resource: ProcessingJob, asked: AskedAccount): Where<{ ref: JobRef }> {
    const found = this.#operator.accountFor?.(resource.metadata.namespace, asked) ?? asked;
    return "failure" in found ? found : { ref: at(refOf(resource), found.account) };
  }

  /**
   * Why no call for the resource may be sent to the endpoint or the region that it names. Asked before anything is kept for the endpoint: no client, poller
   * or budget is made for what no call may go to.
   */
  refusalOf(resource: ProcessingJob): Failure | undefined {
    const { region, endpoint } = refOf(resource);
    const { endpointRefusal, regionRefusal } = this.#operator;
    return (endpoint === undefined ? undefined : endpointRefusal?.(endpoint)) ?? regionRefusal?.(region);
  }

  /** Where a create goes: what the Namespace says now is what counts, never what a status says. */
  toCreate(resource: ProcessingJob): Where<{ ref: JobRef }> {
    const failure = this.refusalOf(resource);
    return failure ? { failure } : this.#within(resource, { account: this.#policyOf(resource).account });
  }

  /** What a status keeps of the place that calls for `ref` go to. */
  siteOf(ref: JobRef): JobSite {
    return siteOf(ref, this.#operator);
  }

  /** A create is sent there; gives what a status keeps of it, and what to call if it was refused, so that there is no job. */
  note(resource: ProcessingJob, ref: JobRef): { site: JobSite; takeBack: () => void } {
    const key = keyOf(resource);
    const former = this.#created.get(key);
    const site = this.siteOf(ref);
    this.#created.set(key, site);
    const takeBack = () => {
      if (former === undefined) this.#created.delete(key);
      else this.#created.set(key, former);
    };
    return { site, takeBack };
  }

  /** Forgets the create. */
  delete(key: string): void {
    this.#created.delete(key);
  }
}

/** Where the ARN of a job that was just created names the account, that is known before any status says so. */
function withAccount(site: JobSite | undefined, { status }: ProcessingJob): JobSite | undefined {
  const account = accountIn(status?.processingJobArn);
  return site && site.account === undefined && account !== undefined ? { ...site, account } : site;
}

function at(ref: JobRef, account: Account | undefined): JobRef {
  return account ? { ...ref, account } : ref;
}

function siteOf({ account, endpoint }: JobRef, operator: OperatorPlace): JobSite {
  return {
    ...(account && { assumedRoleArn: account.roleArn }),
    ...(account?.externalId !== undefined && { externalId: account.externalId }),
    // An endpoint of the spec stays as it is.
    ...(endpoint === undefined && operator.endpoint !== undefined && { endpoint: operator.endpoint }),
  };
}

/**
 * In whose name the job is asked for that was created at `site`; without one, as in the statuses of earlier versions, in the name that
 * the Namespace says now. Another role of the same account takes the place of the one that the job was created with. Nothing is asked
 * anywhere else.
 *
 * @returns the account, absent for the operator's own, and whether the status says so; or why the job can't be asked for
 */
export function accountAt(
  site: JobSite | undefined,
  policy: NamespacePolicy,
): { account: Account | undefined; isKept?: true } | { failure: Failure } {
  if (site === undefined) {
    return policy.unknown === undefined ? { account: policy.account } : { failure: namespaceUnknown(policy.unknown) };
  }
  const { assumedRoleArn: roleArn, externalId } = site;
  const number = roleArn === undefined ? site.account : accountIn(roleArn);
  const isSame = policy.account !== undefined && number !== undefined && accountIn(policy.account.roleArn) === number;
  if (isSame) return { account: policy.account };
  const account = roleArn === undefined ? undefined : { roleArn, ...(externalId !== undefined && { externalId }) };
  return { account, isKept: true };
}

/** Why the job of a resource that names no endpoint can't be asked for: its calls go elsewhere than when it was created. */
export function endpointProblem(site: JobSite | undefined, operator: OperatorPlace): Failure | undefined {
  if (site === undefined || site.endpoint === operator.endpoint) return undefined;
  const isAws = (endpoint: string | undefined) => endpoint === undefined || operator.isAws(endpoint);
  if (isAws(site.endpoint) && isAws(operator.endpoint)) return undefined;
  const text = (endpoint: string | undefined) => endpoint === undefined ? "AWS's own endpoint" : `'${endpoint}'`;
  const message = `The processing job was created at ${text(site.endpoint)}, and the operator now calls ` +
    `${text(operator.endpoint)}, so it is not asked for there. Start the operator with the endpoint that it had ` +
    "(--endpoint-url), or delete the resource";
  return { retry: "person", reason: "WrongEndpoint", code: "WrongEndpoint", message, retryMs: AGAIN_MS };
}
