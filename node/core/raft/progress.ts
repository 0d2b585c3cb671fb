// What a leader knows of one member: how far its log is known to match, what is sent next, and how fast.
//
// A member is probed, one append at a time, until it has accepted one; then entries are sent ahead of its answers; one that lacks what
// the leader has compacted gets a snapshot, and nothing else meanwhile (etcd's design.md has the same three states).

import { type FlowLimits, Inflights } from './inflights.ts'

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export class Progress {
  state: ProgressState = 'probe'
  /** Highest index that is known to be durable there and equal to the leader's. */
  match = 0
  /** Index of the next entry to send. */
  next: number
  /** A learner gets everything and counts for nothing. */
  isLearner: boolean
  /** Heard of since the last check of the quorum. */
  isActive: boolean
  /** Nothing is sent until an answer or a heartbeat's answer comes. */
  isFlowPaused = false
  /** Index of the snapshot that is under way; 0 if none is. */
  pendingSnapshot = 0
  readonly inflights: Inflights
  /** Highest commit index that was sent there. */
  #sentCommit = 0

  constructor(next: number, isLearner: boolean, isActive: boolean, limits: FlowLimits) {
    this.next = next
    this.isLearner = isLearner
    this.isActive = isActive
    this.inflights = new Inflights(limits)
  }

  get isPaused(): boolean {
    return this.state === 'snapshot' || this.isFlowPaused
  }

  becomeProbe(): void {
    // Where a snapshot was sent, probing begins behind it.
    const behindSnapshot = this.state === 'snapshot' ? this.pendingSnapshot + 1 : 0
    this.#enter('probe')
    this.next = Math.max(this.match + 1, behindSnapshot)
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1)
  }

  becomeReplicate(): void {
    this.#enter('replicate')
    this.next = this.match + 1
  }

  becomeSnapshot(index: number): void {
    this.#enter('snapshot')
    this.pendingSnapshot = index
    this.next = index + 1
    this.#sentCommit = index
  }

  /** An append with so many entries, 0 or more, was sent. */
  sentEntries(count: number, bytes: number): void {
    if (this.state === 'replicate') {
      if (count > 0) {
        this.next += count
        this.inflights.add(this.next - 1, bytes)
      }
      this.isFlowPaused = this.inflights.isFull
    } else if (count > 0) this.isFlowPaused = true
  }

  sentCommit(commit: number): void {
    this.#sentCommit = commit
  }

  /** Whether sending this commit index would let the member commit more: it was not sent, and entries for it were. */
  wantsCommit(commit: number): boolean {
    return commit > this.#sentCommit && this.#sentCommit < this.next - 1
  }

  /** Everything up to an index has arrived; false if that was known. */
  onMatch(index: number): boolean {
    if (index <= this.match) return false
    this.match = index
    this.next = Math.max(this.next, index + 1)
    this.isFlowPaused = false
    return true
  }

  /** An append behind `rejected` was refused; `hint` is where the logs may match. False if the answer is an old one. */
  onRejected(rejected: number, hint: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false
      this.next = this.match + 1
    } else {
      if (this.next - 1 !== rejected) return false
      this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1)
      this.isFlowPaused = false
    }
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1)
    return true
  }

  #enter(state: ProgressState): void {
    this.state = state
    this.isFlowPaused = false
    this.pendingSnapshot = 0
    this.inflights.clear()
  }
}
