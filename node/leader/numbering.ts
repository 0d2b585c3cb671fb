// The leader's part: it gives the batches that come their places in the order of their streams. What it has proposed and not applied
// is ahead of the ledger, so it keeps the end of its own log; a leader that has just begun has applied all of that.

import type { Boot, NodeId, StreamId } from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import { batchBoot, batchCount, batchSequence, batchStream, placeBatch } from '../wire/batch-header.ts'
import type { Command } from './command.ts'
import type { Ledger } from './ledger.ts'

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

  constructor(ledger: Ledger, propose: (command: Command) => void) {
    this.#ledger = ledger
    this.#propose = propose
  }

  /**
   * Proposes a numbered batch of a node, unless it is a copy, or something before it has not come, or the stream gives no places now: then
   * it will be sent again. The frame is written to.
   */
  submit(node: NodeId, frame: Uint8Array, definition: StreamDefinition | undefined): void {
    const id = batchStream(frame)
    const end = this.#endOf(id, definition)
    if (end === undefined || end.isClosed) return
    const boot = batchBoot(frame)
    const from = batchSequence(frame)
    const last = end.sequences.get(boot) ?? this.#ledger.streams.get(id)?.sequences.get(boot) ?? 0
    if (from !== last + 1) return
    this.#introduce(node, boot)
    placeBatch(frame, end.epoch, end.last + 1)
    const count = batchCount(frame)
    end.last += count
    end.sequences.set(boot, from + count - 1)
    this.#propose({ op: 'batch', frame })
  }

  /** The epoch in leader mode is to end: what has no place by now gets none in it. */
  close(id: StreamId): void {
    const end = this.#endOf(id, undefined)
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

  #introduce(node: NodeId, boot: Boot): void {
    if (this.#ledger.nodes.has(boot) || this.#nodes.has(boot)) return
    this.#nodes.set(boot, node)
    this.#propose({ op: 'origin', node, boot })
  }
}
