/** IAM's pattern, of any partition (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html). */
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** Whether `text` can be the ARN of an IAM role. */
export function isRoleArn(text: string): boolean {
  return text.length <= 2048 && ROLE_ARN.test(text);
}
