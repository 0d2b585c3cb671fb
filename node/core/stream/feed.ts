// One subscriber's way through one stream: what it gets next, and where it stands.
//
// A feed reads the node's delivery log and only keeps a position in it. An origin on which the feed stands before
// the log (resume from a cursor, "earliest", overtaken by retention) is replayed from its origin log until
// it has caught up, and what this node lacks is asked for meanwhile; the other origins go on. Whatever the node
// does, the delivery rule is applied once more here, against the feed's own vector.

import type { Boot, Origin } from '../common/ids.ts'
import type { Entry, GapMark } from './entry.ts'
import type { GapReason, OriginState, Replica } from './replica.ts'

/** What a feed hands out. An entry may begin below `from`: the subscriber has had that part. */
export type FeedItem =
  | { readonly kind: 'batch'; readonly state: OriginState; readonly entry: Entry; readonly from: number }
  | {
      readonly kind: 'gap'
      readonly state: OriginState
      readonly from: number
      readonly to: number
      readonly reason: GapReason
    }

/** Asks other nodes for sequences that this one does not hold; what nobody has becomes `absent`. */
export type Backfill = (state: OriginState, from: number, to: number) => void

/** Where a feed begins: the end of what the node has, or explicit last sequences by boot. */
export type FeedStart =
  | { readonly kind: 'now' }
  /** After these sequences; `others` says what holds for origins that are not named. */
  | { readonly kind: 'after'; readonly vector: ReadonlyMap<Boot, number>; readonly others: 'base' | 'zero' }

/** A subscriber's way through a stream, whatever its mode. */
export interface StreamFeed {
  readonly replica: Replica
  /** Last sequence handed out (or passed over) of each origin. */
  readonly vector: ReadonlyMap<Boot, number>
  /** Where the feed stands, by origin, also of origins that the replica has forgotten meanwhile. */
  positions(): Iterable<[Origin, number]>
  /** Bytes that wait in the delivery log for this feed. */
  readonly waitingBytes: number
  /** The node has learnt where its interest in an origin begins. */
  onBase(state: OriginState): void
  /** The next item; undefined when there is none now. */
  next(): FeedItem | undefined
  /** The last sequence passed of an origin. */
  passed(state: OriginState): number
}

/** Holes that a replay asks for at the same time. */
const holesAskedMax = 64

export class Feed implements StreamFeed {
  readonly replica: Replica
  readonly vector: Map<Boot, number> = new Map()
  /** Names of the origins in the vector that the replica knows, or knew. */
  readonly #names = new Map<Boot, Origin>()
  readonly #backfill: Backfill
  /** What holds for an origin that the vector does not name: the node's base, or everything from 1 on. */
  readonly #others: 'base' | 'zero'
  /** Position in the delivery log. */
  #position: number
  /** Origins that are read from their own logs until the feed has caught up with the node. */
  readonly #replaying = new Set<OriginState>()
  /** Those of them of which what comes next is gone: that is told before any message, for it may be of an epoch before. */
  #gapsFirst: OriginState[] = []
  /** For which next sequence of an origin other nodes were asked. */
  readonly #askedFrom = new WeakMap<OriginState, number>()

  constructor(replica: Replica, start: FeedStart, backfill: Backfill) {
    this.replica = replica
    this.#backfill = backfill
    this.#position = replica.delivered.end
    this.#others = start.kind === 'now' ? 'base' : start.others
    if (start.kind === 'after') for (const [boot, sequence] of start.vector) this.vector.set(boot, sequence)
    for (const state of replica.origins.values()) {
      if (state.position === undefined) continue
      // What is known to have been published lies before "now", also where this node still lacks it.
      this.#pass(state, start.kind === 'now' ? state.publishedTo : this.passed(state))
    }
    if (start.kind === 'after') this.#replayWhatIsBehind()
  }

  /** Where the feed stands, by origin, also of origins that the replica has forgotten meanwhile. */
  *positions(): Generator<[Origin, number]> {
    for (const [boot, origin] of this.#names) yield [origin, this.vector.get(boot) ?? 0]
  }

  /** Bytes that wait in the delivery log for this feed; what it replays does not count. */
  get waitingBytes(): number {
    const { delivered, entries, insertedBytes } = this.replica
    const item = delivered.at(this.#position)
    return typeof item === 'number' ? insertedBytes - entries.at(item).offset : 0
  }

  /** The node has learnt where its interest in an origin begins; the feed may want more of it than that. */
  onBase(state: OriginState): void {
    if (state.position === undefined) return
    this.#pass(state, this.passed(state))
    if (this.passed(state) < state.position) this.#replaying.add(state)
  }

  /** The next item; undefined when there is none now. */
  next(): FeedItem | undefined {
    for (let state = this.#gapsFirst.at(-1); state !== undefined; state = this.#gapsFirst.at(-1)) {
      const item = this.#isGone(state) && !this.#isForgotten(state) ? this.#nextOfReplay(state) : undefined
      if (item !== undefined && item !== 'waiting') return item
      this.#gapsFirst.pop()
    }
    for (const state of this.#replaying) {
      const item = this.#isForgotten(state) ? undefined : this.#nextOfReplay(state)
      if (item !== undefined && item !== 'waiting') return item
      if (item === undefined) this.#replaying.delete(state)
    }
    return this.#nextOfLog()
  }

  /** The last sequence passed of an origin. */
  passed(state: OriginState): number {
    const known = this.vector.get(state.boot)
    if (known !== undefined) return known
    return this.#others === 'zero' ? 0 : state.base
  }

  #replayWhatIsBehind(): void {
    for (const state of this.replica.origins.values()) this.onBase(state)
    this.#position = this.replica.delivered.end
    const behind = [...this.#replaying].reverse()
    this.#gapsFirst = behind.filter((state) => this.#isGone(state))
  }

  /** Whether what comes next of an origin is. */
  #isGone(state: OriginState): boolean {
    return state.gapAt(this.passed(state) + 1) !== undefined
  }

  #isForgotten(state: OriginState): boolean {
    return this.replica.origins.get(state.boot) !== state
  }

