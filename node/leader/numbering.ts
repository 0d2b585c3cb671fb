// The leader's part: it gives the batches that come their places in the order of their streams. What it has proposed and not applied
// is ahead of the ledger, so it keeps the end of its own log; a leader that has just begun has applied all of that.

import { type Boot, fromOrigin, type NodeId, type Origin, type StreamId } from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import { batchBoot, batchCount, batchSequence, batchStream, placeBatch } from '../wire/batch-header.ts'
import { batchFrom, isNamed, isVoid } from '../wire/batch-producer.ts'
import { gapBehind, isGap } from '../wire/gap-batch.ts'
import type { Command } from './command.ts'
import type { Ledger } from './ledger.ts'
import { placeNamed } from './producer-batches.ts'
import type { Producers } from './producers.ts'

/** The end of a stream, with everything that is proposed. */
interface StreamEnd {
  readonly epoch: number
  last: number
  readonly sequences: Map<Boot, number>
  /** Whether the epoch is to end: nothing gets a place in it any more. */
  isClosed: boolean
}

export class Numbering {
  readonly #ledger: Ledger
  readonly #propose: (command: Command) => void
  readonly #ends = new Map<StreamId, StreamEnd>()
  readonly #nodes = new Map<Boot, NodeId>()
  /** What named producers have in the whole log, from the first of their batches on that is proposed here. */
  #producers: Producers | undefined

  constructor(ledger: Ledger, propose: (command: Command) => void) {
    this.#ledger = ledger
    this.#propose = propose
  }

  /**
   * Proposes a numbered batch of a node, unless it is a copy, or something before it has not come, or the stream gives no places now: then
   * it will be sent again. The frame is written to. `node`: whose boot it is; undefined where another one sends it, which says that before each time, and
   * may have said it before this one led.
   */
  submit(node: NodeId | undefined, submitted: Uint8Array, definition: StreamDefinition | undefined): void {
    const id = batchStream(submitted)
    const end = this.#endOf(id, definition)
    if (end === undefined || end.isClosed) return
    const boot = batchBoot(submitted)
    if (node === undefined && !this.#isKnown(boot)) return
    const last = end.sequences.get(boot) ?? this.#ledger.streams.get(id)?.sequences.get(boot) ?? 0
    // Another leader may have cut a named producer's batch, and the log have only its first part; and gaps do not end where batches do.
    const frame = isGap(submitted) ? gapBehind(submitted, last) : batchFrom(submitted, last + 1, allocate)
    const from = batchSequence(frame)
    if (from !== last + 1) return
    if (node !== undefined) this.#introduce(node, boot)
    const count = batchCount(frame)
    end.sequences.set(boot, from + count - 1)
    if (isNamed(frame)) return this.#submitNamed(end, frame)
    placeBatch(frame, end.epoch, isVoid(frame) ? 0 : end.last + 1)
    if (!isVoid(frame)) end.last += count
    this.#propose({ op: 'batch', frame })
  }

  /** Nothing of named producers that is not applied comes before the first of their batches that is proposed here. */
  #submitNamed(end: StreamEnd, batch: Uint8Array): void {
    this.#producers ??= this.#ledger.producers.clone()
    for (const frame of placeNamed(batch, this.#producers, end.epoch, end.last)) {
      if (!isVoid(frame)) end.last += batchCount(frame)
      this.#propose({ op: 'batch', frame })
    }
  }

  /** The epoch in leader mode is to end: what has no place by now gets none in it. `definition`: of one that may have to begin first. */
  close(id: StreamId, definition: StreamDefinition): void {
    const end = this.#endOf(id, definition)
    if (end !== undefined) end.isClosed = true
  }

  /** An epoch has begun. What was proposed in it already, as one of a new stream is, goes on. */
  onBegin(id: StreamId, epoch: number): void {
    if (this.#ends.get(id)?.epoch !== epoch) this.#ends.delete(id)
  }

  /** `definition`: of a stream that may begin in leader mode. */
  #endOf(id: StreamId, definition: StreamDefinition | undefined): StreamEnd | undefined {
    const present = this.#ends.get(id)
    if (present !== undefined) return present
    const known = this.#ledger.streams.get(id)
    const mode = known === undefined ? definition?.mode : known.definition.mode
    if (mode !== 'leader') return undefined
    const end = { epoch: known?.epoch ?? 1, last: known?.last ?? 0, sequences: new Map(), isClosed: false }
    this.#ends.set(id, end)
    if (known === undefined && definition !== undefined)
      this.#propose({ op: 'begin', epoch: end.epoch, definition, fence: new Map() })
    return end
  }

  /** Whose boot it is that batches come of over another node. */
  introduceOrigin(origin: Origin): void {
    const parts = fromOrigin(origin)
    if (parts !== undefined) this.#introduce(parts.node, parts.boot)
  }

  #isKnown(boot: Boot): boolean {
    return this.#ledger.nodes.has(boot) || this.#nodes.has(boot)
  }

  #introduce(node: NodeId, boot: Boot): void {
    if (this.#isKnown(boot)) return
    this.#nodes.set(boot, node)
    this.#propose({ op: 'origin', node, boot })
  }
}

function allocate(bytes: number): Uint8Array {
  return new Uint8Array(bytes)
}
