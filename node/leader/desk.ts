// Where batches wait for their place: those of this node's publishers, and those that were left over when an epoch in gossip mode ended. They go
// to whoever gives places, again to the next one, and again when nothing was heard; the group takes each once.

import { type Boot, type NodeId, type StreamId, toOrigin, toStreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchFlag,
  batchOffset,
  batchPlace,
  batchSequence,
  batchStream,
} from '../wire/batch-header.ts'
import { isNamed } from '../wire/batch-producer.ts'
import { encodeGap, isGap } from '../wire/gap-batch.ts'
import { encodeControl } from './control.ts'
import type { LeftOver } from './epoch-host.ts'
import type { Ledger } from './ledger.ts'
import type { LeaderLimits } from './limits.ts'
import type { Numbering } from './numbering.ts'
import type { LeaderPorts } from './ports.ts'
import { partsOf } from './producer-batches.ts'
import { SubmissionTable } from './submission-table.ts'
import type { LeftOverOrigin, OnPlaced, Submission, Submissions } from './submissions.ts'

/** Who gives places on a stream: this node, or another one. */
export type Route =
  | {
      readonly kind: 'here'
      readonly numbering: Numbering
      readonly ledger: Ledger
      /** Of a stream that may begin in leader mode. */
      readonly definition: StreamDefinition | undefined
    }
  | { readonly kind: 'node'; readonly node: NodeId }

export interface DeskOptions {
  readonly node: NodeId
  readonly boot: Boot
  readonly slabs: SlabPool
  readonly timeoutMs: number
  readonly limits: LeaderLimits
  readonly ports: Pick<LeaderPorts, 'now' | 'allocate' | 'sendFrame' | 'queuedBytes'>
  /** Who gives places; undefined while nobody is known to. */
  readonly routeOf: (stream: StreamId) => Route | undefined
}

export class SubmissionDesk {
  readonly #options: DeskOptions
  readonly #table: SubmissionTable
  /** Numbers that this node has given on streams that were removed, and the groups may not have. */
  readonly #usedUp = new Map<StreamId, { readonly from: number; readonly to: number }>()

  constructor(options: DeskOptions) {
    this.#options = options
    this.#table = new SubmissionTable(options.slabs)
  }

  /** Those of this node's publishers on a stream, which number from 1 on where nothing else was said. */
  own(stream: StreamId, next: number = 1): Submissions {
    const { boot, ports } = this.#options
    const own = this.#table.open(stream, boot, next)
    const used = this.#usedUp.get(stream)
    if (used === undefined) return own
    this.#usedUp.delete(stream)
    if (used.to >= own.next) own.merge(encodeGap({ stream, boot, ...used }), lastOf, ports.now())
    return own
  }

  waitingBytes(stream: StreamId): number {
    return this.#table.find(stream, this.#options.boot)?.bytes ?? 0
  }

  /** Takes a batch of this node's publishers that was numbered next. */
  add(stream: StreamId, frame: Uint8Array, onPlaced: OnPlaced | undefined, asksForCopies?: boolean): void {
    const now = this.#options.ports.now()
    this.own(stream).add(frame, batchCount(frame), now, onPlaced, asksForCopies)
    this.#submit(stream)
  }

