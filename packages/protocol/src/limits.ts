/** Every limit of the protocol, in one place. Units are in the names. */
export const LIMITS = {
  /** Largest message either side accepts. */
  messageBytes: 1_048_576,
  /** Deepest nesting of objects and arrays in a message. */
  messageDepth: 12,
  /** Problems in one `problems` message. */
  problemsPerMessage: 1_000,
  /** `problems` messages a client may have unacknowledged. */
  unacknowledgedReports: 4,
  /** Items in one `fix` message, and results in one `fix-results` message. */
  fixesPerMessage: 500,
  /** Leases in one `halt` message, and in its answer. */
  leasesPerHalt: 500,
  /** Places a client may announce. */
  placesMax: 1_000,
  /** Fix codes a client may announce. */
  fixCodesPerClient: 200,
  businessKeyLength: 128,
  /** Holds the longest command key there can be: a percent-encoded business key of wide characters. */
  commandKeyLength: 1_700,
  codeLength: 64,
  textLength: 2_000,
  /** Fields in the facts of one side, and length of a fact's text. */
  factFields: 40,
  factTextLength: 500,
  effectsPerResult: 20,
  /** Keys of the server at one time, those that are being brought in and out included. */
  serverKeysMax: 8,
  /** Fields in one question for unmasked values. */
  revealFieldsMax: 20,
  contradictions: 20,
  /** Largest amount, as digits of minor units. */
  amountDigits: 18,
  descriptionLength: 2_000,
  reasonLength: 500,
  /** Rows in one page of the HTTP API. */
  pageRowsMax: 500,
  pageRowsDefault: 50,
  /** Ids in one bulk request. */
  bulkIds: 1_000,
  /** Body of one HTTP request. */
  httpBodyBytes: 1_048_576,
  maxRetriesMax: 99,
  /** How long a client may be silent before its session is closed. */
  silenceMs: 30_000,
  heartbeatMs: 5_000,
} as const;
