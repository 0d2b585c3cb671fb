// What one subscription was given, per origin, folded from the lines of its node's journal in their order.
//
// Order and repetition are judged here, while the lines pass; what should have come is judged later, when the
// journals of the origins are known as well (verdict.ts).

import type { JournalEvent } from './journal-event.ts'
import { mapEntry } from './map-entry.ts'
import { SequenceSet } from './sequence-set.ts'
import type { PassedLine } from './subscription-event.ts'
import { TimedRuns } from './timed-runs.ts'

/** A place in a node's journal where lines are missing. */
export interface JournalHole {
  kind: 'damaged' | 'torn' | 'crash'
  /**
   * `at` of the first line after it, by the node's clock: what was sent later cannot have been in the hole. Undefined
   * until that line comes.
   */
  endedAt: number | undefined
}

/** Sequences that may have been delivered by lines that are missing. */
export interface UncertainRange {
  readonly from: number
  /** May be Infinity. */
  readonly to: number
  /** Only what was sent until then is uncertain; undefined means all of the range. By the subscriber's clock. */
  readonly sentUntil: number | undefined
  readonly kind: JournalHole['kind']
}

/** How a subscription came to an end; a subscription that goes on has none. */
export type Closing =
  | { readonly how: 'end'; readonly passed: ReadonlyMap<string, number> }
  | { readonly how: 'stop' | 'lost' | 'crash' | 'removal'; readonly at: number }

const stateAfter = {
  end: 'ended',
  stop: 'stopped',
  removal: 'stopped',
  lost: 'broken',
  crash: 'broken',
} as const satisfies Record<Closing['how'], string>

/** What came from one origin. */
export class OriginDelivery {
  /** The subscription starts after this sequence; undefined when no line said so, which means 0. */
  base: number | undefined
  readonly delivered: SequenceSet = new SequenceSet()
  /** Delivered more than once. */
  readonly duplicated: SequenceSet = new SequenceSet()
  /** Deliveries beyond the first one, over all sequences. */
  extraDeliveries = 0
  /** Delivered for the first time after a higher one, or after the subscriber was told that it will not come. */
  readonly outOfOrder: SequenceSet = new SequenceSet()
  /** Delivered although the subscription had ended. */
  readonly afterEnd: SequenceSet = new SequenceSet()
  /** What the subscriber was told not to wait for, with the reasons given. */
  readonly gaps: SequenceSet = new SequenceSet()
  readonly gapReasons: Set<string> = new Set()
  /** When the sequences were delivered, or told as gaps. */
  readonly times: TimedRuns = new TimedRuns()
  readonly uncertain: UncertainRange[] = []
  /** The highest sequence that was delivered or told as a gap. */
  position = 0
  /** Holes of the journal before the last line about this origin; later ones are still open. */
  holesSeen: number

  constructor(holesSeen: number) {
    this.holesSeen = holesSeen
  }

  deliver(from: number, to: number, hasEnded: boolean): void {
    const run = SequenceSet.range(from, to)
    // Nearly every run lies above all before it; only the others need the sets.
    if (from <= this.position) {
      const repeated = run.intersect(this.delivered)
      this.duplicated.addAll(repeated)
      this.extraDeliveries += repeated.count
      this.outOfOrder.addAll(run.within(from, this.position).subtract(this.delivered))
    }
    if (hasEnded) this.afterEnd.addAll(run)
    this.delivered.add(from, to)
    this.position = Math.max(this.position, to)
  }

  tellGap(from: number, to: number, reason: string, at: number): void {
    this.gaps.add(from, to)
    this.times.add(from, to, at, at)
    this.gapReasons.add(reason)
    this.position = Math.max(this.position, to)
  }

  /**
   * A line about this origin stands after holes of the journal: what lies between is uncertain. `isExact` when the line
   * says where the subscription stood after the hole, so that the time of sending need not be asked.
   */
  closeHoles(next: number, holes: readonly JournalHole[], isExact: boolean): void {
    const open = this.openHole(holes, isExact)
    this.holesSeen = holes.length
    if (open !== undefined && next - 1 > this.position) {
      this.uncertain.push({ ...open, from: this.position + 1, to: next - 1 })
    }
  }