  /** What is left over of an epoch goes before what has come since, and behind what was left over before. */
  addLeftOver(name: string, leftOver: readonly LeftOver[]): void {
    for (const { node, boot, from, frames } of leftOver) {
      const origin = boot === this.#options.boot ? undefined : { node, boot, stream: name }
      const submissions = this.#table.open(toStreamId(name), boot, from, origin)
      const now = this.#options.ports.now()
      submissions.merge(frames, lastOf, now)
      if (frames.some(isGap)) submissions.holdBack(now + this.#options.limits.gapWaitsMs)
    }
  }

  /** The same of what this node has copies of, at any time. */
  saveLeftOver(name: string, leftOver: readonly LeftOver[]): void {
    this.addLeftOver(name, leftOver)
    this.goOn(toStreamId(name))
  }

  /** Everything of this node's publishers that has no place, in order: it goes another way. The rest is forgotten. */
  takeAll(stream: StreamId): readonly Submission[] {
    const pending = this.#table.find(stream, this.#options.boot)?.takeAll() ?? []
    this.#table.forget(stream)
    return pending
  }

  /**
   * Forgets what waits on a stream that was removed: whoever waits hears that nobody knows. This node's numbers are used up, in any mode up to `used`,
   * and a group takes none without those before: where it has them up to `last`, gaps go there for the rest when this node publishes again.
   */
  forget(stream: StreamId, last: number, used: number): void {
    const own = this.#table.find(stream, this.#options.boot)
    const to = Math.max((own?.next ?? 1) - 1, used, this.#usedUp.get(stream)?.to ?? 0)
    if (last < to) this.#usedUp.set(stream, { from: last + 1, to })
    this.#table.forget(stream)
  }

  /** The last number that is used up by a stream that was removed, for whoever goes on behind it in gossip mode; 0 where none is. Says so once. */
  takeUsedUp(stream: StreamId): number {
    const to = this.#usedUp.get(stream)?.to ?? 0
    this.#usedUp.delete(stream)
    return to
  }

  /** A batch has its place, or needs none: whoever waits for it hears of that. `ledger`: with the batch. */
  onPlaced(frame: Uint8Array, ledger: Ledger): void {
    if (isNamed(frame)) return this.#onNamed(frame, ledger)
    const placed = { epoch: batchEpoch(frame), offset: batchPlace(frame) }
    this.#table.find(batchStream(frame), batchBoot(frame))?.onPlaced(lastOf(frame), placed)
  }

  #onNamed(frame: Uint8Array, { producers }: Ledger): void {
    const submissions = this.#table.find(batchStream(frame), batchBoot(frame))
    submissions?.onParts(lastOf(frame), partsOf(frame, producers))
  }

  /** A floor stands for what was before it: what of that waited has its place, which nobody here knows. */
  onRestored({ streams }: Ledger): void {
    for (const [stream, { sequences }] of streams)
      for (const [boot, submissions] of this.#table.of(stream))
        submissions.onPlaced(sequences.get(boot) ?? 0, undefined)
  }

  /** Something of a stream was not sent yet, or links take more again. */
  goOn(stream?: StreamId): void {
    for (const each of stream === undefined ? this.#table.streams : [stream]) this.#submit(each)
  }

  /** Sends everything of some streams again. */
  sendAgain(isMeant: (stream: StreamId) => boolean): void {
    for (const stream of this.#table.streams) {
      if (!isMeant(stream)) continue
      for (const [, submissions] of this.#table.of(stream)) submissions.sendAgain(this.#options.ports.now())
      this.#submit(stream)
    }
  }

  /** Whoever waited too long hears that nobody knows; and what may have been lost without a word is sent again. */
  tick(): void {
    const now = this.#options.ports.now()
    for (const stream of this.#table.streams) {
      let isOverdue = false
      for (const [, submissions] of this.#table.of(stream)) {
        submissions.expire(now - this.#options.timeoutMs)
        if (submissions.takeRelease(now)) isOverdue = true
        if (!submissions.isOverdue(now - this.#options.limits.sendsAgainMs)) continue
        submissions.sendAgain(now)
        isOverdue = true
      }
      if (isOverdue) this.#submit(stream)
    }
  }

  /** Sends what was not sent to whoever gives places, if that is known. */
  #submit(stream: StreamId): void {
    const route = this.#options.routeOf(stream)
    if (route === undefined) return
    const now = this.#options.ports.now()
    for (const [boot, submissions] of this.#table.of(stream)) {
      if (submissions.isHeldBack(now)) continue
      if (route.kind === 'here') this.#number(boot, submissions, route)
      else this.#send(route.node, submissions)
    }
  }

  /** Gives places here. The frames may wait on a link from before, so those that are written to are copies. */
  #number(
    boot: Boot,
    submissions: Submissions,
    { numbering, ledger, definition }: Route & { kind: 'here' },
  ): void {
    const node = ledger.nodes.get(boot) ?? submissions.origin?.node ?? this.#options.node
    for (const frame of submissions.unsent()) {
      const copy = this.#options.ports.allocate(frame.length)
      copy.set(frame)
      numbering.submit(node, copy, definition)
    }
  }

  #send(node: NodeId, submissions: Submissions): void {
    const { queuedBytes, sendFrame } = this.#options.ports
    const hasRoom = (): boolean =>
      (queuedBytes(node) ?? Number.POSITIVE_INFINITY) < this.#options.limits.linkBytesMax
    let { origin } = submissions
    for (const frame of submissions.unsent(hasRoom)) {
      if (origin !== undefined) sendFrame(node, encodeOrigin(origin))
      origin = undefined
      frame[batchOffset.flags] = (frame[batchOffset.flags] as number) | batchFlag.submitted
      sendFrame(node, frame)
    }
  }
}

/** Said before what is left over of a boot that whoever gives places may not know. */
function encodeOrigin({ node, boot, stream }: LeftOverOrigin): Uint8Array {
  return encodeControl({ op: 'origin', stream, origin: toOrigin(node, boot) })
}

/** Sequence of the last record. */
function lastOf(frame: Uint8Array): number {
  return batchSequence(frame) + batchCount(frame) - 1
}
