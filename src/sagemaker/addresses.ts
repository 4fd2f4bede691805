import { BlockList, isIP } from "node:net";

/**
 * Where no SageMaker is, but what hands out credentials may be: link-local addresses (instance metadata, ECS, EKS Pod Identity),
 * AWS's own local services by IPv6, metadata services of other clouds, and what is no single host. The last rows are the
 * link-local addresses of IPv4 as IPv6 may carry them: NAT64, 6to4, and the old compatible form; mapped ones are known to
 * `BlockList`.
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
  ["64:ff9b::a9fe:0", 112],
  ["2002:a9fe::", 32],
  ["::a9fe:0", 112],
];

const FORBIDDEN = new BlockList();
for (const [network, prefix] of FORBIDDEN_SUBNETS) FORBIDDEN.addSubnet(network, prefix, familyOf(network));

/** Whether no request of a resource may go to an address, whatever name it was found by; so is what isn't an address. */
export function isForbiddenAddress(address: string): boolean {
  const [bare = ""] = address.split("%");
  return isIP(bare) === 0 || FORBIDDEN.check(bare, familyOf(bare));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
