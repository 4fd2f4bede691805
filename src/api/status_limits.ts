/** How long the texts of a status may be, in characters. The CRD's schema is made from these limits, and every text that is written is cut to them. */
export const STATUS_LIMITS = {
  /** Fields of `metav1.Condition`, with its own limits. */
  conditionType: 316,
  conditionReason: 1_024,
  conditionMessage: 32_768,
  /** Of each of the 20 attempts. SageMaker's reasons have 1,024 characters at most, of up to 4 bytes. */
  attemptMessage: 4_096,
  /** Any other text. The schema has no limit there, because an earlier controller may have stored more. */
  text: 32_768,
} as const;
