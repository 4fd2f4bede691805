/** Who may sign the API server's certificate besides the authority that a kubeconfig or a service account names. */
import { BlockList, isIP } from "node:net";
import type { Cluster } from "./config.ts";

/** Addresses that no public authority signs: RFC 1918, 3927, 4193, 4291, 6598. */
const PRIVATE_SUBNETS: [network: string, prefix: number, family: "ipv4" | "ipv6"][] = [
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
];
const PRIVATE = new BlockList();
for (const [network, prefix, family] of PRIVATE_SUBNETS) PRIVATE.addSubnet(network, prefix, family);

/** Names that no public authority signs: without a dot, and of domains that are nobody's. */
const PRIVATE_NAME = /^[^.]+$|\.(svc|local|internal|localhost|test)$/;

/**
 * Which authorities are trusted besides the one that is given for `cluster`; `undefined` for none that could sign for its host. Deno adds
 * to the certificates of a client those of its store (`DENO_TLS_CA_STORE`, by default Mozilla's public authorities; empty for none)
 * and those in the file that `DENO_CERT` names, and there is no way to leave them out for one client.
 *
 * @param env the process's environment
 */
export function otherAuthorities(
  { server, hasAuthority }: Pick<Cluster, "server" | "hasAuthority">,
  env: (name: string) => string | undefined,
): string | undefined {
  const { protocol, hostname } = new URL(server);
  if (protocol !== "https:" || !hasAuthority) return undefined;
  const stores = (env("DENO_TLS_CA_STORE") ?? "mozilla").split(",").map((store) => store.trim());
  const others = [
    ...(env("DENO_CERT") ? ["those in the file that DENO_CERT names"] : []),
    ...(stores.includes("system") ? ["the system's"] : []),
    ...(stores.includes("mozilla") && !isPrivate(hostname) ? ["public ones"] : []),
  ];
  return others.length === 0 ? undefined : others.join(", ");
}

function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  const version = isIP(address);
  return version === 0 ? PRIVATE_NAME.test(hostname) : PRIVATE.check(address, version === 4 ? "ipv4" : "ipv6");
}
