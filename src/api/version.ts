import config from "../../deno.json" with { type: "json" };

/** The operator's version. */
export const VERSION: string = config.version;

/** The commit that a bundle was made from; `tools/bundle.ts` writes it into the bundle. */
export const COMMIT: string = (globalThis as { SAGEMAKER_OPERATOR_COMMIT?: string }).SAGEMAKER_OPERATOR_COMMIT ??
  "unknown";
