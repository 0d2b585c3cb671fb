// One member's part in one group: what all handlers share, and the transitions between its roles (Raft paper, figure 4).

import type { ChangeContext, Membership } from './change.ts'
import { Configuration } from './configuration.ts'
import { entryBytes, type HardState, type Position, type Proposal } from './entry.ts'
import type { RaftLog } from './log.ts'
import { type DurableMessage, isDurable, type Message, type PromptMessage } from './messages.ts'
import type { RaftOptions } from './options.ts'
import { Progress } from './progress.ts'
import { type MemberId, nobody } from './quorum.ts'
import { type PendingRead, ReadRounds } from './reads.ts'

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

/** A read of this member that may be answered once the index is applied. */
export interface ReadyRead {
  readonly request: number
  readonly index: number
}

export class RaftState {
  readonly options: RaftOptions
  readonly id: MemberId
  readonly log: RaftLog
  term = 0
  vote: MemberId = nobody
  leader: MemberId = nobody
  role: Role = 'follower'
  configuration: Configuration = new Configuration()
  #progress: ReadonlyMap<MemberId, Progress> = new Map()
  #others: readonly (readonly [MemberId, Progress])[] = []
  readonly votes: Map<MemberId, boolean> = new Map()
  /** Ticks since a leader was heard of or an election began; of a leader, since its quorum was checked. */
  electionElapsed = 0
  heartbeatElapsed = 0
  /** Ticks without a leader after which this member campaigns: drawn anew with every term and role. */
  electionTimeout = 0
  /** Who leadership is being handed to. */
  transferee: MemberId = nobody
  /** No change of members may be proposed before this index is applied. */
  pendingChangeIndex = 0
  /** Bytes that this leader has proposed and that are not committed, at most. */
  uncommittedBytes = 0
  readonly reads: ReadRounds = new ReadRounds()
  /** Reads that came before this leader had committed anything of its term. */
  earlyReads: PendingRead[] = []
  readyReads: ReadyRead[] = []
  /** May be sent at once. */
  messages: PromptMessage[] = []
  /** Wait until everything that was changed before them is durable. May go to this member itself. */
  afterDurable: DurableMessage[] = []

  constructor(options: RaftOptions, log: RaftLog) {
    this.options = options
    this.id = options.id
    this.log = log
  }

  /** By member, ascending; only the leader's is up to date. */
  get progress(): ReadonlyMap<MemberId, Progress> {
    return this.#progress
  }

  set progress(progress: ReadonlyMap<MemberId, Progress>) {
    this.#progress = progress
    this.#others = [...progress].filter(([id]) => id !== this.id)
  }

  /** Members but this one, ascending. */
  get others(): readonly (readonly [MemberId, Progress])[] {
    return this.#others
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed }
  }

  get isLearner(): boolean {
    return this.progress.get(this.id)?.isLearner ?? false
  }

  /** Where members that join now begin. */
  get changeContext(): ChangeContext {
    return { lastIndex: this.log.lastIndex, limits: this.options.flow }
  }

  /** Sends a message of this term. Answers that promise durability wait for the disk, whoever sends them. */
  send(message: Message): void {
    if (isDurable(message)) this.afterDurable.push(message)
    else this.messages.push(message)
  }

  becomeFollower(term: number, leader: MemberId): void {
    this.#reset(term)
    this.role = 'follower'
    this.leader = leader
  }

  becomePreCandidate(): void {
    // Neither term nor vote change before a majority would vote for this member.
    this.votes.clear()
    this.role = 'pre-candidate'
    this.leader = nobody
  }

  becomeCandidate(): void {
    this.#reset(this.term + 1)
    this.role = 'candidate'
    this.vote = this.id
  }

  becomeLeader(): void {
    this.#reset(this.term)
    this.role = 'leader'
    this.leader = this.id
    const own = this.progress.get(this.id)
    own?.becomeReplicate()
    if (own !== undefined) own.isActive = true
    // Something before may change the members; looking for it could take long.
    this.pendingChangeIndex = this.log.lastIndex
  }

  setMembership({ configuration, progress }: Membership): void {
    this.configuration = configuration
    this.progress = progress
  }

  /**
   * Numbers and appends what is proposed to this leader; false where too much is uncommitted already. What the group itself needs is
   * free, and never refused.
   */
  appendOwn(proposals: readonly Proposal[], isFree: boolean): boolean {
    const bytes = isFree ? 0 : entryBytes(proposals)
    const total = this.uncommittedBytes + bytes
    if (!isFree && this.uncommittedBytes > 0 && total > this.options.uncommittedBytesMax) return false
    this.uncommittedBytes = total
    const { term } = this
    const first = this.log.lastIndex + 1
    this.log.append(proposals.map(({ data, change }, at) => ({ term, index: first + at, data, change })))
    // The leader's own disk is one of the majority: it acknowledges like a follower, when the entries are durable.
    const index = this.log.lastIndex
    this.send({ kind: 'append-answer', from: this.id, to: this.id, term, index, hint: undefined })
    return true
  }

  /** Commits what a majority has, if it is of this term (§5.4.2); true if anything new is. */
  advanceCommit(): boolean {
    const index = this.configuration.committedIndex((id) => this.progress.get(id)?.match ?? 0)
    const position: Position = { term: this.term, index }
    if (index <= this.log.committed || !this.log.matches(position)) return false
    this.log.commitTo(index)
    return true
  }

  /** Whether this leader has committed an entry of its term, and so knows what is committed. */
  get hasCommittedInTerm(): boolean {
    return this.log.termAt(this.log.committed) === this.term
  }

  #reset(term: number): void {
    if (this.term !== term) {
      this.term = term
      this.vote = nobody
    }
    this.leader = nobody
    this.electionElapsed = 0
    this.heartbeatElapsed = 0
    const { electionTicks, random } = this.options
    this.electionTimeout = electionTicks + Math.floor(random() * electionTicks)
    this.transferee = nobody
    this.votes.clear()
    const next = this.log.lastIndex + 1
    const { flow } = this.options
    this.progress = new Map(
      Array.from(this.progress, ([id, { isLearner }]) => [id, new Progress(next, isLearner, false, flow)]),
    )
    this.pendingChangeIndex = 0
    this.uncommittedBytes = 0
    this.reads.clear()
    this.earlyReads = []
  }
}
