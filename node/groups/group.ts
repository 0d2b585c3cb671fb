// One group on this node: its Raft member, its log, and its machine. What Raft wants done is done here, in the order in which it may be:
// messages that promise nothing go at once, those that do wait for the disk, and so does a change of members before it is applied.

import { assert } from '../core/common/assert.ts'
import type { MembershipChange } from '../core/raft/change.ts'
import { type LogEntry, noData, type Proposal } from '../core/raft/entry.ts'
import type { Message } from '../core/raft/messages.ts'
import type { RaftOptions } from '../core/raft/options.ts'
import { everything, type MemberId } from '../core/raft/quorum.ts'
import { Raft, type RaftStatus, type ReadRefusal } from '../core/raft/raft.ts'
import type { Ready } from '../core/raft/ready.ts'
import type { LogRecord } from '../wire/log-records.ts'
import type { RaftMessage } from '../wire/raft-frames.ts'
import { ConfigurationHistory } from './configuration-history.ts'
import type { GroupLog } from './group-log.ts'
import { LogKeeper } from './log-keeper.ts'
import type { Machine } from './machine.ts'
import { RepeatedAnswers } from './repeated-answers.ts'
import { SentSnapshots } from './sent-snapshots.ts'

/** What a group needs of its host. */
export interface GroupPorts {
  /** Sends to another member; what cannot be sent is lost. */
  send(group: number, message: RaftMessage): void
  /** Makes records durable, those of one call before those of the next, and calls back then. */
  write(records: readonly LogRecord[], onDurable: () => void): void
  /** There is something to do in this turn: `run` is to be called. */
  wake(group: Group): void
}

/** A Ready under way. */
interface Work {
  readonly ready: Ready
  /** What its snapshot keeps, as the log has it. */
  readonly kept: readonly LogEntry[]
  /** Whether the disk has what it asked for. */
  isWritten: boolean
  /** Whether it is applied only then. */
  readonly isGated: boolean
}

export interface GroupOptions {
  readonly id: number
  readonly log: GroupLog
  readonly raft: RaftOptions
  readonly machine: Machine
  readonly ports: GroupPorts
}

/** Ticks within which somebody campaigns where the leader's link has gone: drawn, so that not all do at once. */
const hastyElectionTicks = 4

export class Group {
  readonly id: number
  readonly #log: GroupLog
  readonly #raft: Raft
  readonly #machine: Machine
  readonly #ports: GroupPorts
  /** What was proposed in this turn, while this member leads. */
  #proposals: Proposal[] = []
  /** What is being made durable, in order. */
  #writing: Work[] = []
  /** What is to be applied, in order. */
  #applying: Work[] = []
  /** Whether a hard state is to be written along with the next write: another commit index may wait for that. */
  #isHardStateUnsaved = false
  readonly #configurations: ConfigurationHistory
  /** As the leader: its own term begins at this index, and everything before it must be applied before it numbers anything. */
  #leadsFrom: number = everything
  #isLeading = false
  /** Whether proposals wait: too much is uncommitted, or leadership is being handed over. */
  #wasRefused = false
  readonly #snapshots: SentSnapshots
  readonly #answers = new RepeatedAnswers()
  readonly #keeper: LogKeeper

  constructor({ id, log, raft, machine, ports }: GroupOptions) {
    this.id = id
    this.#log = log
    this.#machine = machine
    this.#ports = ports
    this.#configurations = new ConfigurationHistory(log.floor.index, log.floor.configuration)
    this.#raft = new Raft(raft, log, log.floor.index)
    this.#snapshots = new SentSnapshots(this.#raft, log)
    this.#keeper = new LogKeeper({ group: id, log, machine, ports })
  }

  /** Gives the machine the state that its log begins with. */
  begin(): void {
    this.#machine.restore(this.#log.floor)
    this.#ports.wake(this)
  }

  get status(): RaftStatus {
    return this.#raft.status
  }

  /** Whether this member leads and has applied everything that was before it. */
  get isLeading(): boolean {
    return this.#isLeading
  }

  get log(): GroupLog {
    return this.#log
  }

  tick(ticks: number = 1): void {
    // Between turns: messages with what was dropped in an earlier one have been copied into their frames.
    this.#log.letGoOfDropped()
    for (let tick = 0; tick < ticks; tick++) this.#raft.tick()
    this.#snapshots.tick(ticks)
    const answer = this.#answers.take()
    if (answer !== undefined) this.#ports.send(this.id, answer)
    this.#ports.wake(this)
  }

  step(message: Message): void {
    this.#raft.step(message)
    if (message.kind === 'append-answer') this.#snapshots.onAnswer(message.from)
    this.#ports.wake(this)
  }

  /** The link to a member is up: whatever was handed out for it before is lost. */
  onReachable(member: MemberId): void {
    this.#answers.forget()
    this.#raft.reportSnapshot(member, false)
    this.#raft.reportUnreachable(member)
    this.#ports.wake(this)
  }

