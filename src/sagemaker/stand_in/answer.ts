import type { HttpAnswer } from "./http.ts";

/** An error that the service answers with. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  constructor(readonly code: string, message: string, readonly status = 400) {
    super(message);
  }
}

/** A success in AWS JSON 1.1; an operation without an output answers with an empty body. */
export function jsonAnswer(output: object | undefined): HttpAnswer {
  return {
    status: 200,
    headers: { "Content-Type": JSON_TYPE },
    body: output === undefined ? "" : JSON.stringify(output),
  };
}

/** An error in AWS JSON 1.1, for instance `errorAnswer("ThrottlingException", "Rate exceeded")`. */
export function errorAnswer(code: string, message: string, status = 400): HttpAnswer {
  const body = JSON.stringify({ __type: code, message });
  return { status, headers: { "Content-Type": JSON_TYPE, "x-amzn-ErrorType": code }, body };
}

const JSON_TYPE = "application/x-amz-json-1.1";
