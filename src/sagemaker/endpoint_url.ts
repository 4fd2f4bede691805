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
  if (withoutPort(authority.toLowerCase()) !== url.hostname) return `its host must be written as '${url.hostname}'`;
  if (!isPlainPort(authority, url)) return "its port must be written without leading zeros, or left out";
  const path = text.slice(text.indexOf(authority) + authority.length);
  if ((path || "/") !== url.pathname) return `its path must be written as '${url.pathname}'`;
  if (url.hostname.endsWith(".")) return "its host must not end with a dot";
  if (isAddress(url.hostname) && isForbiddenAddress(bare(url.hostname))) {
    return "its host is an address for link-local, metadata or other special use";
  }
  return url;
}

/** A port is left out, or written as the URL standard writes it: otherwise one endpoint had any number of spellings. */
function isPlainPort(authority: string, { protocol, port }: URL): boolean {
  const written = /:(\d*)$/.exec(authority)?.[1];
  return written === undefined || written === (port || (protocol === "https:" ? "443" : "80"));
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, "");
}

/**
 * An endpoint that a resource names, in the one spelling that stands for all that mean the same: the scheme and host in lower case, without
 * the scheme's own port, without a slash at the end. Other text, which no check takes, stays as it is.
 */
export function oneSpelling(text: string): string {
  const [, scheme = "", authority = "", path = ""] = /^(https?):\/\/([^/\\?#@]+)(\/[^\\?#]*)?$/i.exec(text) ?? [];
  if (authority === "") return text;
  const standard = scheme.toLowerCase() === "https" ? /:443$/ : /:80$/;
  return `${scheme.toLowerCase()}://${authority.toLowerCase().replace(standard, "")}${path.replace(/\/$/, "")}`;
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
