// What a data group knows beside the messages themselves: which streams it has, in which epoch and mode each is, how far it is numbered, and
// the last sequence of every origin. It follows from the entries alone, so that every member has the same behind the same entry.

import {
  type Boot,
  fromOrigin,
  type NodeId,
  type Origin,
  type StreamId,
  toOrigin,
  toStreamId,
} from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  batchStream,
} from '../wire/batch-header.ts'
import { isVoid } from '../wire/batch-producer.ts'
import { readDefinition, toDefinitionValue } from '../wire/stream-definition.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'
import { type Command, readFence } from './command.ts'
import { takeProducer } from './producer-batches.ts'
import { Producers } from './producers.ts'

/** One stream of a group. */
export interface StreamLedger {
  /** With the mode of the epoch. */
  readonly definition: StreamDefinition
  /** The epoch that it is in. */
  readonly epoch: number
  /** When it began, milliseconds since 1970; undefined where no entry says it. */
  readonly since?: number | undefined
  /** Whether the epoch is to end, and where is not known yet. */
  readonly isSealing: boolean
  /** Offset of the last message; 0 while there is none. */
  last: number
  /** Last sequence of every origin that has a place, or had one when the last epoch in leader mode ended. */
  readonly sequences: Map<Boot, number>
}

/** Bytes that are no ledger. */
export class LedgerDamaged extends Error {}

export class Ledger {
  readonly streams: Map<StreamId, StreamLedger> = new Map()
  /** Whose boot it is. */
  readonly nodes: Map<Boot, NodeId> = new Map()
  /** What named producers have stored, on all streams and in all epochs in leader mode. */
  readonly producers: Producers
  /** What the leaders' clocks have said last, milliseconds since 1970; 0 while none has. It never goes back. */
  time = 0

  constructor(producers: Producers = new Producers()) {
    this.producers = producers
  }

  /** Takes the next command; false where it does not follow from what is here, and so means nothing to anybody. */
  apply(command: Command): boolean {
    switch (command.op) {
      case 'batch':
        return this.#applyBatch(command.frame)
      case 'origin':
        this.nodes.set(command.boot, command.node)
        return true
      case 'time':
        this.time = Math.max(this.time, command.at)
        return true
      case 'seal':
        return this.#seal(command)
      case 'begin':
        return this.#begin(command)
    }
  }

  /** Last sequences of a stream by origin. */
  fenceOf(stream: StreamId): Map<Origin, number> {
    const fence = new Map<Origin, number>()
    for (const [boot, sequence] of this.streams.get(stream)?.sequences ?? []) {
      const node = this.nodes.get(boot)
      if (node !== undefined) fence.set(toOrigin(node, boot), sequence)
    }
    return fence
  }

  /** Everything, as bytes that `decode` reads. */
  encode(): Uint8Array {
    const nodes = [...this.nodes].map(([boot, node]) => toOrigin(node, boot))
    const streams = [...this.streams].map(([id, { definition, epoch, since, isSealing, last }]) => {
      const { name } = definition
      const sequences = [...this.fenceOf(id)]
      return { name, definition: toDefinitionValue(definition), epoch, since, isSealing, last, sequences }
    })
    return toTextBytes(
      JSON.stringify({ nodes, streams, producers: this.producers.encode(), time: this.time }),
    )
  }

