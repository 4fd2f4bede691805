/** Whom a kubeconfig asks to act as: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
import { ConfigError } from "./errors.ts";
import type { LocatedUser } from "./kubeconfig_files.ts";

/**
 * The headers for `as`, `as-uid`, `as-groups` and `as-user-extra`, none where a user has none of these.
 *
 * @param source where they come from, for messages
 * @throws ConfigError if one can't be used: nothing may be asked as somebody else than was meant
 */
export function impersonationHeaders(
  { impersonateUser, impersonation = {} }: Pick<LocatedUser, "impersonateUser" | "impersonation">,
  source: string,
): [name: string, value: string][] {
  const refuse = (why: string) => new ConfigError(`Cannot use ${source}: ${why}`);
  const { "as-uid": uid, "as-groups": groups = [], "as-user-extra": extra = {} } = impersonation;
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  if (uid !== undefined && uid !== null && typeof uid !== "string") throw refuse("its 'as-uid' must be text");
  if (groups !== null && !(Array.isArray(groups) && groups.every(isText))) {
    throw refuse("its 'as-groups' must be a list of names");
  }
  const fields = Object.entries(extra ?? {});
  if (typeof extra !== "object" || !fields.every(([, values]) => Array.isArray(values) && values.every(isText))) {
    throw refuse("its 'as-user-extra' must be a mapping of lists");
  }
  const others: [string, string][] = [
    ...(uid ? [["impersonate-uid", uid] as [string, string]] : []),
    ...((groups ?? []) as string[]).map((group): [string, string] => ["impersonate-group", group]),
    ...fields.flatMap(([key, values]) =>
      (values as string[]).map((value): [string, string] => [`impersonate-extra-${headerKey(key)}`, value])
    ),
  ];
  if (!impersonateUser) {
    if (others.length === 0) return [];
    throw refuse("it has 'as-uid', 'as-groups' or 'as-user-extra', but no 'as', which says whom to act as; add it");
  }
  const headers: [string, string][] = [["impersonate-user", impersonateUser], ...others];
  const wrong = headers.find(([, value]) => /[^\t\x20-\x7e]/.test(value));
  if (wrong) throw refuse(`the value of '${wrong[0]}' cannot be sent in a header`);
  return headers;
}

/** What may not be in a header's name is percent-encoded, and so is the percent sign, as client-go does it. */
function headerKey(key: string): string {
  return [...new TextEncoder().encode(key)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[!#$&'*+.^_`|~0-9A-Za-z-]/.test(character)
      ? character
      : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
}
