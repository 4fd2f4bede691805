/** The compiled program; the test task makes it and names it. */
export const BINARY = binary();

function binary(): string {
  const path = Deno.env.get("SAGEMAKER_OPERATOR_TEST_BINARY");
  if (path) return path;
  throw new Error("'SAGEMAKER_OPERATOR_TEST_BINARY' must name the compiled binary; 'deno task test e2e' sets it");
}
