// This node's part in META, the group that everybody is in: how it becomes a member, what it knows of the others, and, while it leads META,
// what it does about those that come and go.

import type { Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import { emptyConfiguration } from '../core/raft/configuration.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { beginLog, beginningRecords, joiningLog } from '../groups/beginning.ts'
import { EntryMemory } from '../groups/entry-memory.ts'
import { Group } from '../groups/group.ts'
import type { GroupLog } from '../groups/group-log.ts'
import { drawMetaNumber, isMeta } from '../groups/group-numbers.ts'
import { raftOptions } from '../groups/raft-options.ts'
import { Reads } from '../groups/reads.ts'
import type { ClusterOptions } from './cluster-ports.ts'
import { Founding } from './founding.ts'
import { leaveProblem, releasedMembers } from './leaving.ts'
import { encodeMeta, type MetaMessage } from './meta-frames.ts'
import { MetaMachine } from './meta-machine.ts'
import { Reshaping } from './reshaping.ts'
import { Roster, type RosterCommand, type RosterMember } from './roster.ts'
import { encodeRoster, encodeRosterCommand } from './roster-bytes.ts'

/** A heartbeat every 500 ms, an election after 1.25 to 2.5 s of silence, and at once where a link breaks: META has little to say. */
const metaPace = { heartbeatTicks: 10, electionTicks: 25 } as const
/** What is wanted of META's leader is said again after so long, milliseconds. */
const asksAgainMs = 250
/** Questions to META's leader without an answer; more are told that nobody leads. */
const questionsMax = 100
const noLeader: Refusal = { refused: 'NO_LEADER', reason: 'nobody leads the cluster at this moment' }
/** Members that are remembered before the roster tells of them: more than a cluster has. */
const heardMax = 64

export class Cluster {
  readonly #options: ClusterOptions
  readonly #founding: Founding
  #machine: MetaMachine | undefined
  #group: Group | undefined
  #reshaping: Reshaping | undefined
  /** Data groups that this node wants and that have not begun. */
  readonly #wanted = new Set<number>()
  /** What this leader has proposed since the roster changed last. */
  readonly #proposed = new Set<string>()
  readonly #questions = new Map<number, (problem: Refusal | undefined) => void>()
  #lastRequest = 0
  /** Members that have spoken before the roster told of them. */
  readonly #heard = new Map<MemberId, NodeId>()
  #askedAt = Number.NEGATIVE_INFINITY
  #isFounding = false
  readonly #reads: Reads

  constructor(options: ClusterOptions) {
    this.#options = options
    const { node, boot, member, nodes, hasLostLog, ports } = options
    this.#reads = new Reads(boot, ports.now, (request) => this.#group?.read(request))
    this.#founding = new Founding(node, member, nodes.keys(), !hasLostLog)
  }

  /** Goes on with what is on disk; a node that is alone begins at once. */
  recover(): void {
    for (const [number, log] of this.#options.logs) if (isMeta(number)) this.#begin(number, log)
    if (this.#group === undefined) this.#found()
  }

  /** Undefined while this node knows of no cluster. */
  get roster(): Roster | undefined {
    return this.#machine?.roster
  }

  /** The node of a member. */
  nodeOf(member: MemberId): NodeId | undefined {
    return this.roster?.nodeOf(member) ?? this.#heard.get(member)
  }

  /** A message of a member has come from a node. */
  onHeard(member: MemberId, node: NodeId): void {
    if (this.#heard.get(member) === node || this.#heard.size >= heardMax) return
    if (this.roster?.has(member) !== true) this.#heard.set(member, node)
  }

  /** META on this node. */
  get group(): Group | undefined {
    return this.#group
  }

  get isLed(): boolean {
    return this.#leader !== undefined
  }

  /** Whether this node is a member, as far as it knows. */
  get isMember(): boolean {
    return this.roster?.has(this.#options.member) === true
  }

  /** A message is for a group that this node is not in: whoever sends it counts on this node. True if that is META. */
  onUnknown(number: number): boolean {
    if (!isMeta(number)) return false
    if (this.#group === undefined) this.#begin(number, joiningLog(new EntryMemory(this.#options.slabs)))
    return true
  }

  onMessage(from: NodeId, message: MetaMessage): void {
    if (message.op === 'fresh') this.#founding.onFresh(from, message.id)
    else if (message.op === 'answer') this.#onAnswer(message.request, message.problem)
    else if (message.op === 'leave') this.#onLeave(from, message)
    else if (message.op === 'enter') this.#onEnter(from, message.member)
    else this.#ask(message)
  }

  onPeerUp(node: NodeId): void {
    if (!this.isMember) this.#send(node, { op: 'enter', member: this.#self })
  }

  onPeerDown(node: NodeId): void {
    this.#founding.onPeerDown(node)
  }

  /**
   * Calls back once this node knows everything that the cluster had agreed on when this was asked, or when nobody could say that for too long. One
   * that knows of no cluster yet, and is not alone, may have been in one, or be about to join one.
   */
  whenCurrent(callback: (isCurrent: boolean) => void): void {
    if (this.#group === undefined && this.#options.nodes.size <= 1) callback(true)
    else this.#reads.ask(callback)
  }

  /** A data group is to begin; it is asked for until it has. */
  want(group: number): void {
    if (this.#wanted.has(group) || this.roster?.groups.has(group) === true) return
    this.#wanted.add(group)
    this.#ask({ op: 'group', group })
  }

  /** The leader of a group wants so many to vote in it. It wants that until the roster says so. */
  wantVoters(group: number, voters: number): void {
    if (this.roster?.voterCountOf(group) !== voters) this.#ask({ op: 'group', group, voters })
  }

  /** Asks for a node to leave the cluster; hears why not, or that it has been proposed. Who is removed shows in the roster. */
  leave(node: NodeId, callback: (problem: Refusal | undefined) => void): void {
    if (this.#group?.isLeading === true) return callback(this.#tryLeave(node))
    const leader = this.#leader
    if (leader === undefined || this.#questions.size >= questionsMax) return callback(noLeader)
    this.#questions.set(++this.#lastRequest, callback)
    this.#send(leader, { op: 'leave', node, request: this.#lastRequest })
  }

  /** Time has passed. */
  tick(): void {
    const { roster } = this
    if (this.#group === undefined && !this.#isFounding) this.#found()
    if (roster !== undefined) this.#look(roster)
    this.#reads.tick()
    const now = this.#options.ports.now()
    if (now - this.#askedAt < asksAgainMs) return
    this.#askedAt = now
    if (!this.isMember)
      for (const node of this.#options.nodes.keys()) this.#send(node, { op: 'enter', member: this.#self })
    this.#askForGroups()
  }

  #look(roster: Roster): void {
    this.#reshaping?.look({ voters: roster.metaVoters, members: roster.staying.map(({ id }) => id) })
    if (this.#group?.isLeading !== true) return
    for (const id of releasedMembers(roster, this.#options.groups)) this.#propose({ op: 'left', id })
  }

  get #self(): RosterMember {
    const { node, member: id, nodes } = this.#options
    return { id, node, address: nodes.get(node) ?? '' }
  }

  /** Who leads META, as far as this node knows. */
  get #leader(): NodeId | undefined {
    const leader = this.#group?.status.leader
    return leader === undefined ? undefined : this.nodeOf(leader)
  }

  /** Begins a cluster with everybody, once all are known to be new. */
  #found(): void {
    const { slabs, nodes, random, groups } = this.#options
    const { founders } = this.#founding
    if (founders === undefined) return
    const members = Array.from(founders, ([node, id]) => ({ id, node, address: nodes.get(node) ?? '' }))
    const roster = Roster.found(nodes.size, members)
    const voters = roster.metaVoters.toSorted((a, b) => a - b)
    const learners = roster.staying.map(({ id }) => id).filter((id) => !voters.includes(id))
    const configuration = { ...emptyConfiguration, voters, learners: learners.toSorted((a, b) => a - b) }
    const log = beginLog(configuration, encodeRoster(roster), new EntryMemory(slabs))
    const number = drawMetaNumber(random)
    const records = beginningRecords(number, log)
    this.#isFounding = true
    // Nobody hears of it before it is durable: whoever founds twice would leave the others in a cluster that nobody has.
    groups.write(records, (write) => {
      for (const record of records) log.onWritten(record, write)
      this.#begin(number, log)
      this.#group?.campaign()
    })
  }

  #begin(id: number, log: GroupLog): void {
    const { member, random, limits, groups, ports } = this.#options
    const machine: MetaMachine = new MetaMachine({
      ...{ log, reads: this.#reads },
      floorEntries: limits.metaFloorEntries,
      onRoster: () => {
        this.#proposed.clear()
        const { roster } = machine
        if (roster === undefined) return
        // The roster of a floor may be older than those who speak.
        for (const id of this.#heard.keys()) if (roster.has(id)) this.#heard.delete(id)
        for (const number of this.#wanted) if (roster.groups.has(number)) this.#wanted.delete(number)
        ports.onRoster(roster, id)
      },
      onLeadership: () => {
        this.#proposed.clear()
        this.#askForGroups()
      },
    })
    this.#machine = machine
    const raft = raftOptions(member, random, metaPace, limits)
    this.#group = new Group({ id, log, raft, machine, ports: groups })
    this.#reshaping = new Reshaping(this.#group)
    groups.add(this.#group)
  }

  #askForGroups(): void {
    for (const group of this.#wanted) this.#ask({ op: 'group', group })
  }

  /** Asks META's leader for something, or does it as that. */
  #ask(message: MetaMessage & { readonly op: 'enter' | 'group' }): void {
    if (this.#group?.isLeading === true) {
      if (message.op === 'group') this.#propose(message)
      else this.#admit(message.member)
      return
    }
    const leader = this.#leader
    if (leader !== undefined) this.#send(leader, message)
  }

  #onEnter(from: NodeId, member: RosterMember): void {
    if (this.#group !== undefined) return this.#ask({ op: 'enter', member })
    if (this.#isFounding) return
    if (this.#founding.isTold(from)) this.#send(from, { op: 'fresh', id: this.#options.member })
  }

  /** Whoever was a member once and is none any more stays out: its directory may know things that are not so any more. */
  #admit(member: RosterMember): void {
    const { roster } = this
    if (roster === undefined || roster.isFormer(member.id)) return
    const known = roster.memberOf(member.node)
    if (known?.id !== member.id || known.address !== member.address) this.#propose({ op: 'join', member })
  }

  #onLeave(from: NodeId, { node, request }: MetaMessage & { readonly op: 'leave' }): void {
    const problem = this.#group?.isLeading === true ? this.#tryLeave(node) : noLeader
    this.#send(from, { op: 'answer', request, problem })
  }

  #tryLeave(node: NodeId): Refusal | undefined {
    const { ports, groups, node: self } = this.#options
    const { roster } = this
    if (roster === undefined) return noLeader
    const isUp = (each: NodeId): boolean => each === self || ports.isUp(each)
    const problem = leaveProblem(roster, node, isUp, groups)
    if (problem === undefined) this.#propose({ op: 'leave', node })
    return problem
  }

  #onAnswer(request: number, problem: Refusal | undefined): void {
    const callback = this.#questions.get(request)
    this.#questions.delete(request)
    callback?.(problem)
  }

  /** Proposes something once, until the roster has changed or somebody else leads. */
  #propose(command: RosterCommand): void {
    const key = JSON.stringify(command)
    if (this.#proposed.has(key)) return
    this.#proposed.add(key)
    this.#group?.propose(encodeRosterCommand(command))
  }

  #send(to: NodeId, message: MetaMessage): void {
    if (to !== this.#options.node) this.#options.ports.sendFrame(to, encodeMeta(message))
  }
}
