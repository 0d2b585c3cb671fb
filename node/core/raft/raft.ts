// One member of one Raft group (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", and Ongaro's thesis).
// Pure: messages and ticks in, a Ready out. It touches no disk, no clock and no network.

import { assert } from '../common/assert.ts'
import { type MembershipChange, restoreMembership } from './change.ts'
import type { Configuration, ConfigurationRecord } from './configuration.ts'
import { onVoteAnswer, onVoteRequest, startElection } from './election.ts'
import { entryBytes, type HardState, type LogEntry, type Proposal } from './entry.ts'
import { onAppend, onHeartbeat, onSnapshot } from './follower.ts'
import {
  changeProblem,
  onAppendAnswer,
  onHeartbeatAnswer,
  onProposal,
  onSnapshotSent,
  onUnreachable,
  type ProposalRefusal,
} from './leader.ts'
import { RaftLog } from './log.ts'
import { leaveIfDue, onChangeApplied } from './membership.ts'
import type { AppendRequest, Heartbeat, Message, SnapshotRequest, TermMessage } from './messages.ts'
import type { RaftOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { type MemberId, nobody } from './quorum.ts'
import { onRead } from './read-handlers.ts'
import type { Leadership, Ready } from './ready.ts'
import type { StableLog } from './stable-log.ts'
import { RaftState } from './state.ts'
import { isFromLeader, takeTerm } from './terms.ts'
import { campaignInTime, onTick } from './ticks.ts'
import { onTransfer } from './transfer.ts'

/** Why a read was not taken. */
export type ReadRefusal = 'no leader' | 'too many reads'

/** What can be seen of a member. */
export interface RaftStatus extends Leadership {
  readonly id: MemberId
  readonly term: number
  readonly commit: number
  readonly applied: number
  readonly lastIndex: number
  readonly isLearner: boolean
  readonly configuration: Configuration
  /** True to life on the leader only. */
  readonly progress: ReadonlyMap<MemberId, Progress>
}

export class Raft {
  readonly #raft: RaftState
  /** As they were handed out last. */
  #leadership: Leadership
  #hardState: HardState
  /** Numbers of the last Ready that was taken, and of the last that is durable. */
  #taken = 0
  #durable = 0

  /**
   * A member as its log says. `applied`: what its state holds already, at least the log's compacted part; the log's configuration is that
   * of this state. A commit index that was lost, or is ahead of a log whose end was torn off, is learnt again.
   */
  constructor(options: RaftOptions, stable: StableLog, applied = 0) {
    const log = new RaftLog(stable, options)
    const raft = new RaftState(options, log)
    this.#raft = raft
    const { hardState, configuration } = stable.initialState()
    raft.setMembership(restoreMembership(configuration, raft.changeContext))
    assert(applied <= log.lastIndex, 'a state holds nothing that its log has lost')
    log.commitTo(Math.min(Math.max(hardState.commit, applied), log.lastIndex))
    raft.term = hardState.term
    raft.vote = hardState.vote
    if (applied > 0) log.onApplied(applied, 0)
    raft.becomeFollower(raft.term, nobody)
    this.#leadership = { leader: raft.leader, role: raft.role }
    this.#hardState = raft.hardState
  }

  get status(): RaftStatus {
    const { id, term, leader, role, isLearner, configuration, progress, log } = this.#raft
    const { committed: commit, applied, lastIndex } = log
    return { id, term, leader, role, isLearner, configuration, progress, commit, applied, lastIndex }
  }

  /** Ticks without a leader after which this member campaigns. For tests: the next role draws it anew. */
  setElectionTimeout(ticks: number): void {
    this.#raft.electionTimeout = ticks
  }

  /** Time passes. */
  tick(): void {
    onTick(this.#raft)
  }

  /** Begins an election, where this member could lead and does not. */
  campaign(): void {
    campaignInTime(this.#raft)
  }

  /** Proposes entries; a follower passes them on where it may. Whether they become committed shows only when they are applied. */
  propose(proposals: readonly Proposal[]): ProposalRefusal | undefined {
    const raft = this.#raft
    if (raft.role === 'leader') return onProposal(raft, proposals)
    if (raft.leader === nobody || raft.role !== 'follower' || !raft.options.forwardsProposals)
      return 'no leader'
    raft.send({ kind: 'propose', from: raft.id, to: raft.leader, proposals })
    return undefined
  }

  /** Asks for leadership to be handed to a member; nothing happens where no leader is known. */
  transfer(target: MemberId): void {
    const raft = this.#raft
    if (raft.role === 'leader') onTransfer(raft, target)
    else if (raft.role === 'follower' && raft.leader !== nobody)
      raft.send({ kind: 'transfer', from: raft.id, to: raft.leader, target })
  }

  /** Why a change of members would become an entry that does nothing; undefined if it would not. */
  changeProblem(change: MembershipChange): string | undefined {
    return changeProblem(this.#raft, change)
  }

  /**
   * Asks for a read: `request`, never used before, not by an earlier start either, comes back in a Ready; or never, and then it is asked
   * for again with another number. Returns why it will not.
   */
  read(request: number): ReadRefusal | undefined {
    const raft = this.#raft
    if (raft.role === 'leader') return onRead(raft, { from: raft.id, request }) ? undefined : 'too many reads'
    if (raft.role !== 'follower' || raft.leader === nobody) return 'no leader'
    raft.send({ kind: 'read', from: raft.id, to: raft.leader, request })
    return undefined
  }

  /**
   * Forgets who leads, as if it had been silent: this member votes for whoever asks. `withinTicks`: and campaigns itself by then, at a
   * tick that is drawn; left out, when it would have anyway.
   */
  forgetLeader(withinTicks: number = Number.POSITIVE_INFINITY): void {
    const raft = this.#raft
    if (raft.role !== 'follower') return
    raft.leader = nobody
    const left = 1 + Math.floor(raft.options.random() * withinTicks)
    raft.electionElapsed = Math.max(raft.electionElapsed, raft.electionTimeout - left)
  }

  /** Messages to a member were probably lost. */
  reportUnreachable(id: MemberId): void {
    const member = this.#raft.progress.get(id)
    if (this.#raft.role === 'leader' && member !== undefined) onUnreachable(member)
  }

  /** A snapshot to a member was transferred, or was not. The driver must say so: nothing else is sent to the member until then. */
  reportSnapshot(id: MemberId, isSent: boolean): void {
    const member = this.#raft.progress.get(id)
    if (this.#raft.role === 'leader' && member !== undefined) onSnapshotSent(member, isSent)
  }

  /** A message has come. Returns why a proposal in it was not taken. */
  step(message: Message): ProposalRefusal | undefined {
    switch (message.kind) {
      case 'propose':
        return this.propose(message.proposals)
      case 'transfer':
        this.transfer(message.target)
        return undefined
      case 'read':
        if (this.#raft.role === 'leader') onRead(this.#raft, message)
        return undefined
      default:
        if (takeTerm(this.#raft, message)) this.#dispatch(message)
        return undefined
    }
  }

  /** Whether there is anything to take. */
  get hasReady(): boolean {
    const { messages, afterDurable, readyReads, log } = this.#raft
    return (
      messages.length + afterDurable.length + readyReads.length > 0 ||
      log.hasNextUnstable ||
      log.nextSnapshot !== undefined ||
      this.#hasChangedHardState ||
      this.#hasChangedLeadership ||
      log.hasNextCommitted
    )
  }

  /** Takes what is to be done. */
  takeReady(): Ready {
    const raft = this.#raft
    const { log } = raft
    const hardState = this.#hasChangedHardState ? raft.hardState : undefined
    const leadership = this.#hasChangedLeadership ? { leader: raft.leader, role: raft.role } : undefined
    const entries = log.nextUnstable
    const isNewVote = raft.term !== this.#hardState.term || raft.vote !== this.#hardState.vote
    const { afterDurable } = raft
    const own = afterDurable.length > 0 ? afterDurable.filter(({ to }) => to === raft.id) : afterDurable
    const ready: Ready = {
      leadership,
      hardState,
      entries,
      snapshot: log.nextSnapshot,
      mustSync: entries.length > 0 || log.nextSnapshot !== undefined || isNewVote,
      messages: raft.messages,
      afterDurable: own.length > 0 ? afterDurable.filter(({ to }) => to !== raft.id) : afterDurable,
      own,
      number: ++this.#taken,
      committed: log.nextCommitted(),
      reads: raft.readyReads,
      term: raft.term,
      last: log.hasUnstable ? log.last : undefined,
    }
    raft.messages = []
    raft.afterDurable = []
    raft.readyReads = []
    if (hardState !== undefined) this.#hardState = hardState
    if (leadership !== undefined) this.#leadership = leadership
    log.onHanded()
    log.onApplying(ready.committed)
    return ready
  }

  /** The write of a Ready is durable, and so are all before it. Its `afterDurable` is the driver's to send. */
  onDurable(ready: Ready): void {
    const { log } = this.#raft
    assert(ready.number > this.#durable, 'writes become durable in the order in which they were taken')
    this.#durable = ready.number
    for (const message of ready.own) this.step(message)
    // After a change of the term another write may be under way that replaces these entries: a later one speaks for them.
    if (ready.last !== undefined && ready.term === this.#raft.term) log.onDurable(ready.last)
    if (ready.snapshot === undefined) return
    log.onSnapshotDurable(ready.snapshot.index)
    this.#onApplied(ready.snapshot.index, 0)
  }

  /** The committed entries of a Ready are applied. */
  onApplied(entries: readonly LogEntry[]): void {
    const last = entries.at(-1)
    if (last === undefined) return
    const bytes = entryBytes(entries)
    this.#onApplied(last.index, bytes)
    this.#raft.uncommittedBytes = Math.max(0, this.#raft.uncommittedBytes - bytes)
  }

  /**
   * Applies a change of members, when the turn of its entry has come; undefined where a snapshot has come meanwhile that stands for it. Throws
   * ChangeRefused where it cannot be made.
   */
  applyChange(change: MembershipChange, index: number): ConfigurationRecord | undefined {
    return index <= this.#raft.log.pendingSnapshotIndex ? undefined : onChangeApplied(this.#raft, change)
  }

  #onApplied(index: number, bytes: number): void {
    this.#raft.log.onApplied(index, bytes)
    leaveIfDue(this.#raft)
  }

  #dispatch(message: TermMessage): void {
    const raft = this.#raft
    if (message.kind === 'vote' || message.kind === 'pre-vote') return onVoteRequest(raft, message)
    if (raft.role === 'leader') return this.#dispatchAsLeader(message)
    if (isFromLeader(message)) return this.#dispatchFromLeader(message)
    if (raft.role !== 'follower') {
      if (message.kind === 'vote-answer' || message.kind === 'pre-vote-answer') onVoteAnswer(raft, message)
    } else if (message.kind === 'timeout-now') startElection(raft, 'transfer')
    else if (message.kind === 'read-answer')
      raft.readyReads.push({ request: message.request, index: message.index })
  }

  #dispatchAsLeader(message: TermMessage): void {
    const member = this.#raft.progress.get(message.from)
    if (member === undefined) return
    if (message.kind === 'append-answer') onAppendAnswer(this.#raft, message, member)
    else if (message.kind === 'heartbeat-answer') onHeartbeatAnswer(this.#raft, message, member)
  }

  #dispatchFromLeader(message: AppendRequest | Heartbeat | SnapshotRequest): void {
    const raft = this.#raft
    // A candidate that hears of a leader of its term has lost (§5.2).
    if (raft.role !== 'follower') raft.becomeFollower(message.term, message.from)
    raft.electionElapsed = 0
    raft.leader = message.from
    if (message.kind === 'append') onAppend(raft, message)
    else if (message.kind === 'heartbeat') onHeartbeat(raft, message)
    else onSnapshot(raft, message)
  }

  get #hasChangedHardState(): boolean {
    const { term, vote, log } = this.#raft
    const before = this.#hardState
    return term !== before.term || vote !== before.vote || log.committed !== before.commit
  }

  get #hasChangedLeadership(): boolean {
    const { leader, role } = this.#raft
    return leader !== this.#leadership.leader || role !== this.#leadership.role
  }
}