  #nextOfReplay(state: OriginState): FeedItem | 'waiting' | undefined {
    const next = this.passed(state) + 1
    const delivered = state.position ?? 0
    if (next > delivered) return undefined
    // What the node has delivered behind the end of an epoch, before it knew of that, comes in the next one to whoever was not there then.
    const goal = Math.min(delivered, state.limit)
    if (next > goal) return 'waiting'
    const entry = state.log.atOrAfter(next)
    if (entry !== undefined && entry.from <= next) return this.#hand(state, entry)
    const holeEnd = entry === undefined ? goal : Math.min(goal, entry.from - 1)
    let gap = state.gapAt(next)
    if (gap === undefined) {
      this.#askFor(state, next, holeEnd, goal)
      // The answer may be known at once: that nobody is left who could hold it.
      gap = state.gapAt(next)
      if (gap === undefined) return 'waiting'
    }
    return this.#handGap(state, Math.min(holeEnd, gap.to), gap.reason)
  }

  /** Asks for the first hole, and once for all behind it: each may have to be waited for. */
  #askFor(state: OriginState, next: number, holeEnd: number, goal: number): void {
    const isNew = this.#askedFrom.get(state) !== next
    this.#askedFrom.set(state, next)
    const holes = state.lacking(next, isNew ? goal : holeEnd).slice(0, holesAskedMax)
    for (const { from, to } of holes) this.#backfill(state, from, to)
  }

  #nextOfLog(): FeedItem | undefined {
    const { delivered: log, entries } = this.replica
    for (;;) {
      // Retention overtook this feed: it goes on with what there is, and the replay tells the gaps.
      if (this.#position < log.first) {
        this.#replayWhatIsBehind()
        if (this.#replaying.size > 0) return this.next()
      }
      const item = log.at(this.#position)
      if (item === undefined) return undefined
      this.#position++
      const found = typeof item === 'number' ? this.#passEntry(entries.at(item)) : this.#passMark(item)
      if (found !== undefined) return found
    }
  }

  #passMark(mark: GapMark): FeedItem | undefined {
    const state = this.replica.origins.get(mark.boot)
    if (state === undefined || this.#replaying.has(state) || mark.to <= this.passed(state)) return undefined
    // Since the mark was made somebody may have come into reach who holds it: then it is asked for again.
    const gap = state.gapAt(this.passed(state) + 1)
    const isTrue = gap !== undefined && gap.to >= mark.to
    return isTrue ? this.#handGap(state, mark.to, gap.reason) : this.#beginReplay(state)
  }

  #passEntry(entry: Entry): FeedItem | undefined {
    const state = this.replica.origins.get(entry.boot)
    if (state === undefined || this.#replaying.has(state)) return undefined
    const passed = this.passed(state)
    if (entry.to <= passed) return undefined
    if (entry.from <= passed + 1 && entry.isHeld) return this.#hand(state, entry)
    return this.#beginReplay(state)
  }

  #beginReplay(state: OriginState): FeedItem | undefined {
    this.#replaying.add(state)
    const item = this.#nextOfReplay(state)
    return item === 'waiting' ? undefined : item
  }

  #hand(state: OriginState, entry: Entry): FeedItem {
    const from = this.passed(state) + 1
    this.#pass(state, entry.to)
    return { kind: 'batch', state, entry, from }
  }

  #handGap(state: OriginState, to: number, reason: GapReason): FeedItem | undefined {
    const passed = this.passed(state)
    if (to <= passed) return undefined
    this.#pass(state, to)
    return { kind: 'gap', state, from: passed + 1, to, reason }
  }

  #pass(state: OriginState, sequence: number): void {
    this.vector.set(state.boot, sequence)
    this.#names.set(state.boot, state.origin)
  }
}

/** Whether a feed has handed out everything up to last sequences by boot. */
export function hasPassed(
  { replica, vector }: Pick<StreamFeed, 'replica' | 'vector'>,
  fence: ReadonlyMap<Boot, number>,
): boolean {
  for (const [boot, to] of fence) {
    const state = replica.origins.get(boot)
    const passed = vector.get(boot) ?? state?.base ?? 0
    if (passed < to) return false
  }
  return true
}
