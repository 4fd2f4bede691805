import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { accountIn } from "../api/arn.ts";
import { SageMakerError } from "../api/job.ts";
import { type Clock, orAbort } from "../runtime/clock.ts";
import { type AwsCall, element, queryCall, sendAwsCall } from "./aws_call.ts";
import { classify } from "./errors.ts";

/** After a failure STS is left alone for so long. */
const PAUSE_MS = 30_000;

/** Where STS is asked, and the region to sign for. */
export interface StsPlace {
  region: string;
  url: string;
}

/**
 * The account of the credentials that calls are signed with. It is learned from the ARNs that SageMaker answers, else from STS
 * (GetCallerIdentity, which needs no permission), and kept for as long as the access key stays the same.
 */
export class CallerIdentity {
  readonly #clock: Clock;
  readonly #place: () => StsPlace;
  #known: { accessKeyId: string; account: string } | undefined;
  #failed: { accessKeyId: string; error: SageMakerError; until: number } | undefined;
  #asking: { accessKeyId: string; account: Promise<string> } | undefined;

  /** @param place is asked for each call of STS */
  constructor(clock: Clock, place: () => StsPlace) {
    this.#clock = clock;
    this.#place = place;
  }

  /** Whether the account of `accessKeyId` is known without a call. */
  knows(accessKeyId: string): boolean {
    return this.#known?.accessKeyId === accessKeyId;
  }

  /** Takes in an ARN of the account's own that was answered to a call signed with `accessKeyId`. */
  note(accessKeyId: string, arn: string | undefined): void {
    if (this.#known?.accessKeyId === accessKeyId) return;
    const account = accountIn(arn);
    if (account !== undefined) this.#known = { accessKeyId, account };
  }

  /**
   * The account of `accessKeyId`, with which `client` signs at present; the caller checks that this is still so afterwards.
   *
   * @param signal of the call to STS
   * @throws {SageMakerError} if it is not known, and STS does not say
   */
  async account(client: SageMakerClient, accessKeyId: string, signal: AbortSignal): Promise<string> {
    if (this.#known?.accessKeyId === accessKeyId) return this.#known.account;
    if (this.#failed?.accessKeyId === accessKeyId && this.#clock.monotonic() < this.#failed.until) {
      throw this.#failed.error;
    }
    if (this.#asking?.accessKeyId !== accessKeyId) {
      const account = this.#ask(client, accessKeyId, signal).finally(() => this.#asking = undefined);
      this.#asking = { accessKeyId, account };
    }
    return await this.#asking.account;
  }

  async #ask(client: SageMakerClient, accessKeyId: string, signal: AbortSignal): Promise<string> {
    try {
      const account = await this.#askSts(client, signal);
      this.#known = { accessKeyId, account };
      return account;
    } catch (cause) {
      if (!(cause instanceof SageMakerError)) throw cause;
      this.#failed = { accessKeyId, error: cause, until: this.#clock.monotonic() + PAUSE_MS };
      throw cause;
    }
  }

  /** @throws {SageMakerError} */
  async #askSts(client: SageMakerClient, signal: AbortSignal): Promise<string> {
    const operation = "GetCallerIdentity";
    const { region, url } = this.#place();
    try {
      const call = queryCall({ service: "sts", region, url }, { Action: operation, Version: "2011-06-15" });
      const account = element(await orAbort(this.send(client, call, signal), signal), "Account");
      if (account === undefined || !/^\d{12}$/.test(account)) throw new Error("the answer names no account");
      return account;
    } catch (cause) {
      const failure = classify(cause, { operation, service: "STS", region, endpoint: url });
      const known = failure === "not-found"
        ? { retry: "slowly", reason: "UnknownError", code: "NotFound", message: String(cause) } as const
        : failure;
      throw new SageMakerError(known, { cause });
    }
  }

  /** The body of STS's answer. Tests without a network replace this. */
  protected async send(client: SageMakerClient, call: AwsCall, signal: AbortSignal): Promise<string> {
    return (await sendAwsCall(client, call, signal)).body;
  }
}
