// Members of a queue on a cluster of agents in one process, whose clients work on messages when the test says so.

import assert from 'node:assert/strict'
import { beginOf } from '../../node/broker/queue-join.ts'
import type { QueueMember } from '../../node/broker/queue-member.ts'
import { QueueMembers } from '../../node/broker/queue-members.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import { TopicTables } from '../../node/broker/topic-tables.ts'
import { Counters } from '../../node/core/common/counters.ts'
import { toOrigin } from '../../node/core/common/ids.ts'
import type { SubscriptionEventLine } from '../../node/core/common/journal-lines.ts'
import type { SubscribeRequest } from '../../node/wire/control.ts'
import type { ClusterNode } from '../leader/cluster-node.ts'
import { textsOf } from '../leader/leader-batches.ts'
import type { LeaderCluster } from '../leader/leader-cluster.ts'

/** A client that is a member. */
export class TestMember implements SubscriberSink {
  readonly node: ClusterNode
  /** Texts that it was sent and has not worked on. */
  waiting: string[] = []
  readonly worked: string[] = []
  readonly gaps: string[] = []
  isJoined = false
  endedWith: string | undefined
  endedFor: string | undefined
  credit: number = Number.POSITIVE_INFINITY
  readonly #log: string[]
  member: QueueMember | undefined

  /** `log`: what all members have worked on, in its order. */
  constructor(node: ClusterNode, log: string[]) {
    this.node = node
    this.#log = log
  }

  get canTake(): boolean {
    return this.waiting.length < this.credit
  }

  batch(...[, , frame, , , count]: Parameters<SubscriberSink['batch']>): void {
    const texts = textsOf(frame)
    assert.equal(texts.length, count)
    this.waiting.push(...texts)
  }

  gap(...[, state, from, to]: Parameters<SubscriberSink['gap']>): void {
    this.gaps.push(`${state.origin} ${from}-${to}`)
  }

  /** Works on the next messages, on all by default. */
  work(count: number = this.waiting.length): void {
    const texts = this.waiting.splice(0, count)
    this.worked.push(...texts)
    this.#log.push(...texts)
    this.member?.onConsumed(this.worked.length)
  }
}

/** What the broker of one run of a node has of queues. */
interface NodeQueues {
  readonly boot: number
  readonly members: QueueMembers
  readonly lines: SubscriptionEventLine[]
  subs: number
}

export class QueueCluster {
  readonly cluster: LeaderCluster
  /** What all members have worked on, in its order. */
  readonly worked: string[] = []
  isStreamRemoved = false
  readonly #nodes = new Map<ClusterNode, NodeQueues>()

  constructor(cluster: LeaderCluster) {
    this.cluster = cluster
  }

  /** A client on a node joins the queue. */
  join(
    node: ClusterNode,
    options: {
      readonly credit?: number
      readonly key?: string
      readonly patterns?: string
      /** Where the queue begins if it is new: with the first message by default. */
      readonly from?: SubscribeRequest['from']
    } = {},
  ): TestMember {
    const queues = this.#queuesOf(node)
    const client = new TestMember(node, this.worked)
    client.credit = options.credit ?? client.credit
    const newSub = (): string => `${toOrigin(node.id, node.boot)}/${++queues.subs}`
    client.member = queues.members.join(newSub(), {
      ...{ stream: 'orders', name: 'workers', patterns: [options.patterns ?? 'orders.>'], key: options.key },
      ...{ sink: client, newSub },
      begin: (replica) =>
        beginOf([replica], node.agent.statusOf(replica).last, options.from ?? { offset: 1 }),
      onJoined: () => {
        client.isJoined = true
      },
      onEnded: (code, reason) => {
        client.endedWith = code
        client.endedFor = reason
      },
    })
    return client
  }

  /** The client of a member goes, with what it has not worked on. */
  leave({ node, member }: TestMember): void {
    assert.ok(member)
    this.#queuesOf(node).members.leave(member, true, () => undefined)
  }

  /** Time passes, and members are told of what their nodes have. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 50) {
      this.cluster.advance(50)
      this.pump()
    }
  }

  pump(): void {
    for (const [node, { members, boot }] of this.#nodes)
      if (node.isUp && node.boot === boot) members.onDelivered(node.replica())
  }

  onSecond(): void {
    for (const { members } of this.#nodes.values()) members.onSecond()
  }

  /** What the journal of a node was told in its present run. */
  linesOf(node: ClusterNode): readonly SubscriptionEventLine[] {
    return this.#queuesOf(node).lines
  }

  #queuesOf(node: ClusterNode): NodeQueues {
    const known = this.#nodes.get(node)
    if (known?.boot === node.boot) return known
    const { cluster } = this
    const lines: SubscriptionEventLine[] = []
    const counters = new Counters()
    const members = new QueueMembers({
      origin: toOrigin(node.id, node.boot),
      leader: node.agent,
      topicTables: new TopicTables(),
      epochs: { all: () => (this.isStreamRemoved ? [] : [node.replica()]) },
      ports: {
        now: () => cluster.now,
        endOfTurn: (callback) => setImmediate(callback),
        deferAnswers: () => undefined,
        after: () => undefined,
        sendToPeer: () => undefined,
        count: (counter, by) => counters.increment(counter, by),
        allocate: (bytes) => new Uint8Array(bytes).fill(0xab),
        onCatalogChanged: () => undefined,
        recorder: {
          sent: () => undefined,
          sentMixed: () => undefined,
          placed: () => undefined,
          voided: () => undefined,
          unplaced: () => undefined,
          delivered: () => undefined,
          latency: () => undefined,
          subscriptionEvent: (line) => lines.push(line),
          stream: () => undefined,
        },
      },
    })
    const made = { boot: node.boot, members, lines, subs: 0 }
    this.#nodes.set(node, made)
    return made
  }
}
