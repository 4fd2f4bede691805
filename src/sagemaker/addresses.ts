import { BlockList, isIP } from "node:net";
import { embeddedIPv4 } from "./embedded_ipv4.ts";

/**
 * Where no SageMaker is, but what hands out credentials may be: link-local addresses (instance metadata, ECS, EKS Pod Identity),
 * AWS's own local services by IPv6, metadata services of other clouds, and what is no single host.
 */
const FORBIDDEN_SUBNETS: [network: string, prefix: number][] = [
  ["169.254.0.0", 16],
  ["0.0.0.0", 8],
  ["224.0.0.0", 3],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["192.0.0.192", 32],
  ["fe80::", 10],
  ["fd00:ec2::", 32],
  ["fd20:ce::254", 128],
  ["::", 128],
  ["ff00::", 8],
];

const FORBIDDEN = new BlockList();
for (const [network, prefix] of FORBIDDEN_SUBNETS) FORBIDDEN.addSubnet(network, prefix, familyOf(network));

/**
 * Whether no request of a resource may go to an address, whatever name it was found by; so is what isn't an address. An IPv6
 * address is forbidden as well if an IPv4 address that is embedded in it is.
 */
export function isForbiddenAddress(address: string): boolean {
  const [bare = ""] = address.split("%");
  if (isIP(bare) === 0) return true;
  const all = isIP(bare) === 6 ? [bare, ...embeddedIPv4(bare)] : [bare];
  return all.some((each) => FORBIDDEN.check(each, familyOf(each)));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
