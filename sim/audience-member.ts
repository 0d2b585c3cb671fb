// One subscriber as its owner sees it: it outlives connections and restarts, and remembers nothing but its cursor. The
// invariants remember what it got.

import { startAfter } from '../node/broker/start.ts'
import type { Subscriber, SubscriberSink } from '../node/broker/subscriber.ts'
import type { NodeId } from '../node/core/common/ids.ts'
import type { FeedStart } from '../node/core/stream/feed.ts'
import { matches } from '../node/core/stream/pattern.ts'
import type { OriginState, Replica } from '../node/core/stream/replica.ts'
import { batchOffset } from '../node/wire/batch-header.ts'
import { BatchReader, readTopics } from '../node/wire/batch-reader.ts'
import { readU32 } from '../node/wire/bytes.ts'
import type { Cursor } from '../node/wire/cursor.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Received, World } from './world.ts'

const textDecoder = new TextDecoder()

export type MemberStart = 'now' | 'earliest' | 'cursor'

export class AudienceMember implements SubscriberSink {
  readonly number: number
  readonly kind: 'node' | 'client'
  readonly patterns: readonly string[]
  readonly #world: World
  readonly #reader = new BatchReader()
  /** The node at which it was made; a node's own subscription stays there. */
  home: NodeId | undefined
  /** Where it is subscribed; undefined between connections. */
  node: SimulatedNode | undefined
  subscriber: Subscriber | undefined
  /** Since when everything that is published must reach it; undefined until the first subscription is ready. */
  readyAt: number | undefined
  /** While true it takes nothing. */
  isStalled = false
  /** Where its last connection left it. */
  cursor: Cursor | undefined
  #sessions = 0

  constructor(world: World, number: number, kind: 'node' | 'client', patterns: readonly string[]) {
    this.#world = world
    this.number = number
    this.kind = kind
    this.patterns = patterns
  }

  get canTake(): boolean {
    return !this.isStalled
  }

  get isOpen(): boolean {
    return this.subscriber !== undefined && this.node?.isAlive === true
  }

  /** Whether one of its patterns stands for the topic. */
  wants(topic: string): boolean {
    return this.patterns.some((pattern) => matches(pattern, topic))
  }

  /** Subscribes at a node, from its cursor if it has one. */
  open(node: SimulatedNode, start: MemberStart): void {
    const broker = node.broker
    if (broker === undefined) return
    this.node = node
    const { cursor } = this
    const resumes = this.kind === 'node' && this.#sessions > 0
    this.#sessions++
    const sub = this.kind === 'node' ? `node-${this.number}` : `client-${this.number}.${this.#sessions}`
    const toStart = (replica: Replica): FeedStart => {
      if (cursor !== undefined) return startAfter(cursor, replica)
      return start === 'now' ? { kind: 'now' } : { kind: 'after', vector: new Map(), others: 'zero' }
    }
    node.own(sub, this)
    this.#world.tell(`${sub} subscribes ${this.patterns} at ${node.id} from ${cursor ? 'cursor' : start}`)
    this.subscriber = broker.subscribe(
      {
        sub,
        kind: this.kind,
        patterns: this.patterns,
        name: undefined,
        sink: this,
        start: toStart,
        cursor,
        resumes,
      },
      () => {
        this.readyAt ??= this.#world.timeline.now
      },
    )
  }

  /** The connection ends in order, or the node went down with it. */
  close(): void {
    const { subscriber, node } = this
    if (subscriber === undefined || node === undefined) return
    this.remember()
    this.subscriber = undefined
    this.node = undefined
    node.broker?.unsubscribe(subscriber)
  }

  /** The node crashed. What was handed over was taken, so the cursor is exact. */
  onCrash(): void {
    this.remember()
    this.subscriber = undefined
    this.node = undefined
  }

  batch(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
    count: number,
  ): void {
    const topics = readTopics(frame)
    if ('problem' in topics) throw new Error(`a delivered batch ${topics.problem}`)
    const records: Received[] = []
    const reader = this.#reader
    reader.open(frame)
    while (reader.next()) {
      if (reader.sequence < from) continue
      const { sequence, topicIndex, payloadStart, payloadEnd } = reader
      const payload = textDecoder.decode(frame.subarray(payloadStart, payloadEnd))
      records.push({ sequence, topic: topics.topics[topicIndex] ?? '', id: payload.trimEnd() })
    }
    if (reader.problem !== undefined) {
      throw new Error(`a delivered batch ${reader.problem} ${readU32(frame, batchOffset.topicsStart)}`)
    }
    if (records.length !== count) throw new Error(`a batch said ${count} messages and has ${records.length}`)
    this.#hand(replica, state, from, to, records)
  }

  gap(replica: Replica, state: OriginState, from: number, to: number): void {
    this.#hand(replica, state, from, to, undefined)
  }

  goOn(): void {
    this.node?.do(() => this.subscriber?.pump())
  }

  #hand(
    replica: Replica,
    state: OriginState,
    from: number,
    to: number,
    records: readonly Received[] | undefined,
  ): void {
    const { node } = this
    if (node === undefined) return
    const { tally, timeline, invariants } = this.#world
    tally.trace(timeline.now, this.number, replica.name, state.origin, from, to, records?.length ?? -1)
    tally.count(records === undefined ? 'gaps told' : 'messages delivered', records?.length ?? 1)
    if (records === undefined)
      this.#world.tell(`member ${this.number} gets gap ${state.origin} ${replica.name} ${from}-${to}`)
    for (const invariant of invariants) {
      invariant.onHanded?.({ member: this, node, replica, state, from, to, records })
    }
  }

  /** Keeps what the node says about where it stands. */
  remember(): void {
    this.cursor = this.subscriber?.cursor() ?? this.cursor
  }
}