  /** The link to a member is down: what was under way to it is lost, and if it leads, another one is elected soon. */
  onUnreachable(member: MemberId): void {
    this.#raft.reportSnapshot(member, false)
    this.#raft.reportUnreachable(member)
    if (this.#raft.status.leader === member) this.#raft.forgetLeader(hastyElectionTicks)
    this.#ports.wake(this)
  }

  /** Proposes data as the leader, with everything else of this turn; `onRoom` of the machine says when what did not fit may be tried again. */
  propose(data: Uint8Array): void {
    this.#proposals.push({ data })
    this.#ports.wake(this)
  }

  /** Proposes another set of members. Returns why it cannot be made now. */
  changeMembers(change: MembershipChange): string | undefined {
    const problem = this.#raft.changeProblem(change) ?? this.#raft.propose([{ data: noData, change }])
    this.#ports.wake(this)
    return problem
  }

  /** Begins an election, where this member could lead: whoever begins a group need not wait for one. */
  campaign(): void {
    this.#raft.campaign()
    this.#ports.wake(this)
  }

  transfer(target: MemberId): void {
    this.#raft.transfer(target)
    this.#ports.wake(this)
  }

  /** Gives leadership to the member that is nearest to having everything, if this one leads and there is another. */
  handOver(): void {
    const { role, id, progress, configuration } = this.status
    if (role !== 'leader') return
    const voters = [...progress].filter(([member]) => member !== id && configuration.isElector(member))
    const [best] = voters.toSorted(([, a], [, b]) => b.match - a.match)
    if (best !== undefined) this.transfer(best[0])
  }

  /** Asks for a read under a number that was never used before; the machine's `onRead` answers, or nobody. */
  read(request: number): ReadRefusal | undefined {
    const refusal = this.#raft.read(request)
    this.#ports.wake(this)
    return refusal
  }

  /** Does what there is to do. */
  run(): void {
    this.#offer()
    while (this.#raft.hasReady) {
      this.#take(this.#raft.takeReady())
      this.#offer()
    }
  }

  /** Drops what no member and no subscriber needs any more, and writes down what stands for it. */
  compact(): void {
    this.#keeper.compact(this.#raft.status.applied, this.#configurations)
  }

  /** Writes what it needs into the end of the node's log, so that older files can go. Returns how many bytes: 0 where it is more than these. */
  writeAgain(bytesMax: number): number {
    return this.#keeper.writeAgain(bytesMax)
  }

  /** Hands what was proposed in this turn to Raft, as much of it as it takes. */
  #offer(): void {
    if (this.#proposals.length === 0) return
    const refusal = this.#raft.propose(this.#proposals)
    // While leadership is being handed over nothing is taken, and if that fails this member goes on behind what it has numbered.
    this.#wasRefused = refusal === 'too much is uncommitted' || refusal === 'leadership is being handed over'
    // Whoever leads now is offered it again by who has numbered it.
    if (!this.#wasRefused) this.#proposals = []
  }

  #take(ready: Ready): void {
    const { entries, snapshot, hardState, committed, mustSync } = ready
    if (snapshot !== undefined) this.#log.restore(snapshot)
    this.#log.append(entries)
    if (hardState !== undefined) {
      this.#log.hardState = hardState
      this.#isHardStateUnsaved = true
    }
    for (const message of ready.messages) this.#send(message)
    // A member that forgot that a change is committed would count majorities of those that were members before.
    const isGated = committed.some(({ change }) => change !== undefined)
    const kept = snapshot === undefined ? [] : (this.#log.floor.kept ?? [])
    const work: Work = { ready, kept, isWritten: !(mustSync || isGated), isGated }
    this.#writing.push(work)
    if (committed.length > 0) this.#applying.push(work)
    if (work.isWritten) this.#onWritten()
    else this.#write(work)
    this.#apply()
    if (ready.leadership !== undefined) this.#onLeadership()
    for (const { request, index } of ready.reads) this.#machine.onRead(request, index)
  }

  #write(work: Work): void {
    const { id: group } = this
    const { snapshot, entries } = work.ready
    const records: LogRecord[] = []
    if (snapshot !== undefined) records.push({ kind: 'snapshot', group, snapshot })
    if (entries.length > 0) records.push({ kind: 'entries', group, entries })
    if (this.#isHardStateUnsaved) records.push({ kind: 'hard-state', group, hardState: this.#log.hardState })
    this.#isHardStateUnsaved = false
    this.#ports.write(records, () => {
      work.isWritten = true
      this.#onWritten()
      this.#apply()
      this.#ports.wake(this)
    })
  }

  /** Goes on with everything in front that the disk has. */
  #onWritten(): void {
    for (let work = this.#writing[0]; work?.isWritten === true; work = this.#writing[0]) {
      this.#writing.shift()
      const { ready } = work
      if (ready.snapshot !== undefined) {
        this.#machine.restore({ ...ready.snapshot, kept: work.kept })
        this.#configurations.restore(ready.snapshot.index, ready.snapshot.configuration)
      }
      this.#raft.onDurable(ready)
      for (const message of ready.afterDurable) this.#send(message)
    }
    if (this.#writing.length === 0) this.#log.letGoOfReplaced()
  }

  #apply(): void {
    for (let work = this.#applying[0]; work !== undefined; work = this.#applying[0]) {
      if (work.isGated && !work.isWritten) return
      this.#applying.shift()
      const { committed } = work.ready
      for (const { change, index } of committed)
        if (change !== undefined) this.#configurations.add(index, this.#raft.applyChange(change, index))
      this.#machine.apply(committed)
      this.#raft.onApplied(committed)
    }
    if (this.#wasRefused) this.#ports.wake(this)
    this.#lead()
  }

  /** Another one leads, or this member does: what it has proposed before is not known to come about. */
  #onLeadership(): void {
    const { status } = this
    this.#proposals = []
    this.#wasRefused = false
    this.#isLeading = false
    this.#leadsFrom = status.role === 'leader' ? status.lastIndex : everything
    this.#machine.onLeadership(status, false)
    this.#lead()
  }

  /** Begins to number, once everything before this member's term is applied. */
  #lead(): void {
    if (this.#isLeading || this.#leadsFrom === everything) return
    const { status } = this
    if (status.role !== 'leader' || status.applied < this.#leadsFrom) return
    this.#isLeading = true
    this.#machine.onLeadership(status, true)
  }

  #send(message: Message): void {
    assert(message.kind !== 'propose', 'Raft does not pass proposals on here')
    if (!this.#answers.holds(message)) this.#ports.send(this.id, message)
  }
}
