// The one order of every stream, worked out from committed entries alone, naively: what every node and every subscriber must see.

import type { Boot, NodeId, StreamId } from '../../node/core/common/ids.ts'
import { toStreamId } from '../../node/core/common/ids.ts'
import { decodeCommand } from '../../node/leader/command.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  batchStream,
} from '../../node/wire/batch-header.ts'
import { isVoid } from '../../node/wire/batch-producer.ts'
import { checksumOf } from './publications.ts'

/** A batch with its place. */
export interface Placing {
  readonly stream: StreamId
  readonly epoch: number
  /** Offsets offset..offset+count-1; a void has none, and stands behind this one. */
  readonly offset: number
  readonly isVoid: boolean
  readonly boot: Boot
  readonly from: number
  readonly count: number
  readonly bytes: number
  readonly checksum: number
  /** Batches of the stream that were placed before it, and their bytes. */
  readonly nth: number
  readonly bytesBefore: number
}

/** One stream. */
export class StreamOrder {
  epoch = 0
  last = 0
  readonly placings: Placing[] = []
  readonly sequences: Map<Boot, number> = new Map()
  /** Sequences that passed by with no message. */
  voidRecords = 0
  #batches = 0
  readonly #byOffset = new Map<number, Placing>()
  readonly #bySequence = new Map<string, Placing>()
  /** Bytes of all placings up to each. */
  bytes = 0

  add(placing: Placing): void {
    if (placing.isVoid) this.voidRecords += placing.count
    else {
      this.placings.push(placing)
      this.#byOffset.set(placing.offset, placing)
      this.last += placing.count
    }
    this.#batches++
    for (let nth = 0; nth < placing.count; nth++)
      this.#bySequence.set(`${placing.boot} ${placing.from + nth}`, placing)
    this.sequences.set(placing.boot, placing.from + placing.count - 1)
    this.bytes += placing.bytes
  }

  /** Bytes of a batch and of all behind it, with so many more for each. */
  bytesFrom({ nth, bytesBefore }: Placing, overheadBytes: number): number {
    return this.bytes - bytesBefore + (this.#batches - nth) * overheadBytes
  }

  /** Batches so far, voids as well. */
  get batches(): number {
    return this.#batches
  }

  at(offset: number): Placing | undefined {
    return this.#byOffset.get(offset)
  }

  /** The batch that an offset lies in. */
  holding(offset: number): Placing | undefined {
    if (offset > this.last) return undefined
    let low = 0
    let high = this.placings.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.placings[middle]?.offset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return this.placings[low]
  }

  find(boot: Boot, sequence: number): Placing | undefined {
    return this.#bySequence.get(`${boot} ${sequence}`)
  }
}

export class Order {
  readonly streams: Map<StreamId, StreamOrder> = new Map()
  /** Of every group, whose boots it knows. */
  readonly #nodes = new Map<number, Map<Boot, NodeId>>()
  /** What the entries of every group have placed; that of index i stands at i - 1. */
  readonly #placed = new Map<number, (Placing | undefined)[]>()

  /** Takes the next committed entry of a group; returns the batch that got its place with it. */
  apply(group: number, data: Uint8Array): Placing | undefined {
    const placing = this.#apply(group, data)
    const placed = this.#placed.get(group)
    if (placed === undefined) this.#placed.set(group, [placing])
    else placed.push(placing)
    return placing
  }

  /** What the entry of an index has placed, if anything. */
  placedBy(group: number, index: number): Placing | undefined {
    return this.#placed.get(group)?.[index - 1]
  }

  #apply(group: number, data: Uint8Array): Placing | undefined {
    const command = decodeCommand(data)
    if (command === undefined) return undefined
    const nodes = this.#nodesOf(group)
    if (command.op === 'origin') nodes.set(command.boot, command.node)
    else if (command.op === 'begin') this.#begin(toStreamId(command.definition.name), command.epoch)
    else if (command.op === 'batch' && nodes.has(batchBoot(command.frame))) return this.#place(command.frame)
    return undefined
  }

  streamOf(id: StreamId): StreamOrder {
    let stream = this.streams.get(id)
    if (stream === undefined) {
      stream = new StreamOrder()
      this.streams.set(id, stream)
    }
    return stream
  }

  #begin(id: StreamId, epoch: number): void {
    const stream = this.streamOf(id)
    stream.epoch = Math.max(stream.epoch, epoch)
  }

  #place(frame: Uint8Array): Placing | undefined {
    const id = batchStream(frame)
    const stream = this.streamOf(id)
    const boot = batchBoot(frame)
    const from = batchSequence(frame)
    const offset = batchPlace(frame)
    const isEmpty = isVoid(frame)
    const isNext =
      from === (stream.sequences.get(boot) ?? 0) + 1 && offset === (isEmpty ? 0 : stream.last + 1)
    if (!isNext || stream.epoch === 0 || batchEpoch(frame) !== stream.epoch) return undefined
    const placing = {
      ...{ stream: id, epoch: stream.epoch, offset: isEmpty ? stream.last : offset, boot, from },
      ...{ isVoid: isEmpty, nth: stream.batches, bytesBefore: stream.bytes },
      count: batchCount(frame),
      bytes: frame.length,
      checksum: checksumOf(frame),
    }
    stream.add(placing)
    return placing
  }

  #nodesOf(group: number): Map<Boot, NodeId> {
    let nodes = this.#nodes.get(group)
    if (nodes === undefined) {
      nodes = new Map()
      this.#nodes.set(group, nodes)
    }
    return nodes
  }
}
