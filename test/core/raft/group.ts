// A group for tests: members with logs in memory, and the messages between them, which a test delivers, drops or keeps.

import assert from 'node:assert/strict'
import { Member } from '../../../conformance/interaction/member.ts'
import { MemoryLog } from '../../../conformance/interaction/memory-log.ts'
import { emptyConfiguration } from '../../../node/core/raft/configuration.ts'
import { type LogEntry, noData, type Snapshot } from '../../../node/core/raft/entry.ts'
import type { Message, TermMessage } from '../../../node/core/raft/messages.ts'
import type { RaftOptions } from '../../../node/core/raft/options.ts'
import type { Raft, RaftStatus } from '../../../node/core/raft/raft.ts'
import type { Ready } from '../../../node/core/raft/ready.ts'

export const electionTicks = 10

export const defaultOptions: Omit<RaftOptions, 'id'> = {
  electionTicks,
  heartbeatTicks: 1,
  preVote: false,
  checkQuorum: false,
  stepsDownOnRemoval: true,
  forwardsProposals: false,
  checksChanges: true,
  joinsBehindSnapshots: false,
  appendBytesMax: 1_000_000,
  flow: { messages: 256, bytes: 8_388_608 },
  uncommittedBytesMax: 1_000_000,
  applyingBytesMax: 1_000_000,
  readsMax: 100,
  appliesBeforeDurable: true,
  random: () => 0,
}

/** A log by the terms of its entries, from index 1. */
export function entriesOf(terms: readonly number[]): LogEntry[] {
  return terms.map((term, at) => ({ term, index: at + 1, data: Buffer.from(`${term}/${at + 1}`) }))
}

export interface Start {
  readonly term?: number
  readonly vote?: number
  readonly commit?: number
  /** Terms of the entries, from index 1. */
  readonly log?: readonly number[]
}

export class Group {
  readonly ids: readonly number[]
  readonly applied: Map<number, LogEntry[]> = new Map()
  readonly #members = new Map<number, Member>()
  readonly #starts: ReadonlyMap<number, Start>
  readonly #options: Partial<RaftOptions>
  /** Sent, and not delivered or dropped. */
  queue: Message[] = []
  /** Members between which nothing goes. */
  isCut: (from: number, to: number) => boolean = () => false

  /** `options` beside the defaults; `starts` is what members remember. */
  constructor(
    count: number,
    options: Partial<RaftOptions> = {},
    starts: Readonly<Record<number, Start>> = {},
  ) {
    this.ids = Array.from({ length: count }, (_, at) => at + 1)
    this.#options = options
    this.#starts = new Map(Object.entries(starts).map(([id, start]) => [Number(id), start]))
    for (const id of this.ids) this.#create(id)
  }

  raft(id: number): Raft {
    return this.member(id).raft
  }

  member(id: number): Member {
    const member = this.#members.get(id)
    assert.ok(member)
    return member
  }

  status(id: number): RaftStatus {
    return this.raft(id).status
  }

  get leaders(): number[] {
    return [...this.#members.keys()].filter((id) => this.status(id).role === 'leader')
  }

  /** The terms of a member's durable entries. */
  terms(id: number): number[] {
    return this.entries(id).map(({ term }) => term)
  }

  entries(id: number): readonly LogEntry[] {
    const { log } = this.member(id)
    return log.entries(log.firstIndex, log.lastIndex, Number.MAX_SAFE_INTEGER)
  }

  /** What a member has applied, as texts, without entries that say nothing. */
  texts(id: number): string[] {
    const entries = this.applied.get(id) ?? []
    return entries.map(({ data }) => Buffer.from(data).toString()).filter((text) => text !== '')
  }

  /** Takes one Ready of a member and does everything it asks for, but sending. Returns the messages. */
  work(id: number): Message[] {
    const { raft } = this.member(id)
    if (!raft.hasReady) return []
    const ready = raft.takeReady()
    return [...ready.messages, ...this.finish(id, ready)]
  }

  /** Writes and applies a Ready that was taken. Returns what had to wait for that, to others. */
  finish(id: number, ready: Ready): Message[] {
    const member = this.member(id)
    member.write(ready)
    this.applied.get(id)?.push(...ready.committed)
    assert.deepEqual(member.apply(ready.committed), [])
    member.raft.onDurable(ready)
    member.raft.onApplied(ready.committed)
    return [...ready.afterDurable]
  }

  /** Everything that a member wants done. Returns the messages it sends. */
  drain(id: number): Message[] {
    const messages: Message[] = []
    while (this.raft(id).hasReady) messages.push(...this.work(id))
    return messages
  }

  /** Delivers until nothing is under way any more. */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      for (const id of this.#members.keys()) this.queue.push(...this.drain(id))
      const message = this.queue.shift()
      if (message === undefined) return
      this.deliver(message)
    }
    assert.fail('messages without end')
  }

  deliver(message: Message): void {
    if (this.isCut(message.from, message.to)) return
    this.#members.get(message.to)?.raft.step(message)
  }

  /** Makes a member the leader, with everybody's help. */
  elect(id: number): void {
    this.raft(id).campaign()
    this.settle()
    assert.equal(this.status(id).role, 'leader')
  }

  propose(id: number, ...texts: string[]): void {
    for (const text of texts) assert.equal(this.raft(id).propose([{ data: Buffer.from(text) }]), undefined)
  }

  /** The leader commits texts without another member, and forgets them: that one needs a snapshot. */
  leaveBehind(leader: number, id: number, ...texts: string[]): void {
    this.isolate(id)
    this.propose(leader, ...texts)
    this.settle()
    this.member(leader).log.compact(this.status(leader).lastIndex)
  }

  tick(id: number, ticks = 1): void {
    for (let count = 0; count < ticks; count++) this.raft(id).tick()
  }

  /** The members stand alone: nothing goes between them and the others. */
  isolate(...alone: readonly number[]): void {
    this.isCut = (from, to) => alone.includes(from) !== alone.includes(to)
  }

  heal(): void {
    this.isCut = () => false
  }

  /** The process ends and begins again with what was durable. */
  restart(id: number): void {
    const { options, log, snapshot } = this.member(id)
    const start = log.firstIndex > 1 ? snapshot : this.#start
    this.#members.set(id, new Member(options, false, start, log))
    this.applied.set(id, [])
  }

  get #start(): Snapshot {
    return { term: 0, index: 0, configuration: { ...emptyConfiguration, voters: this.ids }, data: noData }
  }

  #create(id: number): void {
    const { term = 0, vote = 0, commit = 0, log = [] } = this.#starts.get(id) ?? {}
    const memory = new MemoryLog(this.#start)
    memory.append(entriesOf(log))
    memory.hardState = { term, vote, commit }
    this.#members.set(id, new Member({ ...defaultOptions, ...this.#options, id }, false, this.#start, memory))
    this.applied.set(id, [])
  }
}

/** The messages of one kind. */
export function ofKind<Kind extends TermMessage['kind']>(
  messages: readonly Message[],
  kind: Kind,
): (TermMessage & { readonly kind: Kind })[] {
  return messages.filter((message): message is TermMessage & { readonly kind: Kind } => message.kind === kind)
}