  /** Throws LedgerDamaged. Nothing at all is the ledger of a group that begins. */
  static decode(bytes: Uint8Array): Ledger {
    if (bytes.length === 0) return new Ledger()
    const { nodes, streams, producers: names, time } = parse(bytes)
    const producers = Producers.decode(names)
    if (producers === undefined) throw new LedgerDamaged('producers has something that is no producer')
    if (typeof time !== 'number' || !Number.isFinite(time) || time < 0)
      throw new LedgerDamaged('time is none')
    const ledger = new Ledger(producers)
    ledger.time = time
    for (const origin of nodes) {
      const parts = typeof origin === 'string' ? fromOrigin(origin) : undefined
      if (parts === undefined) throw new LedgerDamaged('nodes has something that is no origin')
      ledger.nodes.set(parts.boot, parts.node)
    }
    for (const [at, each] of streams.entries()) {
      const { name, definition: value, epoch, since: began, isSealing, last, sequences: pairs } = Object(each)
      const definition = typeof name === 'string' ? readDefinition(name, value) : undefined
      const fence = readFence(pairs)
      if (definition === undefined || fence === undefined || typeof isSealing !== 'boolean')
        throw new LedgerDamaged(`streams[${at}] is no stream`)
      if (![epoch, last].every((each) => Number.isSafeInteger(each) && each >= 0))
        throw new LedgerDamaged(`streams[${at}] has no epoch and end`)
      if (![...fence.keys()].every((origin) => ledger.#knows(origin)))
        throw new LedgerDamaged(`streams[${at}] has messages of an origin that is not in nodes`)
      const [sequences, since] = [toSequences(fence), Number.isFinite(began) ? Number(began) : undefined]
      ledger.streams.set(toStreamId(definition.name), {
        definition,
        epoch,
        since,
        isSealing,
        last,
        sequences,
      })
    }
    return ledger
  }

  #knows(origin: Origin): boolean {
    const parts = fromOrigin(origin)
    return parts !== undefined && this.nodes.get(parts.boot) === parts.node
  }

  #seal({ definition, epoch }: Command & { op: 'seal' }): boolean {
    const id = toStreamId(definition.name)
    const known = this.streams.get(id)
    // A stream that no entry has spoken of is in its first epoch, which is numbered 0 and in gossip mode.
    const isOpen = known === undefined ? epoch === 0 : known.epoch === epoch && !known.isSealing
    if (
      !isOpen ||
      definition.mode !== 'gossip' ||
      (known !== undefined && known.definition.mode !== 'gossip')
    )
      return false
    const { since, last = 0, sequences = new Map<Boot, number>() } = known ?? {}
    this.streams.set(id, { definition, epoch, since, isSealing: true, last, sequences })
    return true
  }

  #begin({ definition, epoch, fence, at }: Command & { op: 'begin' }): boolean {
    const id = toStreamId(definition.name)
    const known = this.streams.get(id)
    // An epoch in gossip mode ends only where its members were asked; one in leader mode ends here.
    const isNext = known === undefined ? epoch === 1 : epoch === known.epoch + 1
    if (!isNext || (known?.definition.mode === 'gossip' && !known.isSealing)) return false
    const last = known?.last ?? 0
    const sequences = known?.definition.mode === 'leader' ? known.sequences : toSequences(fence)
    for (const origin of fence.keys()) {
      const parts = fromOrigin(origin)
      if (parts !== undefined) this.nodes.set(parts.boot, parts.node)
    }
    this.streams.set(id, { definition, epoch, since: at, isSealing: false, last, sequences })
    return true
  }

  #applyBatch(frame: Uint8Array): boolean {
    const stream = this.streams.get(batchStream(frame))
    const boot = batchBoot(frame)
    if (stream?.definition.mode !== 'leader' || !this.nodes.has(boot)) return false
    const from = batchSequence(frame)
    // R8 of the switch: what is not next has no place in the order, whoever has put it into the log.
    const offset = isVoid(frame) ? 0 : stream.last + 1
    const isNext = from === (stream.sequences.get(boot) ?? 0) + 1 && batchPlace(frame) === offset
    if (!isNext || batchEpoch(frame) !== stream.epoch || !takeProducer(this.producers, frame)) return false
    const count = batchCount(frame)
    stream.sequences.set(boot, from + count - 1)
    if (offset > 0) stream.last += count
    return true
  }
}

function toSequences(fence: ReadonlyMap<Origin, number>): Map<Boot, number> {
  const sequences = new Map<Boot, number>()
  for (const [origin, sequence] of fence) {
    const parts = fromOrigin(origin)
    if (parts !== undefined) sequences.set(parts.boot, sequence)
  }
  return sequences
}

function parse(bytes: Uint8Array): {
  readonly nodes: readonly unknown[]
  readonly streams: readonly unknown[]
  readonly producers: unknown
  readonly time: unknown
} {
  let fields: Partial<Record<string, unknown>> = {}
  try {
    fields = Object(JSON.parse(tryReadText(bytes) ?? ''))
  } catch {
    // Said below.
  }
  // One of a version that knew no producers has none, nor a time.
  const { nodes, streams, producers = [], time = 0 } = fields
  if (!Array.isArray(nodes) || !Array.isArray(streams)) throw new LedgerDamaged('not {"nodes", "streams"}')
  return { nodes, streams, producers, time }
}
