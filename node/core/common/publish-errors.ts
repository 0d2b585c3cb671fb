// The codes of the registry that say what became of a publication, or of its producer's name.

/** A part of `errorRegistry`. */
export const publishErrors = {
  PUBLISH_UNKNOWN: {
    meaning:
      'The connection broke or the deadline passed after the message was sent: it may or may not be stored.',
    action:
      'With a named producer on a stream in leader mode publish again with the same sequence; else only if doubling is harmless.',
    fate: 'keep',
  },
  PRODUCER_INVALID: {
    meaning: 'The name of a producer, or the number that it gives a publication, cannot be one.',
    action: 'Use a name of 1 to 64 letters, digits, `_`, `.` and `-`, and sequences from 1 to 2^53 - 1.',
    fate: 'keep',
  },
  PRODUCER_SEQUENCE_OLD: {
    meaning:
      'A publication has a producer sequence below those that its stream remembers: whether one with it is stored nobody knows any more.',
    action:
      'Nothing was stored now. Find out by subscribing; retry sooner, and give every stream a producer of its own.',
    fate: 'keep',
  },
} as const
