// What publishers really published, and what became of it as they were told.

import { crc32 } from 'node:zlib'
import type { Boot, NodeId, StreamId } from '../../node/core/common/ids.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import { batchHeaderBytes } from '../../node/wire/batch-header.ts'

/** One batch. */
export interface Publication {
  readonly stream: StreamId
  readonly node: NodeId
  readonly boot: Boot
  /** Sequences from..to. */
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly checksum: number
  readonly at: number
  /** Undefined while its publisher was told nothing. */
  outcome: Placed | 'unknown' | undefined
}

/** Of everything behind the header, which its node and the leader write to. */
export function checksumOf(frame: Uint8Array): number {
  return crc32(frame.subarray(batchHeaderBytes))
}

export class Publications {
  readonly #byPlace = new Map<string, Publication>()

  get all(): Iterable<Publication> {
    return this.#byPlace.values()
  }

  add(publication: Publication): void {
    this.#byPlace.set(keyOf(publication.stream, publication.boot, publication.from), publication)
  }

  /** The batch that begins at a sequence. */
  find(stream: StreamId, boot: Boot, from: number): Publication | undefined {
    return this.#byPlace.get(keyOf(stream, boot, from))
  }
}

function keyOf(stream: StreamId, boot: Boot, from: number): string {
  return `${stream} ${boot} ${from}`
}
