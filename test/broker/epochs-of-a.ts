// Node A with the epochs of one stream, beside node B.

import { Confirmations } from '../../node/broker/confirmations.ts'
import { Epochs, type EpochsHost } from '../../node/broker/epochs.ts'
import type { StreamEnd } from '../../node/broker/stream-table.ts'
import { type Boot, type NodeId, type Origin, toOrigin } from '../../node/core/common/ids.ts'
import { GossipAgent, type GossipInput } from '../../node/core/gossip/agent.ts'
import type { StreamDefinition, StreamMode } from '../../node/core/stream/definition.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import type { OriginState, Replica } from '../../node/core/stream/replica.ts'
import type { LeaderAgent } from '../../node/leader/agent.ts'
import type { StreamLedger } from '../../node/leader/ledger.ts'
import { batchOf, orders } from '../leader/leader-batches.ts'
import { createTestLeader } from '../leader/test-leader.ts'

export const A = 'A' as NodeId
export const B = 'B' as NodeId
export const a = 1 as Boot
export const b = 2 as Boot
export const nodes: ReadonlyMap<Boot, NodeId> = new Map([
  [a, A],
  [b, B],
])
export const ofB: Origin = toOrigin(B, b)
export const gossip: StreamDefinition = { ...orders, mode: 'gossip' }

/** What the ledger of the group says of the stream. */
export function ledgerOf(
  mode: StreamMode,
  epoch: number,
  sequences: Readonly<Record<number, number>>,
): StreamLedger {
  const pairs = Object.entries(sequences).map(([boot, to]): [Boot, number] => [Number(boot) as Boot, to])
  return { definition: { ...orders, mode }, epoch, isSealing: false, last: 0, sequences: new Map(pairs) }
}

/** Node A beside node B, with a subscriber of the stream, which begins in gossip mode. */
export class EpochsOfA implements EpochsHost {
  readonly boot: Boot = a
  /** Milliseconds. */
  time: number = 1000
  readonly now = (): number => this.time
  readonly node: NodeId = A
  readonly agent: GossipAgent = new GossipAgent(A, a, [A, B])
  readonly leader: LeaderAgent = createTestLeader()
  readonly confirmations: Confirmations = new Confirmations()
  readonly epochs: Epochs = new Epochs(this)
  readonly allocate = (bytes: number): Uint8Array => new Uint8Array(bytes)
  /** Inputs of the gossip agent that the epochs have made. */
  inputs: GossipInput[] = []
  readonly current: Replica[] = []
  readonly publishedAgain: number[] = []
  readonly removed: Set<string> = new Set()
  readonly first: Replica
  /** Where the subscriber reads; undefined before it begins. */
  reads: Replica | undefined

  constructor() {
    this.agent.handle({ kind: 'peerUp', peer: B, boot: b, budget: 1_000_000 }, 1000)
    this.first = this.epochs.define(gossip)
    this.handle({ kind: 'interest', replica: this.first, wanted: true })
    const holdings = [{ node: B, boot: b, first: 0, last: 0, base: 0 }]
    const answer = { kind: 'holdings', stream: this.first.id, answer: true, holdings } as const
    this.handle({ kind: 'message', from: B, message: answer })
    this.inputs = []
  }

  handle(input: GossipInput): void {
    this.inputs.push(input)
    this.agent.handle(input, 1000)
  }

  subscribersOf(): ReturnType<EpochsHost['subscribersOf']> {
    return new Set([
      { feedOf: (replica) => (replica === this.reads ? new LogFeed(replica, { kind: 'now' }) : undefined) },
    ])
  }

  onPublishedAgain(_replica: Replica, _from: number, to: number): void {
    this.publishedAgain.push(to)
  }

  onEnded(): void {}

  endOf(name: string): StreamEnd {
    return { isRemoved: this.removed.has(name), behind: undefined, made: undefined }
  }

  onCurrent(replica: Replica): void {
    this.current.push(replica)
  }

  /** This node publishes the message with its next number. */
  publish(from: number): void {
    const frame = batchOf({ boot: a, from, texts: [`${from}`] })
    this.handle({ kind: 'publish', replica: this.first, frame, count: 1, confirm: false, token: 0 })
  }

  /** A batch of B comes, with so many messages. */
  receive(from: number, count: number): void {
    const frame = batchOf({ boot: b, from, texts: Array.from({ length: count }, (_, at) => `${from + at}`) })
    const message = {
      kind: 'batch',
      stream: this.first.id,
      boot: b,
      from,
      count,
      confirm: false,
      frame,
    } as const
    this.agent.handle({ kind: 'message', from: B, message }, 1000)
  }

  get stateOfB(): OriginState {
    return this.first.originState(B, b, 1000)
  }
}
