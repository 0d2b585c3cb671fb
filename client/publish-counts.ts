// What became of a client's publications, in numbers.

/** Counts since the client was made. */
export interface PublishCounts {
  published: number
  acknowledged: number
  sent: number
  refused: number
  unknown: number
  batches: number
}

/** All at 0. */
export function noPublishCounts(): PublishCounts {
  return { published: 0, acknowledged: 0, sent: 0, refused: 0, unknown: 0, batches: 0 }
}
