import type { HttpAnswer } from "../../src/sagemaker/stand_in/http.ts";
import { text } from "node:stream/consumers";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An AssumeRole that came, and the access key that it was signed with. */
export interface AssumedRole {
  roleArn: string;
  externalId: string | undefined;
  sessionName: string | undefined;
  /** Session tags, by their keys. */
  tags: Record<string, string>;
  accessKeyId: string | undefined;
}

/** STS's AssumeRole alone. The access key of a session tells which role's it is: `accessKeyOf`. */
export class Sts implements AsyncDisposable {
  readonly assumed: AssumedRole[] = [];
  /** How long sessions last, in seconds. */
  lifetimeSeconds = 3600;
  /** The time that sessions are counted from, in milliseconds since the epoch. */
  now: () => number = Date.now;
  /** Roles that nobody may assume. */
  readonly denied = new Set<string>();
  /** Access keys that AWS has revoked, with the code that each is refused with. */
  readonly revoked = new Map<string, string>();
  /** Whether every request is answered with a 503. */
  isDown = false;
  readonly #server = createServer(async (message, response) => {
    const form = new URLSearchParams(await text(message));
    const roleArn = form.get("RoleArn") ?? "";
    const accessKeyId = accessKeyIn(message.headers.authorization);
    this.assumed.push({
      roleArn,
      externalId: form.get("ExternalId") ?? undefined,
      sessionName: form.get("RoleSessionName") ?? undefined,
      tags: tagsIn(form),
      accessKeyId,
    });
    const [status, body] = this.#reply(roleArn, accessKeyId);
    response.writeHead(status, { "content-type": "text/xml" });
    response.end(body);
  });

  /** Starts it, and has the SDK in this process call it. */
  static async start(): Promise<Sts> {
    const sts = new Sts();
    await new Promise<void>((resolve) => sts.#server.listen(0, "127.0.0.1", resolve));
    Deno.env.set("AWS_ENDPOINT_URL_STS", sts.url);
    return sts;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #reply(roleArn: string, accessKeyId = ""): [status: number, body: string] {
    if (this.isDown) return [503, errorAnswer("ServiceUnavailable", "The service is not available")];
    const code = this.revoked.get(accessKeyId);
    if (code !== undefined) return [403, errorAnswer(code, "The security token included in the request is invalid")];
    if (!this.denied.has(roleArn)) return [200, this.#answer(roleArn)];
    return [
      403,
      errorAnswer("AccessDenied", `User is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`),
    ];
  }

  #answer(roleArn: string): string {
    const expiration = new Date(this.now() + this.lifetimeSeconds * 1000).toISOString();
    return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
      `<AccessKeyId>${accessKeyOf(roleArn)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>` +
      `<SessionToken>t</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult>` +
      `<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Deno.env.delete("AWS_ENDPOINT_URL_STS");
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** As AWS's query protocol writes them: `Tags.member.1.Key=…&Tags.member.1.Value=…`. */
function tagsIn(form: URLSearchParams): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let i = 1; form.has(`Tags.member.${i}.Key`); i++) {
    tags[form.get(`Tags.member.${i}.Key`)!] = form.get(`Tags.member.${i}.Value`) ?? "";
  }
  return tags;
}

/** The access key of each session of a role. */
export function accessKeyOf(roleArn: string): string {
  return `ASIA${roleArn.replace(/[^A-Za-z0-9]/g, "").toUpperCase()}`;
}

/** The access key that a request was signed with. */
export function accessKeyIn(authorization: string | undefined): string | undefined {
  return /Credential=([^/]+)\//.exec(authorization ?? "")?.[1];
}

function errorAnswer(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>` +
    `<Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
}

/** STS's answer to GetCallerIdentity for a user of `account`. */
export function stsIdentity(account: string): HttpAnswer {
  const body = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/u</Arn>` +
    `<Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  return { status: 200, headers: { "Content-Type": "text/xml" }, body };
}
