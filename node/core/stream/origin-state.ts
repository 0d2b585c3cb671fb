// What a node knows of one origin on one stream: what it holds, what is gone, and how far its subscribers are.

import { Arena } from '../common/arena.ts'
import { type Boot, type NodeId, type Origin, toOrigin } from '../common/ids.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Entry } from './entry.ts'
import { EntryTable } from './entry-table.ts'
import { OriginLog } from './origin-log.ts'
import { type SequenceRange, SequenceRanges } from './sequence-ranges.ts'

/** Why messages will not come: `retention` has dropped them, or they are `lost` with the nodes that had them. */
export type GapReason = 'retention' | 'lost'

export class OriginState {
  readonly node: NodeId
  readonly boot: Boot
  readonly origin: Origin
  readonly log: OriginLog
  /** Where the frames of the log stand. */
  readonly arena: Arena
  /** What retention dropped here: it is not asked for again. */
  readonly gone: SequenceRanges = new SequenceRanges()
  /** What nobody in reach holds. Somebody who comes into reach may, so it is forgotten then. */
  absent: SequenceRanges = new SequenceRanges()
  /** Of what is absent, what was declared so while its origin was out of reach; the rest its origin has dropped. */
  lost: SequenceRanges = new SequenceRanges()
  /** What was declared absent once: for it no member out of reach is waited for again. */
  readonly waited: SequenceRanges = new SequenceRanges()
  /** Last sequence in the delivery log, or the base while nothing was delivered; undefined while no base is known. */
  position: number | undefined = undefined
  /** Sequence after which this node's interest in the origin began. */
  base = 0
  /** Highest sequence that was ever held here or declared absent; for the node's own origin, the last one numbered. */
  last = 0
  /** Highest sequence that was ever held here: what others hear of, so that hearsay ends with those who saw it. */
  heldTo = 0
  /** Highest sequence that somebody said was published. */
  toldTo = 0
  /** Nothing behind this is delivered: the epoch of the replica ends there. */
  limit: number = Number.POSITIVE_INFINITY
  /** When the origin was last heard of, milliseconds: a new entry, or its first mention. */
  lastHeard: number
  readonly #checkpoints = new Checkpoints()

  constructor(
    node: NodeId,
    boot: Boot,
    now: number,
    entries: EntryTable = new EntryTable(),
    arena: Arena = new Arena(),
  ) {
    this.node = node
    this.boot = boot
    this.origin = toOrigin(node, boot)
    this.lastHeard = now
    this.log = new OriginLog(entries, boot)
    this.arena = arena
  }

  /** Highest sequence that is known to have been published. */
  get publishedTo(): number {
    return Math.max(this.position ?? 0, this.last, this.toldTo)
  }

  /** Highest sequence that is gone or absent; 0 if none is. */
  get goneTo(): number {
    return Math.max(this.gone.last, this.absent.last)
  }

  /** Whether a sequence was given up on: nobody asks for it now. */
  isGivenUp(sequence: number): boolean {
    return this.gone.has(sequence) || this.absent.has(sequence)
  }

  /** The gap that begins at a sequence, as far as one reason reaches; undefined if that sequence was not given up on. */
  gapAt(sequence: number): { readonly to: number; readonly reason: GapReason } | undefined {
    let gap: { readonly to: number; readonly reason: GapReason } | undefined
    for (;;) {
      const part = this.#gapPartAt(gap === undefined ? sequence : gap.to + 1)
      if (part === undefined || (gap !== undefined && part.reason !== gap.reason)) return gap
      gap = part
    }
  }

  #gapPartAt(sequence: number): { readonly to: number; readonly reason: GapReason } | undefined {
    const goneTo = this.gone.endAt(sequence)
    if (goneTo !== undefined) return { to: goneTo, reason: 'retention' }
    const absentTo = this.absent.endAt(sequence)
    if (absentTo === undefined) return undefined
    const lostTo = this.lost.endAt(sequence)
    if (lostTo !== undefined) return { to: Math.min(absentTo, lostTo), reason: 'lost' }
    const [dropped] = this.lost.without({ from: sequence, to: absentTo })
    return { to: dropped?.to ?? absentTo, reason: 'retention' }
  }

  /**
   * A sequence that the origin had surely published before a time: the highest one that was here by then. 0 if
   * nothing is known to have been here.
   */
  lastBefore(time: number): number {
    // What has left may lie behind what is held: of the own origin, numbers that are gone to all.
    return Math.max(this.log.lastBefore(time, 0), this.#checkpoints.lastBefore(time))
  }

  /** Retention has dropped an entry, which has left the log. */
  onDropped(entry: Entry): void {
    this.gone.add(entry.from, entry.to)
    this.#checkpoints.add(entry.at, entry.to)
  }

  /** Somebody has come into reach who may hold what is absent. */
  forgetAbsent(): void {
    this.absent = new SequenceRanges()
    this.lost = new SequenceRanges()
  }

  /** Everything up to a sequence belongs to an earlier epoch of the stream: what is numbered here follows it. */
  beginBehind(sequence: number): void {
    this.last = Math.max(this.last, sequence)
    this.closeChapter()
  }

  /** Of the node's own origin: everything up to a sequence is numbered by now, and gone to whoever is owed it. */
  passGone(to: number, now: number): void {
    this.gone.add(this.last + 1, to)
    this.#checkpoints.add(now, to)
    this.last = Math.max(this.last, to)
  }

  /** Everything up to now belongs to a stream that was deleted: nobody will be told of it. */
  closeChapter(): void {
    if (this.last > 0) this.gone.add(1, this.last)
    this.#checkpoints.reset(this.last)
  }

  /** Parts of from..to that must come from elsewhere: not held, and not given up on. */
  lacking(from: number, to: number): SequenceRange[] {
    // What lies ahead is lacking even if it was here before: it has not been delivered.
    const ahead = (this.position ?? 0) + 1
    return this.log.missing(from, to).flatMap((hole) => {
      if (hole.from >= ahead) return [hole]
      const dropped = this.gone.without({ from: hole.from, to: Math.min(hole.to, ahead - 1) })
      const behind = dropped.flatMap((range) => this.absent.without(range))
      return hole.to < ahead ? behind : joined([...behind, { from: ahead, to: hole.to }])
    })
  }
}

/** Joins the last two ranges if they touch. */
function joined(ranges: SequenceRange[]): SequenceRange[] {
  const last = ranges[ranges.length - 1]
  const before = ranges[ranges.length - 2]
  if (last === undefined || before === undefined || before.to + 1 !== last.from) return ranges
  return [...ranges.slice(0, -2), { from: before.from, to: last.to }]
}
