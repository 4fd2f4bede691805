import type { FilterLogEventsCommandInput, FilterLogEventsCommandOutput } from "@aws-sdk/client-cloudwatch-logs";
import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { callAws } from "../sagemaker/aws_call.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import { type Clock, deadline, orAbort } from "../runtime/clock.ts";
import { classify } from "../sagemaker/errors.ts";
import { clientForSingleCalls } from "../sagemaker/single_calls.ts";
import { LOG_GROUP, type LogPage, LogsError, type LogSource } from "./source.ts";

export interface CloudWatchOptions {
  region: string;
  /** Where CloudWatch Logs is; by default `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`, else AWS's own. */
  endpoint?: string | undefined;
  env: (name: string) => string | undefined;
  clock: Clock;
  /** Version of the operator, for the user agent. */
  version: string;
}

const CALL_TIMEOUT_MS = 10_000;

/** CloudWatch Logs in one region. The one permission that it needs is `logs:FilterLogEvents`. */
export interface CloudWatchLogs extends LogSource, Disposable {}

/**
 * Opens CloudWatch Logs without a call. One operation is all that is used of it, so it has no client of its own
 * (docs/adr/0012): the parts of SageMaker's find credentials, sign and send.
 */
export function openCloudWatch({ region, endpoint, env, clock, version }: CloudWatchOptions): CloudWatchLogs {
  const client = clientForSingleCalls({ region });
  const { url, ...place } = placeOf("logs", region, env);
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "user-agent": `sagemaker-operator/${version}`,
    "x-amz-target": "Logs_20140328.FilterLogEvents",
  };
  return {
    async page({ streamPrefix, from, to }, nextToken, signal) {
      using limit = deadline(clock, CALL_TIMEOUT_MS, signal);
      const credentials = await credentialsOf(client, limit.signal, signal);
      const request: FilterLogEventsCommandInput = {
        logGroupName: LOG_GROUP,
        logStreamNamePrefix: streamPrefix,
        startTime: Math.max(0, Math.floor(from)),
        endTime: to,
        nextToken,
      };
      const call = { ...place, url: endpoint ?? url, headers, body: JSON.stringify(request) };
      try {
        const { body } = await orAbort(callAws(credentials, call, limit.signal), limit.signal);
        return pageOf(JSON.parse(body));
      } catch (error) {
        signal.throwIfAborted();
        throw logsError(error, { region, endpoint });
      }
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

type Credentials = SageMakerClient["config"]["credentials"];

/** Asked for on their own, so that what is wrong with them isn't taken for CloudWatch's; the SDK remembers them. */
async function credentialsOf(client: SageMakerClient, limit: AbortSignal, signal: AbortSignal): Promise<Credentials> {
  try {
    await orAbort(client.config.credentials(), limit);
    return client.config.credentials;
  } catch (cause) {
    signal.throwIfAborted();
    const why = limit.aborted ? "their source does not answer" : (cause as Error).message;
    const ways = "a profile (AWS_PROFILE), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role";
    throw new LogsError("refused", `Cannot get AWS credentials: ${why}; logs are read with ${ways}`, { cause });
  }
}

function pageOf({ events = [], nextToken }: FilterLogEventsCommandOutput): LogPage {
  const lines = events.map(({ eventId, logStreamName: stream = "", timestamp = 0, message = "" }) => ({
    id: `${stream} ${eventId ?? `${timestamp} ${message}`}`,
    stream,
    timestamp,
    message: message.replace(/\r?\n$/, ""),
  }));
  return nextToken === undefined || nextToken === null ? { lines } : { lines, nextToken };
}

function logsError(cause: unknown, where: { region: string; endpoint: string | undefined }): LogsError {
  const failure = classify(cause, { operation: "FilterLogEvents", service: "CloudWatch Logs", ...where });
  if (failure === "not-found") {
    return new LogsError(
      "no-log-group",
      `There is no log group '${LOG_GROUP}' in region '${where.region}' yet; SageMaker makes it with the first line that a ` +
        "processing job writes there",
    );
  }
  if (failure.retry === "soon") return new LogsError("may-pass", failure.message, { cause });
  const hint = failure.reason === "AccessDenied"
    ? `; the permission 'logs:FilterLogEvents' on '${LOG_GROUP}' is needed`
    : "";
  return new LogsError("refused", `Cannot read logs: ${failure.message}${hint}`, { cause });
}
