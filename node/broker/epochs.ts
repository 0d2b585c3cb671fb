// The epochs of every stream on this node: each has a replica of its own, so that the modes share nothing. An epoch that has ended stays while
// somebody reads in it, or it holds what others may need; a subscriber that has everything up to its fence goes on in the next one.

import { assert } from '../core/common/assert.ts'
import { type Boot, type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { GossipAgent, GossipInput } from '../core/gossip/agent.ts'
import type { StreamDefinition, StreamMode } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { LeaderAgent } from '../leader/agent.ts'
import type { EpochHost, LeftOver, SealedEpoch } from '../leader/epoch-host.ts'
import type { StreamLedger } from '../leader/ledger.ts'
import type { Submission } from '../leader/submissions.ts'
import { completeEpoch } from './completion.ts'
import type { Confirmations } from './confirmations.ts'
import {
  beginningOf,
  type Epoch,
  isOfStreamBefore,
  isOwed,
  laterOf,
  mayBeAskedFor,
  passRest,
  shareRetention,
  splitAtNext,
  toEpochId,
  wantedMode,
} from './epoch.ts'
import { passUsedUp, publishAgain } from './publish-again.ts'
import { Rescue } from './rescue.ts'
import { leftOverOf, reportSealed } from './sealed-epoch.ts'
import type { StreamEnd } from './stream-table.ts'
import type { Subscriber } from './subscriber.ts'

/** What the epochs need of their broker. */
export interface EpochsHost {
  readonly boot: Boot
  readonly node: NodeId
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly agent: GossipAgent
  readonly leader: LeaderAgent
  readonly confirmations: Confirmations
  readonly allocate: (bytes: number) => Uint8Array
  handle(input: GossipInput): void
  /** The subscribers that this node has of a stream, also those that have not begun on it. */
  subscribersOf(stream: StreamId): ReadonlySet<Pick<Subscriber, 'feedOf'>>
  /** What had no place in leader mode, from..to, has been published in gossip mode. */
  onPublishedAgain(replica: Replica, from: number, to: number): void
  /** An epoch has ended: more of it may be delivered now. */
  onEnded(replica: Replica): void
  /** Another epoch of a stream is the present one. */
  onCurrent(replica: Replica): void
  /** Whether a stream is known to be removed, and where the one of its name that was removed last ended. */
  endOf(name: string): StreamEnd
}

export class Epochs implements EpochHost {
  readonly #host: EpochsHost
  /** By name of the stream, oldest first; the last one is the present one. */
  readonly #chains = new Map<string, Epoch[]>()
  /** Whose the boots are that have published on a stream, as its group says. */
  readonly #nodes = new Map<string, ReadonlyMap<Boot, NodeId>>()
  readonly #rescue: Rescue

  constructor(host: EpochsHost) {
    this.#host = host
    this.#rescue = new Rescue(host)
  }

  /** The replica of a stream's present epoch, which is created where the stream is new, with its definition as it is now. */
  define(definition: StreamDefinition): Replica {
    this.#host.leader.streams.startBehind(toStreamId(definition.name), definition.behind ?? 0)
    const before = this.#chains.get(definition.name)?.at(-1)
    const isOver = before !== undefined && isOfStreamBefore(before, definition)
    if (isOver) this.remove(definition.name)
    const present = before === undefined || isOver ? this.#begin(definition) : before
    const { replica } = present
    const { mode } = replica.definition
    present.wanted = definition.mode === mode ? undefined : definition.mode
    // The catalog may still tell of the stream before the one that the log has.
    replica.definition = { ...definition, mode, made: laterOf(definition.made, replica.definition.made) }
    if (mode === 'gossip') this.#host.agent.define(replica.definition, replica.id)
    return replica
  }

  /** The replica of the epoch that follows; undefined where none does. */
  next(replica: Replica): Replica | undefined {
    const chain = this.#chains.get(replica.name) ?? []
    return chain[chain.findIndex((epoch) => epoch.replica === replica) + 1]?.replica
  }

  /** The same for a subscriber that has everything of the epoch before: it is owed everything of this one, which comes from now on. */
  goOn(replica: Replica): Replica | undefined {
    const next = this.next(replica)
    if (next === undefined || next.definition.mode === 'leader') return next
    if (next.interestedSince === undefined)
      this.#host.handle({ kind: 'interest', replica: next, wanted: true, since: 0 })
    this.complete(next)
    return next
  }

  /** The number of an epoch: 0 for the first one of a stream that begins in gossip mode, 1 in leader mode. */
  numberOf(replica: Replica): number {
    return this.#chains.get(replica.name)?.find((epoch) => epoch.replica === replica)?.number ?? 0
  }

  /** The mode that a stream is to come into; undefined where that is the one that it is in. */
  wantedModeOf(name: string): StreamMode | undefined {
    const id = toStreamId(name)
    const known = this.#host.leader.ledgerOf(id)?.streams.get(id)
    return wantedMode(this.#chains.get(name)?.at(-1), known?.definition)
  }

  /** All epochs of a stream that are still here, oldest first. */
  all(name: string): readonly Replica[] {
    return (this.#chains.get(name) ?? []).map(({ replica }) => replica)
  }

  /** Forgets a stream that was removed, but for what the log has brought of the one that was made in its place. */
  remove(name: string): void {
    const { agent, boot, leader } = this.#host
    const stream = toStreamId(name)
    const end = this.#host.endOf(name)
    const used = Math.max(0, ...this.all(name).map(({ origins }) => origins.get(boot)?.last ?? 0))
    const [next, over] = splitAtNext(this.#chains.get(name) ?? [], end)
    for (const { replica } of over) this.#leave(replica)
    // Those that are over belong to it as well: nobody is told of them any more.
    for (const replica of agent.replicas.values())
      if (replica.stream === stream && !next.some((each) => each.replica === replica))
        agent.undefine(replica.id)
    leader.undefine(stream, used, end.behind)
    const [first] = next
    if (first !== undefined) this.#chains.set(name, [...this.#hidden(name, first.number), ...next])
    else {
      this.#chains.delete(name)
      this.#nodes.delete(name)
    }
  }

  /** Once a second: epochs that have ended, and hold nothing that anybody reads or may ask for, are forgotten. */
  onSecond(): void {
    const now = this.#host.now()
    // The log of a group tells also of streams that were removed meanwhile; and, before the catalog does, of those that were made again.
    for (const [name, chain] of this.#chains) {
      const { isRemoved, made = 0 } = this.#host.endOf(name)
      if (isRemoved && (chain.at(-1)?.replica.definition.made ?? 0) <= made) this.remove(name)
    }
    for (const [name, chain] of this.#chains) {
      this.#wish(name)
      shareRetention(chain)
      const subscribers = this.#host.subscribersOf(toStreamId(name))
      this.#rescue.run(chain.map(({ replica }) => replica))
      const kept = chain.filter(
        (epoch, at) => mayBeAskedFor(epoch, now) || isOwed(chain.slice(at + 1), subscribers),
      )
      if (kept.length === chain.length) continue
      for (const epoch of chain) if (!kept.includes(epoch)) this.#forget(epoch)
      this.#chains.set(name, kept)
    }
  }

  #wish(name: string): void {
    const [mode, present] = [this.wantedModeOf(name), this.#chains.get(name)?.at(-1)]
    if (mode === undefined || present === undefined) return
    this.#host.leader.wish({ ...present.replica.definition, mode }, present.number)
  }

  onSealed(stream: StreamLedger): SealedEpoch {
    const { agent, node, boot } = this.#host
    const replica = this.#chains.get(stream.definition.name)?.at(-1)?.replica
    assert(
      replica?.definition.mode === 'gossip',
      'only an epoch that has begun, and is in gossip mode, is sealed',
    )
    replica.freeze()
    const own = agent.nextSequence(replica) - 1
    return { next: own + 1, report: () => reportSealed(replica, node, boot, own) }
  }

  onEpoch(
    stream: StreamLedger,
    nodes: ReadonlyMap<Boot, NodeId>,
    leaderReplica: Replica | undefined,
  ): readonly LeftOver[] | undefined {
    const { definition, epoch } = stream
    let chain = this.#chains.get(definition.name) ?? this.#hidden(definition.name, epoch)
    // The catalog says in which mode a stream was last; how it began, the log knows.
    if (chain.length === 1 && (chain[0]?.number ?? 0) > epoch) chain = []
    const before = chain.at(-1)
    if (before !== undefined && before.number >= epoch) return undefined
    this.#nodes.set(definition.name, nodes)
    const behind = beginningOf(stream.sequences, leaderReplica)
    const rest = before === undefined ? [] : this.#end(before, behind, stream.since)
    const replica = leaderReplica ?? this.#openGossip(stream, nodes, before !== undefined)
    this.#chains.set(definition.name, [...chain, { number: epoch, replica, behind, endedAt: undefined }])
    this.#host.onCurrent(replica)
    // Whoever has everything of it goes on: there may be something here already.
    if (before !== undefined) this.#host.onEnded(before.replica)
    return rest
  }

  /** Asks for what this node lacks of an epoch in gossip mode that has ended; what nobody has any more is told then. */
  complete(replica: Replica): void {
    if (replica.definition.mode === 'leader') return
    const epoch = this.#chains.get(replica.name)?.find((each) => each.replica === replica)
    completeEpoch(this.#host, epoch ?? { replica, behind: new Map() }, this.#nodes.get(replica.name))
  }

  publishAgain({ definition, epoch }: StreamLedger, submissions: readonly Submission[]): void {
    publishAgain(this.#host, this.#chains.get(definition.name)?.at(-1)?.replica, epoch, submissions)
  }

  #begin(definition: StreamDefinition): Epoch {
    const { agent, leader } = this.#host
    const id = toStreamId(definition.name)
    const ledger = leader.ledgerOf(id)
    const known = ledger?.streams.get(id)
    if (ledger !== undefined && known !== undefined) return this.#resume(definition, known, ledger.nodes)
    // The numbers of one that was removed are used up, and only its nodes know them: leader mode begins behind what they say.
    const isLeader = definition.mode === 'leader' && definition.made === undefined
    const number = isLeader ? 1 : 0
    const epochId = toEpochId(definition.name, number, definition.made)
    const replica = isLeader
      ? leader.define(definition)
      : agent.define({ ...definition, mode: 'gossip' }, epochId)
    const epoch = { number, replica, behind: new Map(), endedAt: undefined }
    this.#chains.set(definition.name, [epoch])
    if (!isLeader) passUsedUp(this.#host, replica)
    return epoch
  }

  /** A stream that was removed, and is made again, goes on in the epoch in which its group has it: its numbers are used up. */
  #resume(wanted: StreamDefinition, stream: StreamLedger, nodes: ReadonlyMap<Boot, NodeId>): Epoch {
    const { epoch: number, sequences: behind, isSealing } = stream
    const definition = { ...wanted, mode: stream.definition.mode }
    this.#nodes.set(definition.name, nodes)
    const replica =
      definition.mode === 'leader'
        ? this.#host.leader.define(definition)
        : this.#openGossip({ ...stream, definition }, nodes, false)
    const present = { number, replica, behind, endedAt: undefined }
    this.#chains.set(definition.name, [...this.#hidden(definition.name, number), present])
    if (isSealing) replica.freeze()
    else if (definition.mode === 'gossip') passUsedUp(this.#host, replica)
    return present
  }

  /** Epochs of a stream that this node did not know to be made again: what came in them is the new one's. */
  #hidden(name: string, before: number): Epoch[] {
    return this.#host.leader.streams.heldBefore(toStreamId(name), before).map(([number, replica]) => {
      return { number, replica, behind: new Map(), endedAt: replica.endedAt }
    })
  }

  /** Ends an epoch: what belongs to it is delivered, or asked for; what does not goes on in the next one. */
  #end(epoch: Epoch, fence: ReadonlyMap<Boot, number>, at?: number): readonly LeftOver[] {
    const { replica } = epoch
    epoch.endedAt = this.#host.now()
    replica.endedAt = at ?? epoch.endedAt
    replica.endAt(fence)
    if (replica.definition.mode === 'leader') {
      passRest(replica, fence, this.#nodes.get(replica.name), epoch.endedAt)
      return []
    }
    if (replica.interestedSince !== undefined) this.complete(replica)
    return leftOverOf(replica, this.#host, fence)
  }

  /** The replica of an epoch in gossip mode that begins behind the sequences of the stream. Whoever reads in the one before is owed everything of it. */
  #openGossip(
    { definition, epoch, sequences }: StreamLedger,
    nodes: ReadonlyMap<Boot, NodeId>,
    hasBefore: boolean,
  ): Replica {
    const { agent } = this.#host
    // Of log and catalog, each may have been told only of the stream before this one.
    const made = laterOf(definition.made, this.#host.endOf(definition.name).made)
    const replica = agent.define({ ...definition, made }, toEpochId(definition.name, epoch, made))
    const isWanted = hasBefore && this.#host.subscribersOf(replica.stream).size > 0
    for (const [boot, to] of sequences) {
      const node = nodes.get(boot)
      if (node === undefined) continue
      const state = replica.originState(node, boot, this.#host.now())
      state.beginBehind(to)
      if (isWanted) replica.setBase(state, to)
    }
    if (isWanted) this.#host.handle({ kind: 'interest', replica, wanted: true, since: 0 })
    return replica
  }

  #forget({ replica }: Epoch): void {
    this.#leave(replica)
    if (replica.definition.mode === 'gossip') this.#host.agent.endEpoch(replica.id)
  }

  #leave(replica: Replica): void {
    const isRead = replica.definition.mode === 'gossip' && replica.interestedSince !== undefined
    if (isRead) this.#host.handle({ kind: 'interest', replica, wanted: false })
  }
}
