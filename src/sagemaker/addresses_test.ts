import assert from "node:assert/strict";
import { isForbiddenAddress } from "./addresses.ts";

Deno.test("isForbiddenAddress() knows link-local and metadata addresses in each form, and leaves private and public ones", () => {
  const forbidden = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.0",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "::",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "sagemaker.example",
    "",
  ];
  for (const address of forbidden) assert.equal(isForbiddenAddress(address), true, address);
  const open = [
    "169.253.255.255",
    "169.255.0.0",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "127.0.0.1",
    "52.94.1.1",
    "::1",
    "fd12:3456::1",
    "2600:1f14::1",
    "64:ff9b::345e:101",
    "::ffff:10.0.0.1",
  ];
  for (const address of open) assert.equal(isForbiddenAddress(address), false, address);
});
