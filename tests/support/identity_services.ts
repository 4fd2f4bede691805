import { type HttpAnswer, type HttpRequest, HttpServer, type Outcome } from "../../src/sagemaker/stand_in/http.ts";

/** What each kind of credentials comes from. */
export type Kind = "AssumeRoleWithWebIdentity" | "AssumeRole" | "container" | "instance";

/** A question for credentials, and by which proof it was asked. */
export interface Question {
  kind: Kind;
  /** The token of a web identity, of a container or of a metadata session, or the access key that signed. */
  proof: string;
  role?: string;
}

const ROLE = "node-role";
const SESSION = "a-session-of-imdsv2";
const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/** STS, the container credentials' endpoint and instance metadata (IMDSv2 alone), on one address. Secrets and signatures are not looked at. */
export class IdentityServices implements AsyncDisposable {
  /** The key that is given out from now on. */
  accessKeyId = "ASIAFIRST";
  /** How long what is given out lives, in milliseconds. */
  lifetimeMs = 3_600_000;
  /** Set for an answer other than credentials. */
  fault: ((question: Question) => Outcome) | undefined;
  readonly questions: Question[] = [];
  readonly #server = new HttpServer("127.0.0.1", 0, (request) => this.#handle(request));

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }

  #handle(request: HttpRequest): Outcome {
    const { method, path, headers } = request;
    if (method === "POST") return this.#sts(request);
    if (path === "/container") {
      const question: Question = { kind: "container", proof: headers.get("authorization") ?? "" };
      return this.#answer(question, () => json(this.#credentials()));
    }
    if (method === "PUT" && path === "/latest/api/token") return { status: 200, body: SESSION };
    if (headers.get("x-aws-ec2-metadata-token") !== SESSION) return { status: 401, body: "" };
    const folder = "/latest/meta-data/iam/security-credentials/";
    const question: Question = { kind: "instance", proof: SESSION };
    if (path === folder) return this.fault?.(question) ?? { status: 200, body: ROLE };
    if (path === folder + ROLE) return this.#answer(question, () => json({ Code: "Success", ...this.#credentials() }));
    return { status: 404, body: "" };
  }

  #sts({ body, headers }: HttpRequest): Outcome {
    const form = new URLSearchParams(body);
    const kind = form.get("Action") as Kind;
    const signer = /Credential=([^/]+)/.exec(headers.get("authorization") ?? "")?.[1];
    const proof = form.get("WebIdentityToken") ?? signer ?? "";
    return this.#answer({ kind, proof, role: form.get("RoleArn") ?? "" }, () => {
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = this.#credentials();
      return xml(
        200,
        `<${kind}Response xmlns="${NAMESPACE}"><${kind}Result><Credentials><AccessKeyId>${AccessKeyId}</AccessKeyId>` +
          `<SecretAccessKey>${SecretAccessKey}</SecretAccessKey><SessionToken>${Token}</SessionToken>` +
          `<Expiration>${Expiration}</Expiration></Credentials></${kind}Result></${kind}Response>`,
      );
    });
  }

  #answer(question: Question, give: () => HttpAnswer): Outcome {
    this.questions.push(question);
    return this.fault?.(question) ?? give();
  }

  #credentials() {
    const Expiration = new Date(Date.now() + this.lifetimeMs).toISOString();
    return {
      AccessKeyId: this.accessKeyId,
      SecretAccessKey: "of-no-use",
      Token: `token-of-${this.accessKeyId}`,
      Expiration,
    };
  }
}

/** STS's refusal. */
export function stsError(code: string, message: string, status = 403): HttpAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return xml(status, `<ErrorResponse xmlns="${NAMESPACE}">${error}</ErrorResponse>`);
}

/** An answer in JSON, as of a container's credentials. */
export function json(value: unknown, status = 200): HttpAnswer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

function xml(status: number, body: string): HttpAnswer {
  return { status, headers: { "Content-Type": "text/xml" }, body };
}
