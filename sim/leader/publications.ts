// What publishers really published, and what became of it as they were told.

import { crc32 } from 'node:zlib'
import type { Boot, NodeId, StreamId } from '../../node/core/common/ids.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import { batchHeaderBytes } from '../../node/wire/batch-header.ts'
import { type ProducerTag, sliceBatch, voidBatch } from '../../node/wire/batch-producer.ts'

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
  /** Of a named producer: the batch as it was submitted. */
  readonly named?: { readonly producer: ProducerTag; readonly frame: Uint8Array } | undefined
  /** Undefined while its publisher was told nothing. */
  outcome: Placed | 'unknown' | undefined
}

/** Of everything behind the header, which its node and the leader write to. */
export function checksumOf(frame: Uint8Array): number {
  return crc32(frame.subarray(batchHeaderBytes))
}

export class Publications {
  readonly all: Publication[] = []
  readonly #byPlace = new Map<string, Publication>()

  add(publication: Publication): void {
    const { stream, boot, from, to, named } = publication
    this.all.push(publication)
    // A named producer's batch may be cut anywhere.
    const last = named === undefined ? from : to
    for (let sequence = from; sequence <= last; sequence++)
      this.#byPlace.set(keyOf(stream, boot, sequence), publication)
  }

  /** The batch that begins at a sequence, or a named producer's that has it. */
  find(stream: StreamId, boot: Boot, from: number): Publication | undefined {
    return this.#byPlace.get(keyOf(stream, boot, from))
  }
}

/** What some records of a named producer's batch are like in the log, as messages or without. */
export function checksumOfPart(frame: Uint8Array, skip: number, count: number, isEmpty: boolean): number {
  const part = sliceBatch(frame, skip, count, (bytes) => new Uint8Array(bytes))
  return checksumOf(isEmpty ? voidBatch(part) : part)
}

function keyOf(stream: StreamId, boot: Boot, from: number): string {
  return `${stream} ${boot} ${from}`
}
