import assert from "node:assert/strict";
import { AnswerTooLargeError } from "../util/limited_answer.ts";
import { classify, credentialsFailure } from "./errors.ts";

const CREATE = { operation: "CreateProcessingJob", region: "us-west-2" };
const DESCRIBE = { operation: "DescribeProcessingJob", region: "us-west-2" };
const STOP = { operation: "StopProcessingJob", region: "us-west-2" };
const AT_HOME = { ...DESCRIBE, endpoint: "http://127.0.0.1:1" };

/** An error as the SDK makes it out of an answer. */
function answer(name: string, message = "UnknownError", httpStatusCode = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode, requestId: "1234" } });
}

/** An error as Node makes it. */
function system(code: string, message = code, name = "Error"): Error {
  return Object.assign(new Error(message), { code, name });
}

const NOT_FOUND_TEXT = "Could not find requested job with name: kmeans-0a1b";
const ASSUME = "Could not assume role arn:aws:iam::123456789012:role/x. Please ensure that the role exists";

Deno.test("classify() knows every error of SageMaker and of the way to it", async (t) => {
  const table: [name: string, error: unknown, expected: string, call?: typeof AT_HOME | typeof CREATE][] = [
    ["ThrottlingException", answer("ThrottlingException", "Rate exceeded"), "soon Throttled"],
    ["Throttling", answer("Throttling"), "soon Throttled"],
    ["ThrottledException", answer("ThrottledException"), "soon Throttled"],
    ["EC2ThrottledException", answer("EC2ThrottledException"), "soon Throttled"],
    ["RequestThrottled", answer("RequestThrottled"), "soon Throttled"],
    ["RequestThrottledException", answer("RequestThrottledException"), "soon Throttled"],
    ["TooManyRequestsException", answer("TooManyRequestsException"), "soon Throttled"],
    ["LimitExceededException", answer("LimitExceededException"), "soon Throttled"],
    ["RequestLimitExceeded", answer("RequestLimitExceeded"), "soon Throttled"],
    ["BandwidthLimitExceeded", answer("BandwidthLimitExceeded"), "soon Throttled"],
    ["PriorRequestNotComplete", answer("PriorRequestNotComplete"), "soon Throttled"],
    [
      "ProvisionedThroughputExceededException",
      answer("ProvisionedThroughputExceededException"),
      "soon Throttled",
    ],
    ["SlowDown", answer("SlowDown", "Slow down", 503), "soon Throttled"],
    ["TransactionInProgressException", answer("TransactionInProgressException"), "soon Throttled"],
    ["429 without a code", answer("Unknown", "UnknownError", 429), "soon Throttled"],

    ["InternalFailure", answer("InternalFailure", "", 500), "soon ServiceUnavailable"],
    ["InternalServerError", answer("InternalServerError", "", 500), "soon ServiceUnavailable"],
    ["InternalServerException", answer("InternalServerException"), "soon ServiceUnavailable"],
    ["InternalError", answer("InternalError"), "soon ServiceUnavailable"],
    ["ServiceUnavailable", answer("ServiceUnavailable", "", 503), "soon ServiceUnavailable"],
    ["ServiceUnavailableException", answer("ServiceUnavailableException"), "soon ServiceUnavailable"],
    ["RequestTimeout", answer("RequestTimeout", "", 408), "soon ServiceUnavailable"],
    ["RequestTimeoutException", answer("RequestTimeoutException"), "soon ServiceUnavailable"],
    ["Exception with a 500", answer("Exception", "Any", 500), "soon ServiceUnavailable"],
    ["an unknown code with a 500", answer("NeverSeen", "", 500), "soon ServiceUnavailable"],
    ["500 without a body", answer("Unknown", "UnknownError", 500), "soon ServiceUnavailable"],
    ["502 of a proxy", answer("SyntaxError", "Unexpected token '<'", 502), "soon ServiceUnavailable"],
    ["503", answer("Unknown", "UnknownError", 503), "soon ServiceUnavailable"],
    ["504", answer("Unknown", "UnknownError", 504), "soon ServiceUnavailable"],

    ["an answer that is too large", new AnswerTooLargeError(4 * 2 ** 20), "slowly ServiceUnavailable"],

    ["RequestExpired", answer("RequestExpired"), "soon ClockSkewed"],
    ["RequestInTheFuture", answer("RequestInTheFuture"), "soon ClockSkewed"],
    ["RequestTimeTooSkewed", answer("RequestTimeTooSkewed"), "soon ClockSkewed"],
    [
      "InvalidSignatureException with a wrong clock",
      answer("InvalidSignatureException", "Signature expired: 20261122T100000Z is now earlier than 20261122T101000Z"),
      "soon ClockSkewed",
    ],
    [
      "SignatureDoesNotMatch with a wrong clock",
      answer("SignatureDoesNotMatch", "Signature not yet current: 20261122T102000Z is still later than …"),
      "soon ClockSkewed",
    ],

    ["ExpiredToken", answer("ExpiredToken"), "slowly CredentialsUnavailable"],
    ["ExpiredTokenException", answer("ExpiredTokenException"), "slowly CredentialsUnavailable"],
    ["TokenRefreshRequired", answer("TokenRefreshRequired"), "slowly CredentialsUnavailable"],
    [
      "CredentialsProviderError",
      Object.assign(new Error("Could not load"), { name: "CredentialsProviderError" }),
      "slowly CredentialsUnavailable",
    ],
    ["UnrecognizedClientException", answer("UnrecognizedClientException"), "person CredentialsUnavailable"],
    ["InvalidClientTokenId", answer("InvalidClientTokenId"), "person CredentialsUnavailable"],
    ["InvalidAccessKeyId", answer("InvalidAccessKeyId"), "person CredentialsUnavailable"],
    ["InvalidSignatureException", answer("InvalidSignatureException"), "person CredentialsUnavailable"],
    ["SignatureDoesNotMatch", answer("SignatureDoesNotMatch"), "person CredentialsUnavailable"],
    ["IncompleteSignature", answer("IncompleteSignature"), "person CredentialsUnavailable"],
    ["InvalidToken", answer("InvalidToken"), "person CredentialsUnavailable"],
    ["AuthFailure", answer("AuthFailure"), "person CredentialsUnavailable"],
    [
      "MissingAuthenticationTokenException",
      answer("MissingAuthenticationTokenException"),
      "person CredentialsUnavailable",
    ],

    ["AccessDeniedException", answer("AccessDeniedException"), "person AccessDenied"],
    ["AccessDenied", answer("AccessDenied", "", 403), "person AccessDenied"],
    ["UnauthorizedOperation", answer("UnauthorizedOperation"), "person AccessDenied"],
    ["UnauthorizedException", answer("UnauthorizedException"), "person AccessDenied"],
    ["NotAuthorized", answer("NotAuthorized"), "person AccessDenied"],
    ["OptInRequired", answer("OptInRequired"), "person AccessDenied"],

    ["ResourceLimitExceeded", answer("ResourceLimitExceeded"), "slowly QuotaExceeded", CREATE],
    ["ServiceQuotaExceededException", answer("ServiceQuotaExceededException"), "slowly QuotaExceeded", CREATE],
    ["ResourceInUse", answer("ResourceInUse"), "soon NameConflict", CREATE],

    [
      "ValidationException of a create",
      answer("ValidationException", "1 validation error"),
      "never InvalidSpec",
      CREATE,
    ],
    ["ValidationError of a create", answer("ValidationError"), "never InvalidSpec", CREATE],
    ["InvalidParameterValue of a create", answer("InvalidParameterValue"), "never InvalidSpec", CREATE],
    ["InvalidParameterCombination of a create", answer("InvalidParameterCombination"), "never InvalidSpec", CREATE],
    ["InvalidParameter of a create", answer("InvalidParameterException"), "never InvalidSpec", CREATE],
    ["MissingParameter of a create", answer("MissingParameter"), "never InvalidSpec", CREATE],
    ["SerializationException of a create", answer("SerializationException"), "never InvalidSpec", CREATE],
    ["a role that is not ready", answer("ValidationException", ASSUME), "slowly RoleNotReady", CREATE],
    [
      "a role that does not trust SageMaker",
      answer("ValidationException", "SageMaker was unable to assume the role 'arn:aws:iam::123456789012:role/x'"),
      "slowly RoleNotReady",
      CREATE,
    ],
    ["ResourceNotFound of a create", answer("ResourceNotFound"), "person InvalidSpec", CREATE],

    ["no such job, as SageMaker says it", answer("ValidationException", NOT_FOUND_TEXT), "not-found"],
    [
      "no such job, as moto says it",
      answer("ValidationException", "Could not find processing job 'arn:aws:sagemaker:…'."),
      "not-found",
    ],
    ["no such job, by the model", answer("ResourceNotFound", ""), "not-found"],
    ["no such job for a stop", answer("ValidationException", "Requested resource not found."), "not-found", STOP],
    ["ResourceNotFound of a stop", answer("ResourceNotFound"), "not-found", STOP],
    ["ValidationException of a stop", answer("ValidationException", "The job is Completed"), "soon UnknownError", STOP],
    ["ValidationException of a look", answer("ValidationException", "Anything"), "slowly UnknownError"],
    ["the not-found text in a create", answer("ValidationException", NOT_FOUND_TEXT), "never InvalidSpec", CREATE],

    ["our own deadline", new DOMException("No answer within 10 ms", "TimeoutError"), "soon NetworkUnavailable"],
    [
      "an aborted request",
      Object.assign(new Error("Request aborted"), { name: "AbortError" }),
      "soon NetworkUnavailable",
    ],
    ["the SDK's deadline", Object.assign(new Error("timeout"), { name: "TimeoutError" }), "soon NetworkUnavailable"],
    ["ECONNRESET", system("ECONNRESET", "socket hang up", "TimeoutError"), "soon NetworkUnavailable"],
    [
      "ECONNRESET within an answer",
      Object.assign(system("ECONNRESET", "aborted"), { $metadata: { httpStatusCode: 200 } }),
      "soon NetworkUnavailable",
    ],
    ["ECONNREFUSED", system("ECONNREFUSED"), "soon NetworkUnavailable", AT_HOME],
    ["EPIPE", system("EPIPE"), "soon NetworkUnavailable"],
    ["ETIMEDOUT", system("ETIMEDOUT"), "soon NetworkUnavailable"],
    ["EHOSTUNREACH", system("EHOSTUNREACH"), "soon NetworkUnavailable"],
    ["ENETUNREACH", system("ENETUNREACH"), "soon NetworkUnavailable"],
    ["EAI_AGAIN", system("EAI_AGAIN"), "soon NetworkUnavailable"],
    [
      "ENOTFOUND of an endpoint",
      system("ENOTFOUND", "getaddrinfo ENOTFOUND x.invalid"),
      "soon NetworkUnavailable",
      AT_HOME,
    ],
    ["a network code on the cause", new Error("failed", { cause: system("ECONNRESET") }), "soon NetworkUnavailable"],
    ["a TLS record that is none", system("ERR_SSL_WRONG_VERSION_NUMBER"), "slowly NetworkUnavailable"],
    ["an expired certificate", system("CERT_HAS_EXPIRED"), "slowly NetworkUnavailable"],
    ["an unknown issuer", system("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), "slowly NetworkUnavailable"],
    ["a self-signed certificate", system("DEPTH_ZERO_SELF_SIGNED_CERT"), "slowly NetworkUnavailable"],
    ["TLS under Deno", new Error("invalid peer certificate: UnknownIssuer"), "slowly NetworkUnavailable"],
    [
      "a region that has no SageMaker",
      system("ENOTFOUND", "getaddrinfo ENOTFOUND api.sagemaker.us-west-2.amazonaws.com"),
      "person InvalidRegion",
    ],
    [
      "a region that can be none",
      new Error('Region not accepted: region="x!" is not a valid hostname component.'),
      "never InvalidRegion",
    ],

    ["an unknown code", answer("NeverSeenException", "What is it?"), "slowly UnknownError"],
    ["an unknown code of a create", answer("NeverSeenException"), "slowly UnknownError", CREATE],
    ["404 without a code", answer("Unknown", "UnknownError", 404), "slowly UnknownError"],
    ["a redirect", answer("Unknown", "UnknownError", 302), "slowly UnknownError"],
    ["an answer that isn't JSON", answer("SyntaxError", "Unexpected token '<'", 200), "slowly UnknownError"],
    ["an error of the program", new TypeError("x is undefined"), "slowly UnknownError"],
    ["something thrown that is no error", "oops", "slowly UnknownError"],
    ["nothing", undefined, "slowly UnknownError"],
  ];
  for (const [name, error, expected, call = DESCRIBE] of table) {
    await t.step(name, () => {
      const failure = classify(error, call);
      assert.equal(failure === "not-found" ? failure : `${failure.retry} ${failure.reason}`, expected);
    });
  }
});

Deno.test("classify() shows the service's code, text and request id", () => {
  const table: [unknown, string, string][] = [
    [
      answer("ThrottlingException", "Rate exceeded"),
      "ThrottlingException",
      "ThrottlingException: Rate exceeded (request id 1234)",
    ],
    [answer("ThrottlingException"), "ThrottlingException", "ThrottlingException (request id 1234)"],
    [answer("Exception", "Any", 500), "Exception", "Exception: Any (request id 1234)"],
    [answer("Unknown", "UnknownError", 503), "HTTP 503", "HTTP 503 (request id 1234)"],
    [
      answer("SyntaxError", "Unexpected token '<'\n  Deserialization error: …", 502),
      "HTTP 502",
      "HTTP 502: Unexpected token '<' (request id 1234)",
    ],
    [new TypeError("x is undefined"), "TypeError", "TypeError: x is undefined"],
  ];
  for (const [error, code, message] of table) {
    const failure = classify(error, DESCRIBE);
    assert.ok(failure !== "not-found");
    assert.deepEqual([failure.code, failure.message], [code, message]);
  }
});

Deno.test("classify() says what usually causes a refusal of a create that has no text", () => {
  const message = (error: unknown, call = CREATE) => (classify(error, call) as { message: string }).message;
  for (
    const error of [
      answer("ValidationException"),
      answer("ValidationException", " \n"),
      answer("ValidationException", "UnknownError"),
    ]
  ) {
    assert.match(
      message(error),
      /^ValidationException: SageMaker gives no reason; two inputs, or an input and an output, with the same localPath are the usual cause \(request id 1234\)$/,
    );
    assert.match(message(error, DESCRIBE), /^ValidationException \(request id 1234\)$/);
  }
  assert.match(message(answer("ValidationException", "Bad")), /^ValidationException: Bad /);
});

Deno.test("classify() says where it could not get to", () => {
  const message = (error: unknown, call = DESCRIBE) => (classify(error, call) as { message: string }).message;
  assert.equal(
    message(system("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1"), AT_HOME),
    "Cannot reach SageMaker at 'http://127.0.0.1:1': connect ECONNREFUSED 127.0.0.1:1",
  );
  assert.equal(message(new DOMException("x", "TimeoutError")), "No answer from SageMaker in region 'us-west-2'");
  assert.match(
    message(system("ENOTFOUND", "getaddrinfo ENOTFOUND api.sagemaker.us-west-2.amazonaws.com")),
    /^Cannot find SageMaker in region 'us-west-2': it must be an AWS region that has SageMaker/,
  );
});

Deno.test("credentialsFailure() says which ways there are to give credentials", () => {
  const { retry, reason, message } = credentialsFailure(new Error("Could not load credentials from any providers"));
  assert.deepEqual([retry, reason], ["slowly", "CredentialsUnavailable"]);
  for (const word of ["any providers", "Pod Identity", "IRSA", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "instance's role"]) {
    assert.ok(message.includes(word), word);
  }
  assert.match(credentialsFailure(new DOMException("x", "TimeoutError")).message, /their source does not answer/);
});

Deno.test("classify() keeps environment values that the service repeats to itself", () => {
  const error = Object.assign(
    new Error("1 validation error detected: Value '{KEY=it's a secret}' at 'environment' failed to satisfy constraint"),
    { name: "ValidationException", $metadata: { httpStatusCode: 400 } },
  );
  const failure = classify(error, { operation: "CreateProcessingJob", region: "us-west-2" });
  assert.ok(typeof failure === "object");
  assert.match(failure.message, /Value \(not shown\) at 'environment' failed/);
  assert.doesNotMatch(failure.message, /secret/);
});

Deno.test("classify() shows both of two violations, and nothing of a multi-line value of the environment", () => {
  const error = answer(
    "ValidationException",
    "2 validation errors detected: Value '{SCRIPT=set -e\nexport TOKEN=secret\n}' at 'environment' failed to satisfy constraint: " +
      "Map value must satisfy constraint: [Member must have length less than or equal to 256]; Value '[a\nb]' at " +
      "'appSpecification.containerEntrypoint' failed to satisfy constraint: Member must satisfy regular expression pattern: .*",
  );
  const failure = classify(error, { operation: "CreateProcessingJob", region: "us-west-2" });
  assert.ok(typeof failure === "object");
  assert.match(
    failure.message,
    /^ValidationException: 2 validation errors detected: Value \(not shown\) at 'environment' /,
  );
  assert.match(
    failure.message,
    /; Value '\[a\\nb\]' at 'appSpecification.containerEntrypoint' .* \(request id 1234\)$/,
  );
  assert.doesNotMatch(failure.message, /secret|set -e|\n/);
});
