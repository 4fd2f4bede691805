import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { isForbiddenAddress } from "./addresses.ts";
import { embeddedIPv4 } from "./embedded_ipv4.ts";

const hex = (high: number, low: number) => (high << 8 | low).toString(16);

/** The ways to write the IPv4 address `a.b.c.d` in an IPv6 one; `x` is any byte. */
const FORMS: Record<string, (v4: number[], x: number[]) => string> = {
  "mapped": ([a, b, c, d]) => `::ffff:${hex(a!, b!)}:${hex(c!, d!)}`,
  "mapped, with dots": (v4) => `::FFFF:${v4.join(".")}`,
  "mapped, in full": (v4) => `0:0:0:0:0:ffff:${v4.join(".")}`,
  "compatible": (v4) => `::${v4.join(".")}`,
  "translated": (v4) => `::ffff:0:${v4.join(".")}`,
  "NAT64": (v4) => `64:ff9b::${v4.join(".")}`,
  "local NAT64, 96 bits": (v4, x) =>
    `64:ff9b:1:${hex(x[0]!, x[1]!)}:${hex(x[2]!, x[3]!)}:${hex(x[4]!, x[5]!)}:${v4.join(".")}`,
  "local NAT64, 64 bits": ([a, b, c, d], x) =>
    `64:ff9b:1:${hex(x[0]!, x[1]!)}:${hex(0, a!)}:${hex(b!, c!)}:${hex(d!, x[2]!)}:${hex(x[3]!, x[4]!)}`,
  "local NAT64, 56 bits": ([a, b, c, d], x) =>
    `64:ff9b:1:${hex(x[0]!, a!)}:${hex(0, b!)}:${hex(c!, d!)}:${hex(x[1]!, x[2]!)}:${hex(x[3]!, x[4]!)}`,
  "local NAT64, 48 bits": ([a, b, c, d], x) =>
    `64:ff9b:1:${hex(a!, b!)}:${hex(0, c!)}:${hex(d!, x[0]!)}:${hex(x[1]!, x[2]!)}:${hex(x[3]!, x[4]!)}`,
  "6to4": ([a, b, c, d], x) => `2002:${hex(a!, b!)}:${hex(c!, d!)}:${hex(x[0]!, x[1]!)}::${hex(x[2]!, x[3]!)}`,
  "Teredo's client": ([a, b, c, d], x) =>
    `2001:0:102:304:${hex(x[0]!, x[1]!)}:${hex(x[2]!, x[3]!)}:${hex(255 - a!, 255 - b!)}:${hex(255 - c!, 255 - d!)}`,
  "Teredo's server": ([a, b, c, d], x) =>
    `2001::${hex(a!, b!)}:${hex(c!, d!)}:${hex(x[0]!, x[1]!)}:${hex(x[2]!, x[3]!)}:f7f7:f7f7`,
  "ISATAP": (v4, x) => `2600:${hex(x[0]!, x[1]!)}:1:2:0:5efe:${v4.join(".")}`,
  "ISATAP, of a global address": (v4, x) => `2600:${hex(x[0]!, x[1]!)}:1:2:200:5efe:${v4.join(".")}`,
};

const byte = fc.integer({ min: 0, max: 255 });
const anyBytes = fc.array(byte, { minLength: 6, maxLength: 6 });
const forbidden = fc.oneof(
  fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  fc.constantFrom([169, 254, 169, 254], [169, 254, 170, 2], [169, 254, 170, 23], [100, 100, 100, 200], [
    168,
    63,
    129,
    16,
  ], [
    192,
    0,
    0,
    192,
  ]),
);

for (const [form, write] of Object.entries(FORMS)) {
  Deno.test(`an IPv4 address that is forbidden is forbidden in an IPv6 address too: ${form}`, () => {
    fc.assert(fc.property(forbidden, anyBytes, (v4, x) => {
      const address = write([...v4], x);
      assert.ok(isIPv6(address), address);
      assert.ok(embeddedIPv4(address).includes(v4.join(".")), address);
      for (
        const each of [
          address,
          address.toUpperCase(),
          `${address}%eth0`,
          new URL(`http://[${address}]`).hostname.slice(1, -1),
        ]
      ) {
        assert.ok(isForbiddenAddress(each), each);
      }
    }));
  });
}

Deno.test("an IPv4 address that is allowed stays so in an IPv6 address", () => {
  const zeros = [0, 0, 0, 0, 0, 0];
  for (const [form, write] of Object.entries(FORMS)) {
    for (const v4 of [[52, 94, 1, 1], [10, 0, 0, 1], [192, 168, 1, 1]]) {
      assert.equal(isForbiddenAddress(write(v4, zeros)), false, `${form}: ${write(v4, zeros)}`);
    }
  }
});

Deno.test("IPv6 addresses of SageMaker, of private networks and of the machine itself stand for no IPv4 address", () => {
  for (const address of ["::1", "2600:1f14::1", "fd12:3456::1", "2a05:d07a:a000::1"]) {
    assert.deepEqual(embeddedIPv4(address), [], address);
    assert.equal(isForbiddenAddress(address), false, address);
  }
  assert.equal(isForbiddenAddress("::"), true);
});

Deno.test("whatever the notation, an IPv6 address is read as the URL parser reads it", () => {
  fc.assert(fc.property(fc.ipV6(), (address) => {
    const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
    assert.deepEqual(embeddedIPv4(address), embeddedIPv4(canonical));
  }));
});
