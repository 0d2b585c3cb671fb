// What a node holds behind the fences of epochs that have ended: messages of nodes that were not heard when an epoch ended, and may be gone
// for good. They belong to a later epoch (docs/switching.md): it is given to whoever gives places, or to the replica of that epoch here, from
// which the others get it. All who hold something do so, in sequence; each message is taken once. What nobody holds any more of a node that is
// gone is passed by.

import type { GossipInput } from '../core/gossip/input.ts'
import type { Entry } from '../core/stream/entry.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { LeftOver } from '../leader/epoch-host.ts'
import { batchCount, batchSequence, lastingFlags, numberBatch } from '../wire/batch-header.ts'
import { batchFrom } from '../wire/batch-producer.ts'
import { encodeGap } from '../wire/gap-batch.ts'
import { Holes, type HolesHost } from './holes.ts'
import { leftOver } from './sealed-epoch.ts'

/** Bytes of one stream that are copied at a time. */
const bytesMax = 16 * 1024 * 1024

export interface RescueHost extends HolesHost {
  readonly leader: { readonly desk: { saveLeftOver(name: string, rest: readonly LeftOver[]): void } }
  readonly allocate: (bytes: number) => Uint8Array
  handle(input: GossipInput): void
}

export class Rescue {
  readonly #host: RescueHost
  /** Into which epoch in leader mode what is left over of an origin was submitted, and up to where. */
  readonly #submitted = new WeakMap<OriginState, { readonly into: Replica; readonly to: number }>()
  /** The first sequence of an origin that was not adopted into one of its epochs. */
  readonly #adopted = new WeakMap<OriginState, number>()
  readonly #holes: Holes
  #bytesLeft = 0

  constructor(host: RescueHost) {
    this.#host = host
    this.#holes = new Holes(host)
  }

  /** Takes what is left over of all epochs of a stream, oldest first, into those that follow. */
  run(chain: readonly Replica[]): void {
    this.#bytesLeft = bytesMax
    this.#holes.look()
    for (const [at, replica] of chain.slice(0, -1).entries()) {
      if (replica.definition.mode === 'leader') continue
      for (const state of replica.origins.values()) {
        // This node's own messages have gone on as soon as the epoch ended.
        const isLeft = state.boot !== this.#host.boot && (state.log.last?.to ?? 0) > state.limit
        if (isLeft) this.#save(state, chain.slice(at + 1))
      }
    }
  }

  #save(state: OriginState, later: readonly Replica[]): void {
    let from = state.limit + 1
    for (const replica of later) {
      const { definition, fence } = replica
      const to = fence === undefined ? Number.POSITIVE_INFINITY : (fence.get(state.boot) ?? 0)
      if (definition.mode === 'gossip') this.#adopt(state, replica, from, to)
      else if (fence === undefined) this.#submit(state, replica, from)
      from = Math.max(from, to + 1)
    }
  }

  /**
   * Into an epoch in gossip mode: what follows without a hole, since whoever asked others for the hole might ask too early. Where nobody holds
   * what is in it, the epoch's own rule for gaps says so.
   */
  #adopt(state: OriginState, replica: Replica, from: number, to: number): void {
    const { log, node, boot } = state
    const into = replica.originState(node, boot, this.#host.now())
    let next = Math.max(from, this.#adopted.get(into) ?? 0)
    while (next <= to) {
      const there = into.log.atOrAfter(next)
      const passed =
        into.gapAt(next)?.to ?? (there !== undefined && there.from <= next ? there.to : undefined)
      const entry = passed === undefined ? log.atOrAfter(next) : undefined
      if (entry !== undefined) {
        if (this.#bytesLeft <= 0) break
        if (entry.from > next && !this.#holes.isGivenUp(state, replica, next)) break
        this.#adoptEntry(entry, replica, into, Math.max(entry.from, next))
        // There may be no room for it now.
        if (into.log.missing(entry.to, entry.to).length > 0) break
      }
      const end = passed ?? entry?.to
      if (end === undefined) break
      next = end + 1
    }
    this.#adopted.set(into, next)
  }

  #adoptEntry({ frame }: Entry, replica: Replica, into: OriginState, from: number): void {
    if (frame === undefined) return
    const rest = batchFrom(frame, from, this.#host.allocate)
    const copy = this.#host.allocate(rest.length)
    copy.set(rest)
    numberBatch(copy, replica.id, into.boot, batchSequence(rest), lastingFlags(rest))
    this.#bytesLeft -= copy.length
    const batch = { frame: copy, from: batchSequence(copy), count: batchCount(copy), confirm: false }
    this.#host.handle({ kind: 'adopt', replica, state: into, batch })
  }

  /** To whoever gives places in the present epoch, once: from then on it is sent until it has one. */
  #submit(state: OriginState, replica: Replica, behind: number): void {
    const { node, boot } = state
    const position = replica.origins.get(boot)?.position ?? 0
    const submitted = this.#submitted.get(state)
    const done = submitted?.into === replica ? submitted.to : 0
    const from = Math.max(behind, position + 1, done + 1)
    const frames = this.#behindHole(state, replica, from)
    frames.push(...leftOver(replica, state, endOf(frames) ?? from, this.#bytesLeft))
    if (frames.length === 0) return
    for (const { length } of frames) this.#bytesLeft -= length
    this.#submitted.set(state, { into: replica, to: (endOf(frames) ?? from) - 1 })
    this.#host.leader.desk.saveLeftOver(replica.name, [{ node, boot, from, frames }])
  }

  /** Gaps that stand for a hole which has been given up. */
  #behindHole(state: OriginState, replica: Replica, from: number): Uint8Array[] {
    const entry = state.log.atOrAfter(from)
    if (entry === undefined || entry.from <= from || !this.#holes.isGivenUp(state, replica, from)) return []
    return encodeGap({ stream: replica.stream, boot: state.boot, from, to: entry.from - 1 })
  }
}

/** The sequence behind the last batch. */
function endOf(frames: readonly Uint8Array[]): number | undefined {
  const last = frames.at(-1)
  return last && batchSequence(last) + batchCount(last)
}
