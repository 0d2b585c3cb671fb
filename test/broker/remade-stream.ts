// Node A, which leads the group of a stream alone, and hears of the stream's ends and beginnings whenever a test says it.

import assert from 'node:assert/strict'
import type { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import { epochAfter, epochOf, startAfter, startOf } from '../../node/broker/start.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import { type Boot, type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { Holding, PeerMessage } from '../../node/core/gossip/messages.ts'
import type { StreamDefinition, StreamMode } from '../../node/core/stream/definition.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import type { Ledger, StreamLedger } from '../../node/leader/ledger.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import { toDefinitionValue, toRemovalValue } from '../../node/wire/stream-definition.ts'
import { batchOf, textsOf } from '../leader/leader-batches.ts'
import { createBroker, lead } from './test-broker.ts'

const stream = toStreamId('orders')

export function definitionOf(mode: StreamMode, further: Partial<StreamDefinition> = {}): StreamDefinition {
  const retention = { bytes: 1_000_000, ageMs: 600_000_000 }
  return { name: 'orders', topics: ['orders.>'], mode, retention, copies: 0, replicas: 3, ...further }
}

export class RemadeStream {
  now = 1000
  readonly broker: Broker = createBroker({}, { now: () => this.now }).broker
  readonly #publisher: Publisher = new Publisher(this.broker, () => undefined)

  async define(definition: StreamDefinition): Promise<void> {
    this.#write(toDefinitionValue(definition))
    await lead(this.broker)
  }

  /** It is removed, with so much in leader mode. */
  remove(behind: number, made?: number): void {
    this.#write(toRemovalValue({ behind, made }))
  }

  async publish(text = ''): Promise<void> {
    const builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
    builder.append('orders.a', text, undefined, 0)
    assert.equal(this.#publisher.publish(builder.finish(1, 'copies')), undefined)
    await lead(this.broker)
  }

  /** What a subscriber gets that begins now, or behind so many messages of this node, or where a cursor stands. */
  subscribe(behind?: number | ReadonlyMap<string, number>): string[] {
    const got: string[] = []
    const had = typeof behind === 'object' ? behind : new Map([[this.broker.origin as string, behind ?? 0]])
    const cursor = new Map([['orders', had]])
    const sink: SubscriberSink = {
      canTake: true,
      batch: (_replica, _state, frame) => void got.push(...textsOf(frame)),
      gap: (_replica, { origin }, from, to) => void got.push(`gap ${origin} ${from}-${to}`),
    }
    const resumed = {
      cursor,
      start: (replica: Replica) => startAfter(cursor, replica),
      choose: epochAfter(cursor),
    }
    const fresh = { start: startOf(this.broker, 'now'), choose: epochOf('now') }
    this.broker.subscribe(
      {
        ...{ sub: 'reader', kind: 'client', patterns: ['orders.>'], name: undefined, sink },
        ...{ resumes: behind !== undefined, ...(behind === undefined ? fresh : resumed) },
      },
      () => undefined,
    )
    return got
  }

  /** A publisher on node B, where the new stream is known, has a message acknowledged. */
  async publishElsewhere(): Promise<void> {
    const { leader } = this.broker
    const { last = 0, sequences } = leader.ledgerOf(stream)?.streams.get(stream) ?? {}
    const from = (sequences?.get(2 as Boot) ?? 0) + 1
    const frame = batchOf({ boot: 2 as Boot, from, texts: ['new'], topic: 'orders.b' })
    leader.onSubmitted('B' as NodeId, 2 as Boot, frame)
    await lead(this.broker)
    assert.equal(this.ledgered.last, last + 1)
  }

  /** Node B, which runs as this boot, is linked to it, and answers as a test says. */
  link(boot: Boot, answer: (message: PeerMessage) => readonly PeerMessage[]): void {
    const from = 'B' as NodeId
    const hear = (message: PeerMessage): unknown => this.broker.handle({ kind: 'message', from, message })
    const sendToPeer = (_to: NodeId, message: PeerMessage): void =>
      void setImmediate(() => answer(message).forEach(hear))
    Object.assign(this.broker.ports, { sendToPeer })
    this.broker.handle({ kind: 'peerUp', peer: from, boot, budget: 1_000_000 })
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.now += 1000
      this.broker.handle({ kind: 'tick' })
      this.onSecond()
      await lead(this.broker)
    }
  }

  async switchTo(mode: StreamMode, further: Partial<StreamDefinition> = {}): Promise<void> {
    const { epoch } = this
    // Whoever wishes it asks until it is so; members that are down are waited for.
    for (let round = 0; round < 10 && this.epoch === epoch; round++) {
      this.broker.leader.wish(definitionOf(mode, further), epoch)
      this.now += 1000
      await lead(this.broker)
    }
    assert.equal(this.epoch, epoch + 1)
  }

  /** A floor that stands for everything comes, as to a node that was away. */
  restore(): void {
    const { leader, epochs } = this.broker
    leader.streams.restore(this.ledger, [])
    epochs.onEpoch(this.ledgered, this.ledger.nodes, leader.replicas.get(stream))
  }

  onSecond(): void {
    this.broker.leader.onSecond()
    this.broker.epochs.onSecond()
  }

  /** The number of its epoch, as its group has it. */
  get epoch(): number {
    return this.broker.leader.ledgerOf(stream)?.streams.get(stream)?.epoch ?? 0
  }

  get ledger(): Ledger {
    return this.broker.leader.ledgerOf(stream) ?? assert.fail('the group has begun')
  }

  get ledgered(): StreamLedger {
    return this.ledger.streams.get(stream) ?? assert.fail('the group has the stream')
  }

  /** Messages of the stream that are held, in all its epochs. */
  get held(): number {
    return this.broker.epochs.all('orders').reduce((sum, { messages }) => sum + messages, 0)
  }

  #write(value: unknown): void {
    this.broker.handle({ kind: 'write', key: toStreamKey('orders'), value })
  }
}

/** Of a node that holds nothing but what is said here. */
export function answerWith(message: PeerMessage, holdings: readonly Holding[] = []): readonly PeerMessage[] {
  if (message.kind === 'interest' && message.wanted) {
    const { stream, ageMs } = message
    return [{ kind: 'holdings', stream, answer: true, ageMs, holdings }]
  }
  if (message.kind === 'pull') return [{ kind: 'pulled', id: message.id, batches: 0, busy: false }]
  return []
}
