// What the journal is told of one subscription: where it began, what it got and how late, what it will not get, where it
// ended. `check` and `analyze` know a subscriber from these lines alone.

import type { NodeId } from '../core/common/ids.ts'
import type { StreamFeed } from '../core/stream/feed.ts'
import type { GapReason, OriginState, Replica } from '../core/stream/replica.ts'
import { batchBaseTime, batchFlag, batchOffset } from '../wire/batch-header.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import type { BrokerPorts } from './ports.ts'
import type { SubscriberOptions } from './subscriber.ts'
import { SubscriberOrder } from './subscriber-order.ts'

export class SubscriberJournal {
  readonly #ports: BrokerPorts
  readonly #options: SubscriberOptions
  readonly order: SubscriberOrder
  readonly #reader = new BatchReader()
  /** When the subscription was made; undefined if it goes on from a cursor, which may be owed what is older. */
  readonly #since: number | undefined
  /** Whether it wants what was published before it, of every origin that its node knows of. */
  #wantsPast = false

  constructor(ports: BrokerPorts, options: SubscriberOptions) {
    this.#ports = ports
    this.#options = options
    this.order = new SubscriberOrder(ports, options.sub)
    const { since, resumes, cursor } = options
    this.#since = since ?? (resumes || cursor !== undefined ? undefined : ports.now())
  }

  begin(replica: Replica): void {
    const { sub, kind, patterns, name, resumes, start } = this.#options
    const since = this.#since
    this.#wantsPast = since !== undefined && !resumes && start(replica).kind !== 'now'
    const named = name === undefined ? {} : { name }
    const made = since === undefined ? {} : { since }
    const stream = replica.name
    const at = this.#ports.now()
    this.#ports.recorder.subscriptionEvent({ t: 'sub', at, sub, kind, patterns, stream, ...named, ...made })
  }

  /** The subscription stands behind this sequence of an origin. */
  base(feed: StreamFeed, state: OriginState): void {
    this.baseAt(feed.replica, state.origin, feed.passed(state))
  }

  /**
   * The same of an origin that the node may not know. 0 needs no line, unless nothing else would tell an origin that is wanted
   * from its first message on from one that was over and forgotten before.
   */
  baseAt(replica: Replica, origin: string, seq: number): void {
    if (seq === 0 && !this.#wantsPast) return
    const { sub } = this.#options
    const at = this.#ports.now()
    this.#ports.recorder.subscriptionEvent({ t: 'base', at, sub, stream: replica.name, origin, seq })
  }

  end(feed: StreamFeed): void {
    const seqs = Object.fromEntries(feed.positions())
    const { sub } = this.#options
    const stream = feed.replica.name
    this.order.end(feed.replica)
    this.#ports.recorder.subscriptionEvent({ t: 'end', at: this.#ports.now(), sub, stream, seqs })
  }

  gap(replica: Replica, state: OriginState, from: number, to: number, reason: GapReason, at: number): void {
    const { sub } = this.#options
    const { origin } = state
    this.#ports.count('gapsTold', 1)
    this.#ports.recorder.subscriptionEvent({
      t: 'gap',
      at,
      sub,
      stream: replica.name,
      origin,
      from,
      to,
      reason,
    })
  }

  /** A batch was delivered whole from `from` on. */
  delivered(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    topics: readonly string[],
    from: number,
    to: number,
    at: number,
  ): void {
    this.#ports.recorder.delivered(this.#options.sub, replica.name, state.origin, from, to, at)
    if (replica.definition.mode === 'leader') this.order.pass(replica, frame, from, to)
    const onlyTopic = topics.length === 1 ? topics[0] : undefined
    const hasTimes = ((frame[batchOffset.flags] as number) & batchFlag.times) !== 0
    // One value stands for the whole batch, unless records carry times or topics of their own.
    if (onlyTopic === undefined || hasTimes)
      this.#latencies(replica.name, state.node, frame, topics, from, at)
    else {
      const latencyUs = (at - batchBaseTime(frame)) * 1000
      this.#ports.recorder.latency(replica.name, onlyTopic, state.node, latencyUs, to - from + 1)
    }
  }

  /** A filtered batch was delivered from `from` on; returns its messages. */
  deliveredSome(
    replica: Replica,
    state: OriginState,
    frame: Uint8Array,
    topics: readonly string[],
    from: number,
    at: number,
  ): number {
    const reader = this.#reader
    reader.open(frame)
    this.order.leave(replica)
    let count = 0
    while (reader.next()) {
      const { sequence } = reader
      if (sequence < from) continue
      count++
      this.#ports.recorder.delivered(this.#options.sub, replica.name, state.origin, sequence, sequence, at)
    }
    this.#latencies(replica.name, state.node, frame, topics, from, at)
    return count
  }

  #latencies(
    stream: string,
    node: NodeId,
    frame: Uint8Array,
    topics: readonly string[],
    from: number,
    at: number,
  ): void {
    const reader = this.#reader
    reader.open(frame)
    while (reader.next()) {
      if (reader.sequence < from) continue
      const latencyUs = (at - reader.time) * 1000
      this.#ports.recorder.latency(stream, topics[reader.topicIndex] ?? '', node, latencyUs, 1)
    }
  }
}
