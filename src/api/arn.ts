/** `arn:partition:service:region:account:resource`, with the account's twelve digits. */
const ACCOUNT = /^arn:[^:]+:[^:]+:[^:]*:(\d{12}):/;

/** The account that an ARN names; undefined if `text` is no such ARN. */
export function accountIn(text: string | undefined): string | undefined {
  return ACCOUNT.exec(text ?? "")?.[1];
}
