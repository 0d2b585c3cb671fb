// Every limit of Herald in one place, with its reason. Configuration may lower or raise those that
// `docs/configuration.md` lists; the rest are part of the wire protocol.

/** Limits that both ends of the wire protocol know. */
export const protocolLimits = {
  /** Payload of one message; larger belongs into an object store with a reference in the message. */
  payloadBytesMax: 1_048_576,
  /** Records of one batch; bounds the work that one frame can cause. */
  batchRecordsMax: 512,
  /** A batch is flushed when it reaches this; one socket read on Linux is 64 KiB as well. */
  batchBytesMax: 65_536,
  /** Bytes of a topic or pattern. */
  topicBytesMax: 255,
  /** Tokens of a topic; bounds the depth of the pattern index. */
  topicTokensMax: 32,
  /** Header pairs of one message. */
  headerCountMax: 64,
  /** Bytes of all headers of one message. */
  headerBytesMax: 16_384,
  /** Bytes of a key. */
  keyBytesMax: 255,
  /**
   * Slots of a queue. More members than this could not all have one, and fewer would make shares uneven: 64 for 3 members are 22, 21
   * and 21.
   */
  queueSlots: 64,
  /** A whole WebSocket message: the largest record plus headers, topic table and batch header. */
  frameBytesMax: 1_179_648,
} as const
