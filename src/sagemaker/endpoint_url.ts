import { isIP } from "node:net";
import { isForbiddenAddress } from "./addresses.ts";

/** The URL of an endpoint, or what is wrong with it. */
export function parseEndpoint(text: string): URL | string {
  if (!URL.canParse(text)) return "it must be a URL, as in 'https://HOST:PORT'";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "its scheme must be https or http";
  if (url.username !== "" || url.password !== "") return "it must not hold a user name or a password";
  if (url.search !== "" || url.hash !== "") return "it must not hold a query or a fragment";
  return url;
}

/**
 * The same for an endpoint that a resource names. It must mean to every reader what it means here, so what URL parsers tell
 * in different ways is refused: an address written as one number, a host in other than plain letters, a backslash, a dot at
 * the end.
 */
export function parseStrictly(text: string): URL | string {
  if (/[^\x21-\x7e]|[\\?#]/.test(text)) {
    return "it must be plain ASCII without spaces, backslashes, a query or a fragment";
  }
  const url = parseEndpoint(text);
  if (typeof url === "string") return url;
  const authority = /^https?:\/\/([^/]+)/i.exec(text)?.[1];
  if (authority === undefined) return "it must be a URL, as in 'https://HOST:PORT'";
  if (authority.includes("@")) return "it must not hold a user name or a password";
  if (authority.replace(/:\d*$/, "").toLowerCase() !== url.hostname) {
    return `its host must be written as '${url.hostname}'`;
  }
  if (url.hostname.endsWith(".")) return "its host must not end with a dot";
  if (isAddress(url.hostname) && isForbiddenAddress(bare(url.hostname))) {
    return "its host is an address for link-local, metadata or other special use";
  }
  return url;
}

/** Whether a host matches no wildcard: an address, or a name that looks to people like another. */
export function mustBeNamed(hostname: string): boolean {
  return isAddress(hostname) || /(^|\.)xn--/.test(hostname);
}

function isAddress(hostname: string): boolean {
  return isIP(bare(hostname)) !== 0;
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
