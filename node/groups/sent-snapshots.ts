// Snapshots that a leader has sent: Raft sends their members nothing else until it hears what became of them.

import type { MemberId } from '../core/raft/quorum.ts'
import type { Raft } from '../core/raft/raft.ts'
import type { GroupLog } from './group-log.ts'

/** A snapshot that is under way for one to two times so many ticks is late; a large one gets as many more for so many bytes. */
const lateTicks = 100
const lateBytes = 16_777_216

export class SentSnapshots {
  readonly #raft: Raft
  readonly #log: Pick<GroupLog, 'snapshotBytes'>
  #ticks = 0
  /** Members that had one under way at the last looks, and at how many. */
  #seen: ReadonlyMap<MemberId, number> = new Map()

  constructor(raft: Raft, log: Pick<GroupLog, 'snapshotBytes'>) {
    this.#raft = raft
    this.#log = log
  }

  /** A member that has what was sent to it is sent what follows, also where the floor has moved on meanwhile. */
  onAnswer(member: MemberId): void {
    const progress = this.#raft.status.progress.get(member)
    if (progress?.state === 'snapshot' && progress.match >= progress.pendingSnapshot)
      this.#raft.reportSnapshot(member, true)
  }

  /** One, or the answer to it, may be lost without a word: its member is asked where it stands. */
  tick(ticks: number): void {
    this.#ticks += ticks
    if (this.#ticks < lateTicks) return
    this.#ticks %= lateTicks
    const { role, progress } = this.#raft.status
    const pending = new Map<MemberId, number>()
    if (role === 'leader')
      for (const [member, { state }] of progress)
        if (state === 'snapshot') pending.set(member, (this.#seen.get(member) ?? -1) + 1)
    const looksMax = this.#log.snapshotBytes / lateBytes
    for (const [member, looks] of pending) {
      if (looks === 0 || looks < looksMax) continue
      this.#raft.reportSnapshot(member, false)
      pending.delete(member)
    }
    this.#seen = pending
  }
}
