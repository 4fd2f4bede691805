/** IPv4 addresses that IPv6 addresses stand for: what translators and tunnels reach by them. */

/** How an IPv6 address holds an IPv4 address. */
interface Form {
  /** The first 16-bit groups; `*` is any. */
  groups: (number | "*")[];
  /** At which of the sixteen bytes the four of the IPv4 address are. */
  at: number[];
  /** Every bit is inverted. */
  isInverted?: true;
  /** The place depends on how long the translator's own prefix is, so what is there may be no IPv4 address at all. */
  isUncertain?: true;
}

const LAST = [12, 13, 14, 15];
/** RFC 8215: a translator's prefix in here has 48, 56, 64 or 96 bits (RFC 6052, section 2.2, which leaves out byte 8). */
const LOCAL_NAT64 = [0x64, 0xff9b, 1];

const FORMS: Form[] = [
  // Mapped and compatible: RFC 4291, section 2.5.5.
  { groups: [0, 0, 0, 0, 0, 0xffff], at: LAST },
  { groups: [0, 0, 0, 0, 0, 0], at: LAST, isUncertain: true },
  // Translated: RFC 2765, section 2.1.
  { groups: [0, 0, 0, 0, 0xffff, 0], at: LAST },
  // NAT64: RFC 6052, section 2.1.
  { groups: [0x64, 0xff9b, 0, 0, 0, 0], at: LAST },
  { groups: LOCAL_NAT64, at: [6, 7, 9, 10], isUncertain: true },
  { groups: LOCAL_NAT64, at: [7, 9, 10, 11], isUncertain: true },
  { groups: LOCAL_NAT64, at: [9, 10, 11, 12], isUncertain: true },
  { groups: LOCAL_NAT64, at: LAST, isUncertain: true },
  // 6to4: RFC 3056, section 2.
  { groups: [0x2002], at: [2, 3, 4, 5] },
  // Teredo, its server and its client: RFC 4380, section 4.
  { groups: [0x2001, 0], at: [4, 5, 6, 7] },
  { groups: [0x2001, 0], at: LAST, isInverted: true },
  // ISATAP: RFC 5214, section 6.1.
  { groups: ["*", "*", "*", "*", 0, 0x5efe], at: LAST },
  { groups: ["*", "*", "*", "*", 0x200, 0x5efe], at: LAST },
];

/**
 * The IPv4 addresses that `address` may stand for, none for most. A translator with a prefix of its own network's (RFC 6052) can't be
 * told from any other network.
 *
 * @param address an IPv6 address without a zone, in any notation
 */
export function embeddedIPv4(address: string): string[] {
  const bytes = bytesOf(address);
  const forms = FORMS.filter(({ groups }) =>
    groups.every((group, index) => group === "*" || group === (bytes[2 * index]! << 8 | bytes[2 * index + 1]!))
  );
  return forms.flatMap(({ at, isInverted, isUncertain }) => {
    const parts = at.map((index) => isInverted ? ~bytes[index]! & 0xff : bytes[index]!);
    // '::1' is no '0.0.0.1', and the zeros of a prefix are no address; no translator sends to either or to a multicast one.
    if (isUncertain && (parts[0] === 0 || parts[0]! >= 224)) return [];
    return [parts.join(".")];
  });
}

/** The sixteen bytes of an IPv6 address. */
function bytesOf(address: string): number[] {
  const [before = "", after] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const head = [...before].flatMap(bytesOfGroup);
  const tail = (after ?? []).flatMap(bytesOfGroup);
  return [...head, ...Array<number>(Math.max(0, 16 - head.length - tail.length)).fill(0), ...tail];
}

function bytesOfGroup(group: string): number[] {
  if (group.includes(".")) return group.split(".").map(Number);
  const value = parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
