/** What `spec.region` and `spec.sageMakerEndpoint` may be. The CRD and `render` both go by it; SageMaker's model has neither. */
export const REGION_FIELD = { min: 1, max: 32, pattern: "[a-z0-9]+(-[a-z0-9]+)*" } as const;
export const ENDPOINT_FIELD = { max: 2048, pattern: "https?://.*" } as const;