  /**
   * What may hide in the holes after the last line about this origin, everything above `position`; unless it is `always`, only what was
   * sent before the last hole's end.
   */
  openHole(holes: readonly JournalHole[], always: boolean): UncertainRange | undefined {
    const open = holes.slice(this.holesSeen)
    const last = open.at(-1)
    if (last === undefined) return undefined
    const hasBound = !always && open.every((hole) => hole.endedAt !== undefined)
    return {
      from: this.position + 1,
      to: Number.POSITIVE_INFINITY,
      sentUntil: hasBound ? last.endedAt : undefined,
      kind: last.kind,
    }
  }
}

/** One subscription on one stream. */
export class SubscriptionRecord {
  readonly sub: string
  readonly stream: string
  /** Undefined until a `sub` line says it; then the journal before it is cut off or damaged. */
  announced: (JournalEvent & { readonly t: 'sub' }) | undefined
  /** When the first `sub` line was written. */
  beganAt: number | undefined
  /** When the subscription was made; undefined when it goes on from a cursor, or when its node does not write it. */
  since: number | undefined
  closing: Closing | undefined
  /** True once a `lost` line was seen: the client may lack what was delivered last. */
  isBroken = false
  /** True when deliveries stand before the first `sub` line, or it was made before its boot: where it started is not known. */
  isHeadless = false
  /** True from the second `sub` line on: `base` lines then say where it stood, not where it starts. */
  isResumed = false
  readonly origins: Map<string, OriginDelivery> = new Map()
  /** Of a member of a queue: its slots, and how far they are handed out, by origin. */
  slots: readonly number[] = []
  passed: ReadonlyMap<string, number> = new Map()
  /** Holes of the journal before this subscription; they do not concern it. */
  readonly #holesBefore: number
  /** Holes of the journal before the last line about this subscription. */
  holesSeen: number

  constructor(sub: string, stream: string, holesBefore: number) {
    this.sub = sub
    this.stream = stream
    this.#holesBefore = holesBefore
    this.holesSeen = holesBefore
  }

  origin(origin: string): OriginDelivery {
    return mapEntry(this.origins, origin, () => this.unheardOrigin())
  }

  /** Stands for an origin that no line of the subscription names. */
  unheardOrigin(): OriginDelivery {
    return new OriginDelivery(this.#holesBefore)
  }

  /** Whether its last line may be in a hole: nobody can say how long it went on. A node's own goes on for ever. */
  mayHaveEnded(holes: readonly JournalHole[]): boolean {
    return this.holesSeen < holes.length && this.announced?.kind !== 'node'
  }

  /** `bootAt`: when its node began to run. */
  announce(event: JournalEvent & { readonly t: 'sub' }, bootAt: number | undefined): void {
    this.isResumed = this.announced !== undefined
    const isOlder = event.since !== undefined && bootAt !== undefined && event.since < bootAt
    if (!this.isResumed && (this.origins.size > 0 || isOlder)) this.isHeadless = true
    this.announced = event
    this.beganAt ??= event.at
    this.since ??= event.since
    this.closing = undefined
  }

  onBase(event: JournalEvent & { readonly t: 'base' }, holes: readonly JournalHole[]): void {
    const isFirst = !this.origins.has(event.origin)
    const delivery = this.origin(event.origin)
    delivery.closeHoles(event.seq + 1, holes, true)
    if (isFirst && !this.isResumed) delivery.base = event.seq
  }

  onGot(event: JournalEvent & { readonly t: 'got' }, holes: readonly JournalHole[]): void {
    const delivery = this.origin(event.origin)
    if (delivery.holesSeen < holes.length) delivery.closeHoles(event.from, holes, false)
    const hasEnded = this.closing?.how === 'end'
    for (const [from, to] of event.ranges) delivery.deliver(from, to, hasEnded)
    delivery.times.add(event.from, event.to, event.first, event.last)
  }

  onGap(event: JournalEvent & { readonly t: 'gap' }, holes: readonly JournalHole[]): void {
    const delivery = this.origin(event.origin)
    if (delivery.holesSeen < holes.length) delivery.closeHoles(event.from, holes, false)
    delivery.tellGap(event.from, event.to, event.reason, event.at)
  }

  /** What became of it, as reports have it. */
  get state(): 'open' | 'ended' | 'stopped' | 'broken' {
    if (this.isBroken) return 'broken'
    return this.closing === undefined ? 'open' : stateAfter[this.closing.how]
  }

  onPassed({ slots, seqs }: PassedLine): void {
    this.slots = slots
    this.passed = new Map(seqs)
  }

  onLost(at: number): void {
    this.isBroken = true
    if (this.closing === undefined) this.closing = { how: 'lost', at }
  }
}
