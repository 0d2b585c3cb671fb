// Reads that see everything committed before them, without writing to the log (thesis §6.4): the leader notes its commit index
// and answers when a majority has answered a heartbeat that was sent afterwards, so that it was still the leader. Reads that
// come while a round is under way wait for the next one; a round's number is never used again.

import type { MemberId } from './quorum.ts'

/** A read that somebody asked for. */
export interface PendingRead {
  readonly from: MemberId
  readonly request: number
}

/** Reads that can be answered. */
export interface ConfirmedReads {
  readonly index: number
  readonly reads: readonly PendingRead[]
}

export class ReadRounds {
  /** Reads of the round that is under way, and the commit index when it began. */
  #asked: ConfirmedReads | undefined
  #round = 0
  readonly #acknowledged = new Set<MemberId>()
  /** Reads that came since. */
  #waiting: PendingRead[] = []

  /** The round that heartbeats carry; 0 while none is under way. */
  get current(): number {
    return this.#asked === undefined ? 0 : this.#round
  }

  add(read: PendingRead): void {
    this.#waiting.push(read)
  }

  /** Begins a round with everything that waits, unless one is under way or nothing waits; true if heartbeats are to be sent. */
  begin(commit: number): boolean {
    if (this.#asked !== undefined || this.#waiting.length === 0) return false
    this.#asked = { index: commit, reads: this.#waiting }
    this.#waiting = []
    this.#round++
    this.#acknowledged.clear()
    return true
  }

  /** Reads that are not answered. */
  get count(): number {
    return this.#waiting.length + (this.#asked?.reads.length ?? 0)
  }

  /** Who has answered a heartbeat of the round that is under way. */
  get acknowledged(): ReadonlySet<MemberId> {
    return this.#acknowledged
  }

  /** A member has answered a heartbeat of a round. */
  acknowledge(id: MemberId, round: number): void {
    if (round === this.#round && this.#asked !== undefined) this.#acknowledged.add(id)
  }

  /** A majority has answered: ends the round. */
  confirm(): ConfirmedReads | undefined {
    const confirmed = this.#asked
    this.#asked = undefined
    return confirmed
  }

  /** Leadership is over: whoever asked asks again, elsewhere. The number of the last round stays used. */
  clear(): void {
    this.#asked = undefined
    this.#waiting = []
    this.#acknowledged.clear()
  }
}
