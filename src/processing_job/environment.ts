/** Environment variables whose values are in Secrets and ConfigMaps (`valueFrom`). */
import type { Failure } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobSpec } from "../api/processing_job.ts";
import type { EnvironmentValueSource, EnvironmentVariable, KeyReference } from "../api/spec_generated.ts";
import { cutText } from "../api/text.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import { shape } from "../sagemaker/facts.ts";

/** What a person has to mend may be mended by applying one more file, so it is tried again sooner than a permission of AWS. */
const AGAIN_MS = 60_000;
const MAX_CHARACTERS = maxCharacters();

type Reader = Pick<KubeClient, "get">;

export interface EnvironmentReader {
  kube: Reader;
  /** A namespace whose Secrets and ConfigMaps are read for no job: the operator's own, which has its keys. @default none */
  closedNamespace?: string | undefined;
}

type Kind = "Secret" | "ConfigMap";

/** A variable has no value, and so the job can't be created. No message holds a value. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  constructor(readonly failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
  }
}

/**
 * The spec of `resource` with every value that it takes from elsewhere put in, read just now from the apiserver. The values go to
 * SageMaker and are kept nowhere.
 *
 * @throws {EnvironmentError} if one can't be had
 */
export async function withValues(
  { metadata: { namespace }, spec }: ProcessingJob,
  { kube, closedNamespace }: EnvironmentReader,
  signal: AbortSignal,
): Promise<ProcessingJobSpec> {
  if (!spec.environment?.some(({ valueFrom }) => valueFrom !== undefined)) return spec;
  if (namespace === closedNamespace) throw unavailable(closed(namespace));
  const values = new Values(namespace, kube, signal);
  const environment: EnvironmentVariable[] = [];
  for (const variable of spec.environment) {
    if (variable.valueFrom === undefined) {
      environment.push(variable);
      continue;
    }
    const value = await values.of(variable.name, variable.valueFrom);
    if (value === undefined) continue;
    environment.push({ name: variable.name, value });
  }
  return { ...spec, environment };
}

/** The spec with a text in the place of each value that would be read from elsewhere, which says where. */
export function withPlaceholders(spec: ProcessingJobSpec): ProcessingJobSpec {
  if (!spec.environment?.some(({ valueFrom }) => valueFrom !== undefined)) return spec;
  const environment = spec.environment.map((variable) => {
    if (variable.valueFrom === undefined) return variable;
    const [kind, { name, key, optional }] = referenceOf(variable.valueFrom);
    const text = `(key '${key}' of ${kind} '${name}'${optional ? ", if it is there" : ""})`;
    return { name: variable.name, value: cutText(text, MAX_CHARACTERS) };
  });
  return { ...spec, environment };
}

/** The values of one resource's variables. Each object is read once. */
class Values {
  readonly #namespace: string;
  readonly #kube: Reader;
  readonly #signal: AbortSignal;
  /** By kind and name; `undefined` for one that there is not. */
  readonly #read = new Map<string, Record<string, string> | undefined>();

  constructor(namespace: string, kube: Reader, signal: AbortSignal) {
    this.#namespace = namespace;
    this.#kube = kube;
    this.#signal = signal;
  }

  /** `undefined` for an optional one that there is not. */
  async of(variable: string, source: EnvironmentValueSource): Promise<string | undefined> {
    const [kind, { name, key, optional }] = referenceOf(source);
    const data = await this.#dataOf(variable, kind, name);
    const found = data !== undefined && Object.hasOwn(data, key) ? data[key] : undefined;
    const what = `Environment variable '${variable}' takes its value from key '${key}' of ${kind} '${name}'`;
    if (found === undefined) {
      if (optional) return undefined;
      const lack = data === undefined
        ? `and namespace '${this.#namespace}' has no such ${kind}; create it`
        : "which has no such key; add it";
      throw unavailable(`${what}, ${lack}, or give the reference 'optional: true' to leave the variable out`);
    }
    const value = kind === "Secret" ? decoded(found) : found;
    if (value === undefined) throw unavailable(`${what}, which is not text; it must be UTF-8`);
    if (value.length > MAX_CHARACTERS) {
      throw unavailable(`${what}, which is too long; SageMaker takes ${MAX_CHARACTERS} characters at most`);
    }
    return value;
  }

  async #dataOf(variable: string, kind: Kind, name: string): Promise<Record<string, string> | undefined> {
    const id = `${kind}/${name}`;
    if (!this.#read.has(id)) this.#read.set(id, await this.#get(variable, kind, name));
    return this.#read.get(id);
  }

  async #get(variable: string, kind: Kind, name: string): Promise<Record<string, string> | undefined> {
    const plural = `${kind.toLowerCase()}s`;
    const path = `/api/v1/namespaces/${this.#namespace}/${plural}/${encodeURIComponent(name)}`;
    try {
      return (await this.#kube.get<{ data?: Record<string, string> }>(path, { signal: this.#signal })).data ?? {};
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 404) return undefined;
      const what = `Cannot read ${kind} '${name}' for environment variable '${variable}'`;
      throw unreadable(what, error, { name, namespace: this.#namespace });
    }
  }
}

function referenceOf({ secretKeyRef, configMapKeyRef }: EnvironmentValueSource): [Kind, KeyReference] {
  if (secretKeyRef) return ["Secret", secretKeyRef];
  if (configMapKeyRef) return ["ConfigMap", configMapKeyRef];
  throw unavailable("An environment variable has a 'valueFrom' with neither 'secretKeyRef' nor 'configMapKeyRef'");
}

/** Text in base64, as a Secret holds it; `undefined` if what it stands for is no text. */
function decoded(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function unreadable(
  what: string,
  cause: KubeError,
  { name, namespace }: { name: string; namespace: string },
): EnvironmentError {
  if (cause.status !== 403) {
    return new EnvironmentError({ ...failure(`${what}: ${cause.message}`), retry: "soon" }, { cause });
  }
  const help =
    `the operator may not 'get' it in namespace '${namespace}'. Whoever administers that allows it by putting '${name}' into the ` +
    `'environment.yaml' of the operator's manifests, such as manifests/cluster/environment.yaml, and ` +
    `'kubectl apply -n ${namespace} -f' of it (docs/secrets.md). ${cause.message}`;
  return unavailable(`${what}: ${help}`);
}

function closed(namespace: string): string {
  return `The environment takes values from Secrets or ConfigMaps of namespace '${namespace}', which is the operator's own; they are ` +
    "read for no job, since the operator's keys may be among them. Apply the resource in another namespace";
}

function unavailable(message: string): EnvironmentError {
  return new EnvironmentError({ ...failure(message), retryMs: AGAIN_MS });
}

function failure(message: string): Failure {
  return { retry: "person", reason: "EnvironmentUnavailable", code: "EnvironmentUnavailable", message };
}

/** What SageMaker's model says of a value. */
function maxCharacters(): number {
  const value = shape("ProcessingEnvironmentValue");
  if (value.type !== "string" || value.max === undefined) throw new TypeError("Cannot find how long a value may be");
  return value.max;
}
