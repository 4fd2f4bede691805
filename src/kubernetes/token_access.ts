import { Buffer } from "node:buffer";
import type { Clock } from "../runtime/clock.ts";
import type { KubeClient } from "./client.ts";
import { TokenBucket } from "./token_bucket.ts";

/** How long an answer of the apiserver holds: a token that may, and one that may not. */
const ALLOWED_MS = 60_000;
const REFUSED_MS = 10_000;
/** How many answers are kept; tokens beyond these are asked for again. */
const MOST_KEPT = 256;
/** How many tokens are asked for at once, and how often one more is: whoever sends made-up tokens must not load the apiserver. */
const BURST = 10;
const REFILL_MS = 200;

/** What the apiserver says of a token. */
export type TokenVerdict = "allowed" | "unauthenticated" | "forbidden";

interface TokenReview {
  status?: { authenticated?: boolean; user?: TokenUser };
}

interface TokenUser {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/**
 * Asks the apiserver who a bearer token belongs to (TokenReview), and whether they may get a non-resource URL (SubjectAccessReview), as
 * controller-runtime's filter for metrics does. Needs what the ClusterRole `system:auth-delegator` allows.
 */
export class TokenAccess {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  /** By a hash of token and path; the oldest first. */
  readonly #known = new Map<string, { verdict: TokenVerdict; until: number }>();

  constructor({ client, clock }: { client: KubeClient; clock: Clock }) {
    this.#client = client;
    this.#clock = clock;
    this.#bucket = new TokenBucket({ clock, burst: BURST, refillMs: REFILL_MS });
  }

  /**
   * Whether who has the token may get `path`; `"busy"` if the apiserver has been asked for too many tokens.
   *
   * @throws {KubeError} the apiserver can't be reached, or doesn't let the operator ask
   */
  async verdictOn(token: string, path: string, signal?: AbortSignal): Promise<TokenVerdict | "busy"> {
    const key = await hashOf(`${path} ${token}`);
    const now = this.#clock.monotonic();
    const known = this.#known.get(key);
    if (known && known.until > now) return known.verdict;
    if (this.#bucket.take() > 0) return "busy";
    const verdict = await this.#ask(token, path, signal);
    this.#keep(key, verdict);
    return verdict;
  }

  async #ask(token: string, path: string, signal: AbortSignal | undefined): Promise<TokenVerdict> {
    const options = signal ? { signal } : {};
    const { status } = await this.#client.create<TokenReview>("/apis/authentication.k8s.io/v1/tokenreviews", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token },
    }, options);
    if (status?.authenticated !== true) return "unauthenticated";
    const { username: user, uid, groups, extra } = status.user ?? {};
    const review = await this.#client.create<{ status?: { allowed?: boolean } }>(
      "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: { user, uid, groups, extra, nonResourceAttributes: { path, verb: "get" } },
      },
      options,
    );
    return review.status?.allowed === true ? "allowed" : "forbidden";
  }

  #keep(key: string, verdict: TokenVerdict): void {
    this.#known.delete(key);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_KEPT && oldest !== undefined) this.#known.delete(oldest);
    const forMs = verdict === "allowed" ? ALLOWED_MS : REFUSED_MS;
    this.#known.set(key, { verdict, until: this.#clock.monotonic() + forMs });
  }
}

/** Tokens themselves are not kept. */
async function hashOf(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toString("base64");
}
