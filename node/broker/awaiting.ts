// Whoever waits until the nodes know that this one is interested in a stream.

/** A subscriber that begins on a stream as soon as the interest in it is known, or hears that the stream is gone. */
export interface Awaiting {
  readonly begin: () => void
  readonly giveUp: () => void
}
