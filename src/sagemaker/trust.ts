/** Which authorities calls of AWS trust, besides those that are compiled in. */
import { getLogger } from "@logtape/logtape";
import process from "node:process";
import { rootCertificates } from "node:tls";

/**
 * Variables that name a file of authorities, as PEM: the AWS CLI's, Node's, and that of OpenSSL. Deno's runtime honours none of
 * them in a compiled binary (2.4), and the second alone later (2.9).
 */
const VARIABLES = ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];

const log = getLogger(["operator", "sagemaker"]);

interface Known {
  files: string;
  pem: string | undefined;
}
let known: Known | undefined;

/**
 * The authorities in the files that the environment names, as one PEM text; `undefined` if there are none. Each file is read
 * once. One that can't be used is logged and left out: the calls that need it tell of the authority that is not known.
 */
export function extraAuthorities(env: Record<string, string | undefined> = process.env): string | undefined {
  const named = new Map(VARIABLES.flatMap((variable) => env[variable] ? [[env[variable], variable]] : []));
  const files = [...named.keys()].join("\n");
  if (known?.files !== files) {
    const texts = [...named].flatMap(([file, variable]) => authoritiesIn(file, variable));
    known = { files, pem: texts.length === 0 ? undefined : texts.join("\n") };
  }
  return known.pem;
}

function authoritiesIn(file: string, variable: string): string[] {
  try {
    const pem = Deno.readTextFileSync(file);
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new TypeError("it holds no certificate in PEM form");
    // Throws for what looks like a certificate and is none.
    Deno.createHttpClient({ caCerts: [pem] }).close();
    return [pem];
  } catch (error) {
    log.warn("Cannot use the authorities in a file, and trusts those that are compiled in", { variable, file, error });
    return [];
  }
}

/** What connections of `node:https` need to trust them too: they take one text, and nothing else is trusted then. */
export function trustOptions(): { ca?: string } {
  const extra = extraAuthorities();
  return extra === undefined ? {} : { ca: [extra, ...rootCertificates].join("\n") };
}
