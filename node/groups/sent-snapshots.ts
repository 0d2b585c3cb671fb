// Snapshots that a leader has sent: Raft sends their members nothing else until it hears what became of them.

import type { MemberId } from '../core/raft/quorum.ts'
import type { Raft } from '../core/raft/raft.ts'

/** A snapshot that is under way for one to two times so many ticks is late. */
const lateTicks = 100

export class SentSnapshots {
  readonly #raft: Raft
  #ticks = 0
  /** Members that had one under way at the last look. */
  #seen: ReadonlySet<MemberId> = new Set()

  constructor(raft: Raft) {
    this.#raft = raft
  }

  /** A member that has what was sent to it is sent what follows, also where the floor has moved on meanwhile. */
  onAnswer(member: MemberId): void {
    const progress = this.#raft.status.progress.get(member)
    if (progress?.state === 'snapshot' && progress.match >= progress.pendingSnapshot)
      this.#raft.reportSnapshot(member, true)
  }

  /** One, or the answer to it, may be lost without a word: its member is asked where it stands. */
  tick(): void {
    if (++this.#ticks % lateTicks !== 0) return
    const { role, progress } = this.#raft.status
    const pending = new Set<MemberId>()
    if (role === 'leader')
      for (const [member, { state }] of progress) if (state === 'snapshot') pending.add(member)
    for (const member of pending) if (this.#seen.has(member)) this.#raft.reportSnapshot(member, false)
    this.#seen = pending
  }
}
