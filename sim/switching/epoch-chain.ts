// The chain of epochs of every stream, worked out naively from the committed entries of the groups and from nothing that a node says of itself:
// in which mode each is, behind which sequences it begins, and what has which place.

import { type Boot, fromOrigin, type NodeId, type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { type Command, decodeCommand, type Fence } from '../../node/leader/command.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  batchStream,
} from '../../node/wire/batch-header.ts'
import { batchProducer, isVoid, type ProducerTag } from '../../node/wire/batch-producer.ts'

export interface ChainedEpoch {
  readonly number: number
  readonly mode: StreamMode
  /** The last sequences before it: where the one before has ended. */
  readonly floor: ReadonlyMap<Boot, number>
}

/** What has a place. */
export interface Place {
  readonly boot: Boot
  readonly sequence: number
  readonly epoch: number
}

/** One stream; a stream that no entry has spoken of is in its first epoch. */
export class StreamChain {
  readonly name: string
  /** By number. Epoch 0 is in gossip mode, and nothing is before it; a stream that begins in leader mode never was in it. */
  readonly epochs: Map<number, ChainedEpoch> = new Map([[0, { number: 0, mode: 'gossip', floor: new Map() }]])
  /** By offset. */
  readonly places: Map<number, Place> = new Map()
  present: number | undefined
  isSealed = false
  last = 0
  sequences: Map<Boot, number> = new Map()

  constructor(name: string) {
    this.name = name
  }
}

/** Hears of what an entry brings. */
export interface ChainListener {
  /** An epoch begins behind `before`, which is over. */
  onEpoch(chain: StreamChain, epoch: ChainedEpoch, before: ChainedEpoch): void
  /** A message has its place. */
  onPlaced(chain: StreamChain, offset: number, place: Place): void
  /** Sequences of a named producer, from the tag's on, are stored from `offset` on; or pass by as copies, with offset 0. */
  onProducer?(chain: StreamChain, producer: ProducerTag, count: number, offset: number): void
  /** A sequence passes by with no message, which is stored under another one. */
  onVoid?(chain: StreamChain, boot: Boot, sequence: number): void
}

export class EpochChain {
  readonly nodes: Map<Boot, NodeId> = new Map()
  readonly #streams = new Map<StreamId, StreamChain>()
  readonly #listener: ChainListener

  constructor(listener: ChainListener) {
    this.#listener = listener
  }

  find(stream: StreamId): StreamChain | undefined {
    return this.#streams.get(stream)
  }

  /** Takes the next committed entry of a group. One that does not follow from what is here means nothing. */
  apply(data: Uint8Array): void {
    const command = decodeCommand(data)
    if (command?.op === 'origin') this.nodes.set(command.boot, command.node)
    else if (command?.op === 'seal') this.#seal(command)
    else if (command?.op === 'begin') this.#begin(command)
    else if (command?.op === 'batch') this.#place(command.frame)
  }

  #open(name: string): StreamChain {
    const known = this.find(toStreamId(name))
    if (known !== undefined) return known
    const chain = new StreamChain(name)
    this.#streams.set(toStreamId(name), chain)
    return chain
  }

  #seal({ definition, epoch }: Command & { op: 'seal' }): void {
    const chain = this.#open(definition.name)
    const isPresent = (chain.present ?? 0) === epoch && chain.epochs.get(epoch)?.mode === 'gossip'
    if (!isPresent || chain.isSealed || definition.mode !== 'gossip') return
    chain.present = epoch
    chain.isSealed = true
  }

  #begin({ definition, epoch: number, fence }: Command & { op: 'begin' }): void {
    const chain = this.#open(definition.name)
    const before = chain.epochs.get(chain.present ?? 0)
    if (before === undefined || number !== before.number + 1) return
    // The first epoch of a stream that no entry has spoken of may be one in leader mode that is over already.
    if (chain.present !== undefined && before.mode === 'gossip' && !chain.isSealed) return
    this.#learn(fence)
    const floor = before.mode === 'leader' ? new Map(chain.sequences) : toSequences(fence)
    const epoch = { number, mode: definition.mode, floor }
    chain.epochs.set(number, epoch)
    chain.present = number
    chain.isSealed = false
    chain.sequences = new Map(floor)
    this.#listener.onEpoch(chain, epoch, before)
  }

  #learn(fence: Fence): void {
    for (const origin of fence.keys()) {
      const parts = fromOrigin(origin)
      if (parts !== undefined) this.nodes.set(parts.boot, parts.node)
    }
  }

  #place(frame: Uint8Array): void {
    const chain = this.find(batchStream(frame))
    const epoch = chain?.epochs.get(chain.present ?? 0)
    const boot = batchBoot(frame)
    if (chain === undefined || epoch?.mode !== 'leader' || !this.nodes.has(boot)) return
    const from = batchSequence(frame)
    const offset = isVoid(frame) ? 0 : chain.last + 1
    const isNext = from === (chain.sequences.get(boot) ?? 0) + 1 && batchPlace(frame) === offset
    if (!isNext || batchEpoch(frame) !== epoch.number) return
    const count = batchCount(frame)
    chain.sequences.set(boot, from + count - 1)
    const producer = batchProducer(frame)
    if (producer !== undefined) this.#listener.onProducer?.(chain, producer, count, offset)
    // Without a producer these are messages that are gone.
    for (let nth = 0; offset === 0 && producer !== undefined && nth < count; nth++)
      this.#listener.onVoid?.(chain, boot, from + nth)
    if (offset === 0) return
    chain.last += count
    for (let nth = 0; nth < count; nth++) {
      const place = { boot, sequence: from + nth, epoch: epoch.number }
      chain.places.set(offset + nth, place)
      this.#listener.onPlaced(chain, offset + nth, place)
    }
  }
}

function toSequences(fence: Fence): Map<Boot, number> {
  const sequences = new Map<Boot, number>()
  for (const [origin, sequence] of fence) {
    const parts = fromOrigin(origin)
    if (parts !== undefined) sequences.set(parts.boot, sequence)
  }
  return sequences
}
