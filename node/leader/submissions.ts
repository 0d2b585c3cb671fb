// What this node's publishers have brought for one stream in leader mode, until the group has it in its order. Batches are numbered when
// they come, so they go to the leader in this order, and all again to the next one; the group takes each once.

import { Arena } from '../core/common/arena.ts'
import { Deque } from '../core/common/deque.ts'
import type { Boot, NodeId } from '../core/common/ids.ts'
import { hold, letGo, type SlabPool } from '../core/common/slabs.ts'

/** Where a publication was put. */
export interface Placed {
  readonly epoch: number
  readonly offset: number
  /** Of a named producer's, where it was not all new: then the place is that of the first one. */
  readonly parts?: readonly PlacedPart[]
}

/** Records of a named producer, in their order: with a place of their own, or copies of what is stored, or nobody knows that any more. */
export interface PlacedPart {
  readonly kind: 'new' | 'copy' | 'old'
  readonly records: number
  /** Both 0 where they are not known. */
  readonly epoch: number
  readonly offset: number
  /** Of copies: origin and sequence under which the first one is stored, where that is known. */
  readonly original?: { readonly boot?: Boot; readonly first?: number }
}

/** Hears what became of a batch: its place, or undefined where nobody knows yet whether it will have one. */
export type OnPlaced = (placed: Placed | undefined) => void

/** A batch that has no place. Its frame is held. */
export interface Submission {
  readonly frame: Uint8Array
  readonly to: number
  readonly at: number
  onPlaced: OnPlaced | undefined
  /** Whether it is to have copies, where it goes on in gossip mode. */
  readonly asksForCopies?: boolean | undefined
  /** What became of its beginning, where it was cut into parts. */
  parts?: readonly PlacedPart[]
}

/** Whose batches are submitted that were left over from another node's boot. */
export interface LeftOverOrigin {
  readonly node: NodeId
  readonly boot: Boot
  /** Name of the stream. */
  readonly stream: string
}

export class Submissions {
  readonly #arena: Arena
  /** Undefined for those of this node's publishers. */
  readonly origin: LeftOverOrigin | undefined
  #pending = new Deque<Submission>()
  /** Position of the first one that nobody was sent. */
  #unsent = 0
  /** Sequence of the next batch. */
  next: number
  bytes = 0
  /** Nobody waits for anything older any more. */
  #expired = 0
  #sentAgainAt = Number.NEGATIVE_INFINITY
  #heldBackUntil = Number.NEGATIVE_INFINITY

  /** `next`: what this node's boot numbers first on the stream. */
  constructor(next: number, slabs: SlabPool, origin?: LeftOverOrigin) {
    this.next = next
    this.origin = origin
    this.#arena = new Arena(slabs)
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** Takes a batch that was numbered with `next`. */
  add(
    frame: Uint8Array,
    count: number,
    now: number,
    onPlaced: OnPlaced | undefined,
    asksForCopies?: boolean,
  ): void {
    this.next += count
    this.#push({ frame: this.#arena.keep(frame), to: this.next - 1, at: now, onPlaced, asksForCopies })
  }

  /** What nobody was sent, in order, while there is room. From now on it counts as sent. */
  *unsent(hasRoom: () => boolean = () => true): Generator<Uint8Array> {
    this.#unsent = Math.max(this.#unsent, this.#pending.first)
    for (; this.#unsent < this.#pending.end && hasRoom(); this.#unsent++) {
      const submission = this.#pending.at(this.#unsent)
      if (submission === undefined) continue
      hold(submission.frame)
      yield submission.frame
      letGo(submission.frame)
    }
  }

  /** Puts batches where they belong among those that are here, by their numbers. They are copied. */
  merge(frames: readonly Uint8Array[], to: (frame: Uint8Array) => number, at: number): void {
    const others = this.takeAll()
    const added = frames.map((frame) => {
      return { frame: this.#arena.keep(frame), to: to(frame), at, onPlaced: undefined }
    })
    for (const submission of [...added, ...others].sort((left, right) => left.to - right.to)) {
      this.#push(submission)
      this.next = Math.max(this.next, submission.to + 1)
    }
    this.#expired = 0
  }

  #push(submission: Submission): void {
    this.bytes += submission.frame.length
    this.#pending.push(submission)
  }

  /** Nothing is to be sent before a time. */
  holdBack(until: number): void {
    this.#heldBackUntil = until
  }

  isHeldBack(now: number): boolean {
    return now < this.#heldBackUntil
  }

  /** Whether it was held back until now; says so once. */
  takeRelease(now: number): boolean {
    const isReleased = Number.isFinite(this.#heldBackUntil) && !this.isHeldBack(now)
    if (isReleased) this.#heldBackUntil = Number.NEGATIVE_INFINITY
    return isReleased
  }

  /** Another one leads, or what was sent may be lost: everything is to be sent again. */
  sendAgain(now: number): void {
    this.#unsent = this.#pending.first
    this.#sentAgainAt = now
  }

  /** Whether something has waited since a time, and was not sent again since then. */
  isOverdue(since: number): boolean {
    const oldest = this.#pending.peek()
    return oldest !== undefined && oldest.at < since && this.#sentAgainAt < since
  }

  /** The group has everything up to a sequence; `placed` is where the batch that ends there was put, if that is known. */
  onPlaced(to: number, placed: Placed | undefined): void {
    for (
      let first = this.#pending.peek();
      first !== undefined && first.to <= to;
      first = this.#pending.peek()
    ) {
      this.#pending.shift()
      this.bytes -= first.frame.length
      letGo(first.frame)
      // One before it has its place as well, in something that only a snapshot stood for here.
      first.onPlaced?.(first.to === to ? placed : undefined)
    }
  }

  /** The same of a named producer's batch, or of some records of one, up to a sequence. */
  onParts(to: number, parts: readonly PlacedPart[]): void {
    const first = this.#pending.peek()
    if (first === undefined) return
    const all = [...(first.parts ?? []), ...parts]
    const { epoch, offset } = all[0] ?? { epoch: 0, offset: 0 }
    if (to < first.to) {
      first.parts = all
      return
    }
    const isWholeAndNew = all.length === 1 && all[0]?.kind === 'new'
    this.onPlaced(to, isWholeAndNew ? { epoch, offset } : { epoch, offset, parts: all })
  }

  /** Takes everything that has no place out, in order: it goes another way. */
  takeAll(): readonly Submission[] {
    const all: Submission[] = []
    for (let first = this.#pending.shift(); first !== undefined; first = this.#pending.shift())
      all.push(first)
    this.bytes = 0
    return all
  }

  /** Tells whoever waits for a batch that came before a time that nobody knows. The batch itself is still sent. */
  expire(before: number): void {
    for (let at = Math.max(this.#expired, this.#pending.first); at < this.#pending.end; at++) {
      const submission = this.#pending.at(at)
      if (submission === undefined || submission.at >= before) return
      this.#expired = at + 1
      const { onPlaced } = submission
      submission.onPlaced = undefined
      onPlaced?.(undefined)
    }
  }
}
