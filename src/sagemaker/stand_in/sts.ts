import type { HttpAnswer } from "./http.ts";
import { ServiceError } from "./answer.ts";
import { partitionOf } from "../region.ts";
import { ACCOUNT_ID } from "./service.ts";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/**
 * STS's GetCallerIdentity, so that credentials can be tried out. STS speaks the query protocol: form in, XML out.
 *
 * @throws ServiceError for every other action
 */
export function callSts(action: string, region: string, requestId: string): HttpAnswer {
  if (action !== "GetCallerIdentity") throw new ServiceError("InvalidAction", `Could not find operation ${action}`);
  const arn = `arn:${partitionOf(region)}:iam::${ACCOUNT_ID}:user/stand-in`;
  return xmlAnswer(
    200,
    `<GetCallerIdentityResponse xmlns="${NAMESPACE}">` +
      `<GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDASTANDIN</UserId><Account>${ACCOUNT_ID}</Account></GetCallerIdentityResult>` +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  );
}

/** An error as the query protocol writes it. */
export function stsErrorAnswer({ code, message, status }: ServiceError, requestId: string): HttpAnswer {
  return xmlAnswer(
    status,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${
      escapeXml(message)
    }</Message></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

function xmlAnswer(status: number, body: string): HttpAnswer {
  return { status, headers: { "Content-Type": "text/xml" }, body };
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
