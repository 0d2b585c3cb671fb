// The replicas of streams in leader mode: what their groups have given a place, in that order, for as long as retention keeps it.

import { type Boot, type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import type { OriginState } from '../core/stream/origin-state.ts'
import { Replica } from '../core/stream/replica.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  batchStream,
} from '../wire/batch-header.ts'
import { firstsOf, type KeptBatch } from './kept-batches.ts'
import type { Ledger, StreamLedger } from './ledger.ts'

export interface LeaderStreamsOptions {
  readonly slabs: SlabPool
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The delivery log of the stream has grown. */
  readonly onDelivered: (replica: Replica) => void
}

export class LeaderStreams {
  /** The replicas of the epochs that streams are in, as far as those are in leader mode. */
  readonly replicas: Map<StreamId, Replica> = new Map()
  readonly #options: LeaderStreamsOptions
  /** Epoch of every replica that still holds something, by stream. */
  readonly #epochs = new Map<StreamId, Map<number, Replica>>()
  /** Offset of the last message of the stream that had this one's name before. */
  readonly #behind = new Map<StreamId, number>()
  /** Of streams that were removed: batches that come yet may be those of one that was made again, and is not known here. */
  readonly #removed = new Map<StreamId, Replica>()
  /** Where those ended, and since when that is known here. */
  readonly #ends = new Map<StreamId, { readonly behind: number; readonly since: number }>()
  /** Replicas that got something in this round. */
  readonly #grown = new Set<Replica>()

  constructor(options: LeaderStreamsOptions) {
    this.#options = options
  }

  /**
   * The replica of a stream that begins in leader mode, which is created where it does not exist: one that was removed before goes on in the epoch in
   * which its group has it, without what was there.
   */
  define(definition: StreamDefinition, ledger?: Pick<Ledger, 'streams' | 'nodes'>): Replica {
    const id = toStreamId(definition.name)
    const end = this.#ends.get(id)
    if (end !== undefined) this.startBehind(id, definition.behind ?? end.behind)
    const present = this.replicas.get(id) ?? this.#removed.get(id)
    if (present !== undefined) return this.#show(present)
    const known = ledger?.streams.get(id)
    return known === undefined || ledger === undefined
      ? this.#create(definition, firstEpoch)
      : this.begin({ ...known, definition }, ledger.nodes)
  }

  /**
   * Forgets a stream that was removed. `behind`: offset of its last message; what comes behind that is kept, as far as retention lets it, for
   * one that is made again under its name. What it had up to there is kept for a while: whoever said the offset may not have heard of one that was
   * made again before that, and what that has is not dropped for a removal of the one before.
   */
  undefine(id: StreamId, behind: number | undefined = this.#behind.get(id)): void {
    const replica = this.replicas.get(id)
    this.replicas.delete(id)
    if (behind === undefined) {
      this.#epochs.delete(id)
      return
    }
    this.#ends.set(id, { behind, since: this.#ends.get(id)?.since ?? this.#options.now() })
    if (replica !== undefined) this.#removed.set(id, replica)
  }

