import assert from "node:assert/strict";
import { CRD_YAML } from "../../src/api/crd.ts";
import { API_VERSION, CRD_NAME, GROUP, KIND, PLURAL } from "../../src/api/group.ts";
import { attemptName } from "../../src/api/job_name.ts";
import type {
  ObjectMeta,
  ProcessingJob,
  ProcessingJobSpec,
  ProcessingJobStatus,
} from "../../src/api/processing_job.ts";
import type { Answer, RequestOptions } from "../../tools/control_plane/api_client.ts";
import { MINIMAL_SPEC } from "./builders.ts";
import { eventually } from "./eventually.ts";

/** Whoever sends requests as an administrator: a test cluster or a control plane. */
export interface Administrator {
  request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer>;
}

const MERGE = { contentType: "application/merge-patch+json" };

/** Installs the CRD, or brings it up to date, and waits until its resources are served. */
export async function installCrd(cluster: Administrator): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}?fieldManager=test&force=true`;
  const { status, body } = await cluster.request("PATCH", path, CRD_YAML, {
    contentType: "application/apply-patch+yaml",
  });
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
  await eventually("ProcessingJobs are served", async () => {
    assert.equal((await cluster.request("GET", `/apis/${API_VERSION}/${PLURAL}`)).status, 200);
  });
}

/** The names of the CRD under another group: other ones, so that `kubectl get processingjob` goes on meaning ours. */
export const FOREIGN = { kind: "ForeignJob", plural: "foreignjobs" };

/** The CRD as another one, which no other test knows of, so that it can be installed for the first time or replaced. */
export function foreignCrd(group: string): string {
  return CRD_YAML.replaceAll(GROUP, group).replace(/\bProcessingJob/g, FOREIGN.kind).replaceAll(
    "processingjob",
    "foreignjob",
  )
    .replace("- pj", "- fj");
}

/** Makes a namespace that no other test uses, and gives its name. */
export async function freshNamespace(cluster: Administrator): Promise<string> {
  const name = `test-${crypto.randomUUID()}`;
  const { status, body } = await cluster.request("POST", "/api/v1/namespaces", { metadata: { name } });
  assert.equal(status, 201, JSON.stringify(body));
  return name;
}

/** The ProcessingJobs of one namespace, as their users see them. */
export class Resources {
  readonly namespace: string;
  readonly #cluster: Administrator;

  constructor(cluster: Administrator, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
  }

  /** Makes a resource with the smallest spec; what is given is laid over it. */
  async create(
    name: string,
    { spec = {}, metadata = {} }: { spec?: Partial<ProcessingJobSpec>; metadata?: Partial<ObjectMeta> } = {},
  ): Promise<ProcessingJob> {
    return await this.#ask("POST", "", {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { ...metadata, name },
      spec: { ...MINIMAL_SPEC, ...spec },
    });
  }

  async get(name: string): Promise<ProcessingJob> {
    return await this.#ask("GET", `/${name}`);
  }

  /** Asks for the deletion; what a finalizer holds stays for now. */
  async delete(name: string): Promise<void> {
    await this.#ask("DELETE", `/${name}`);
  }

  /** Lays `change` over the resource. */
  async patch(name: string, change: unknown): Promise<ProcessingJob> {
    return await this.#ask("PATCH", `/${name}`, change, MERGE);
  }

  /** Puts `status` in the place of all that the status says, as another controller would have left it. */
  async replaceStatus(name: string, status: ProcessingJobStatus): Promise<ProcessingJob> {
    // Again, if the operator has written it meanwhile.
    return await eventually(`the status of ${name} is replaced`, async () => {
      return await this.#ask("PUT", `/${name}/status`, { ...await this.get(name), status });
    });
  }

  /** Writes one condition, or none, by server-side apply, as another controller does. */
  async applyCondition(name: string, condition?: object): Promise<ProcessingJob> {
    const status = { conditions: condition ? [condition] : [] };
    const path = `/${name}/status?fieldManager=another-controller&force=true`;
    const body = JSON.stringify({ apiVersion: API_VERSION, kind: KIND, metadata: { name }, status });
    return await this.#ask("PATCH", path, body, { contentType: "application/apply-patch+yaml" });
  }

  /** Waits until `check` has nothing against the resource, and gives that. */
  async until(
    name: string,
    description: string,
    check: (resource: ProcessingJob) => void,
    options: { timeoutMs?: number } = {},
  ): Promise<ProcessingJob> {
    return await eventually(`${name} ${description}`, async () => {
      const resource = await this.get(name);
      check(resource);
      return resource;
    }, options);
  }

  /** Waits until `processingJobStatus` is `word`. */
  async untilStatus(name: string, word: string, options: { timeoutMs?: number } = {}): Promise<ProcessingJob> {
    return await this.until(name, `becomes ${word}`, ({ status }) => {
      assert.equal(status?.processingJobStatus, word, `additional: ${status?.additional}`);
    }, options);
  }

  async untilGone(name: string, options: { timeoutMs?: number } = {}): Promise<void> {
    await eventually(`${name} goes away`, async () => {
      const { status, body } = await this.#cluster.request("GET", this.#path(`/${name}`));
      assert.equal(status, 404, `it is still there: ${JSON.stringify(body.status)}`);
    }, options);
  }

  /** Takes every resource away, whoever holds it. */
  async clear(): Promise<void> {
    const { items } = await this.#ask<{ items: ProcessingJob[] }>("GET", "");
    for (const { metadata: { name } } of items) {
      await this.#cluster.request("DELETE", this.#path(`/${name}`));
      await this.#cluster.request("PATCH", this.#path(`/${name}`), { metadata: { finalizers: null } }, MERGE);
    }
  }

  async #ask<T = ProcessingJob>(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<T> {
    const answer = await this.#cluster.request(method, this.#path(path), body, options);
    assert.ok(answer.status < 300, `${method} ${this.#path(path)}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  #path(path: string): string {
    return `/apis/${API_VERSION}/namespaces/${this.namespace}/${PLURAL}${path}`;
  }
}

/** The name that the resource's job has in SageMaker, in its latest attempt. */
export function jobNameOf({ metadata, status }: ProcessingJob): string {
  return attemptName(metadata.name, metadata.uid, status?.attemptCount ?? 1);
}
