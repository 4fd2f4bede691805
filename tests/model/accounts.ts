/** The AWS accounts of a world: each has its own jobs, and the access key of a call says which one is asked. */
import type { Clock } from "../../src/runtime/clock.ts";
import type { StoredJob } from "../../src/sagemaker/stand_in/jobs.ts";
import { SageMakerService } from "../../src/sagemaker/stand_in/service.ts";

/** The account of the operator's own credentials. */
export const OWN_ACCOUNT = "123456789012";
/** Another account, with a role that the operator may assume. */
export const OTHER_ACCOUNT = "210987654321";
export const ACCOUNTS = [OWN_ACCOUNT, OTHER_ACCOUNT] as const;

const KEY_PREFIX = "AKIA";

/** The environment that makes a caller belong to `account`. */
export function credentialsOf(account: string): { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string } {
  return { AWS_ACCESS_KEY_ID: KEY_PREFIX + account, AWS_SECRET_ACCESS_KEY: "not-a-secret" };
}

export function accountOfKey(accessKeyId: string): string {
  return accessKeyId.slice(KEY_PREFIX.length);
}

/** The role of `account` that the operator may assume. */
export function roleOf(account: string): string {
  return `arn:aws:iam::${account}:role/operator`;
}

/** The account that an ARN names. */
export function accountOfArn(arn: string): string {
  return arn.split(":")[4] ?? "";
}

/** The jobs of all accounts. */
export class Accounts {
  readonly #services = new Map<string, SageMakerService>();

  constructor(options: { clock: Clock; jobDuration: number; stopDuration: number }) {
    for (const accountId of ACCOUNTS) {
      // Both kinds of lists in each run.
      const lists = accountId === OWN_ACCOUNT ? "late" : "narrow";
      this.#services.set(accountId, new SageMakerService({ ...options, accountId, lists }));
    }
  }

  service(account: string): SageMakerService {
    return this.#services.get(account)!;
  }

  /** All jobs, in the order of their creation; those that began at the same moment, by account. */
  all(): StoredJob[] {
    return [...this.#services.values()].flatMap((service) => service.all())
      .toSorted((a, b) => a.createdAt - b.createdAt);
  }

  /** The jobs with that name, of which each account has one at most. */
  named(name: string): StoredJob[] {
    return [...this.#services.values()].map((service) => service.findAnywhere(name)).filter((job) => job !== undefined);
  }

  get created(): number {
    return [...this.#services.values()].reduce((sum, { created }) => sum + created.length, 0);
  }
}