  /**
   * What a stream that is there had up to this offset was another one's, which was removed: it is dropped, here and as it comes. Where more was
   * dropped here, since nobody had told of this one for too long, that is gone to whoever comes.
   */
  startBehind(id: StreamId, behind: number): void {
    this.#ends.delete(id)
    if (behind < (this.#behind.get(id) ?? 0)) {
      this.#behind.set(id, behind)
      for (const { origins } of this.#epochs.get(id)?.values() ?? [])
        for (const state of origins.values()) state.base = 0
    } else this.#dropTo(id, behind)
  }

  #dropTo(id: StreamId, behind: number): void {
    if (behind <= (this.#behind.get(id) ?? 0)) return
    this.#behind.set(id, behind)
    for (const replica of this.#epochs.get(id)?.values() ?? [])
      replica.dropBefore((frame) => batchPlace(frame) <= behind)
  }

  /** An epoch in leader mode begins, behind these sequences. */
  begin({ definition, epoch, sequences }: StreamLedger, nodes: ReadonlyMap<Boot, NodeId>): Replica {
    const present = epoch === firstEpoch ? this.replicas.get(toStreamId(definition.name)) : undefined
    const replica = present ?? this.#create(definition, epoch)
    for (const [boot, to] of sequences) {
      const node = nodes.get(boot)
      if (node !== undefined) beginBehind(replica, replica.originState(node, boot, this.#options.now()), to)
    }
    return replica
  }

  /**
   * Takes the next batch of a stream, whose frame stands in kept memory; one of a stream that was removed is nobody's. `placedBy`: of one that
   * the log had when the node started, by when it had its place, as far as that is known: retention counts from then.
   */
  insert(node: NodeId, frame: Uint8Array, placedBy?: number): void {
    const id = batchStream(frame)
    const replica = this.replicas.get(id) ?? this.#removed.get(id)
    if (replica === undefined) return
    const from = batchSequence(frame)
    const now = this.#options.now()
    const at = Math.min(now, placedBy ?? now)
    const state = replica.originState(node, batchBoot(frame), at)
    if (state.position === undefined) beginBehind(replica, state, from - 1)
    this.#grown.add(replica)
    if (this.#isBefore(frame)) return passBefore(replica, state, from + batchCount(frame) - 1)
    replica.insert(state, { frame, from, count: batchCount(frame), confirm: false, isKept: true }, at)
    replica.advance(state)
    replica.trim(now)
  }

  /** A round of batches is over: subscribers hear of them. */
  endRound(): void {
    for (const replica of this.#grown) this.#options.onDelivered(replica)
    this.#grown.clear()
  }

  /** The epochs of a stream before one that hold something, oldest first. */
  heldBefore(id: StreamId, before: number): [number, Replica][] {
    const epochs = [...(this.#epochs.get(id) ?? [])].filter(
      ([epoch, { messages }]) => epoch < before && messages > 0,
    )
    return epochs.toSorted(([one], [other]) => one - other)
  }

  /** What all replicas hold of these streams, epochs that have ended among them, bytes with overhead. */
  bytesOf(streams: Iterable<StreamId>): number {
    let bytes = 0
    for (const id of streams)
      for (const replica of this.#epochs.get(id)?.values() ?? []) bytes += replica.bytes
    return bytes
  }

  /** Goes on behind a state that stands for everything before it: what of that is not here, nor kept by it, no member has any more. */
  restore({ streams, nodes }: Ledger, kept: readonly KeptBatch[]): void {
    const own = kept.filter(({ entry }) => !this.#isBefore(entry.data))
    const byStream = Map.groupBy(own, ({ entry }) => batchStream(entry.data))
    for (const [id, { definition, epoch, sequences }] of streams) {
      if (definition.mode !== 'leader') continue
      const present = this.#epochs.get(id)?.get(epoch)
      const replica = present === undefined ? this.#create(definition, epoch) : this.#show(present)
      this.#goOn(replica, nodes, sequences, byStream.get(id) ?? [])
      this.#grown.add(replica)
    }
    this.endRound()
  }

  /**
   * Takes the batches that are kept of a stream, behind everything that is lacking. Retention drops what is oldest: of an origin with none
   * among them, all of it was before the others'. What is lacking is a gap to whoever reads here.
   */
  #goOn(
    replica: Replica,
    nodes: Ledger['nodes'],
    sequences: ReadonlyMap<Boot, number>,
    kept: readonly KeptBatch[],
  ): void {
    const now = this.#options.now()
    const firsts = firstsOf(kept)
    for (const [boot, to] of sequences) {
      const node = nodes.get(boot)
      if (node === undefined) continue
      replica.pass(replica.originState(node, boot, now), (firsts.get(boot) ?? to + 1) - 1)
    }
    for (const { entry, placedBy = now } of kept) {
      const { data: frame } = entry
      const [from, count] = [batchSequence(frame), batchCount(frame)]
      const state = replica.origins.get(batchBoot(frame))
      // One that this node has, or has dropped, is not lacking.
      if (state === undefined || (state.position ?? 0) >= from) continue
      replica.insert(state, { frame, from, count, confirm: false, isKept: true }, Math.min(now, placedBy))
      replica.advance(state)
    }
  }

  /** Whether a batch is kept for nobody any more. */
  isDropped(frame: Uint8Array): boolean {
    const replica = this.#epochs.get(batchStream(frame))?.get(batchEpoch(frame))
    const state = replica?.origins.get(batchBoot(frame))
    return state === undefined || state.gone.has(batchSequence(frame))
  }

  /** Once a second: drops what retention does not cover any more, and epochs of which nothing is left. */
  onSecond(): void {
    for (const [id, { behind, since }] of this.#ends) {
      if (this.#options.now() < since + removedKeptMs) continue
      this.#ends.delete(id)
      this.#dropTo(id, behind)
    }
    for (const [id, epochs] of this.#epochs) {
      for (const [epoch, replica] of epochs) {
        replica.trim(this.#options.now())
        const isLast = this.replicas.get(id) === replica || this.#removed.get(id) === replica
        if (replica.messages === 0 && !isLast) epochs.delete(epoch)
      }
    }
  }

  #create(definition: StreamDefinition, epoch: number): Replica {
    const replica = new Replica({ ...definition, mode: 'leader' }, this.#options.slabs)
    this.#show(replica)
    const epochs = this.#epochs.get(replica.id) ?? new Map<number, Replica>()
    this.#epochs.set(replica.id, epochs.set(epoch, replica))
    return replica
  }

  #show(replica: Replica): Replica {
    this.#removed.delete(replica.id)
    this.replicas.set(replica.id, replica)
    return replica
  }

  /** Whether a batch is of a stream that was removed before this one was made. What has no place has no message. */
  #isBefore(frame: Uint8Array): boolean {
    const place = batchPlace(frame)
    return place > 0 && place <= (this.#behind.get(batchStream(frame)) ?? 0)
  }
}

/** A stream that begins in leader mode is in this epoch; one that begins in gossip mode, in the one before. */
const firstEpoch = 1

/** So long what a removed stream had is kept. Catalogs of linked nodes have long agreed by then. */
const removedKeptMs = 10_000

/** What comes up to here is of a stream that was removed: gone for whoever had a part of that, and nothing to those who come. */
function passBefore(replica: Replica, state: OriginState, to: number): void {
  replica.pass(state, to)
  state.base = Math.max(state.base, to)
}

/** What an origin had before is not here: to whoever comes without having had it, it is gone. */
function beginBehind(replica: Replica, state: OriginState, to: number): void {
  if (to > 0) state.gone.add(1, to)
  replica.setBase(state, to)
}
