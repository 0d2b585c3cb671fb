// Everything of one run that its parts and the invariants look at, and the error that ends a run.

import type { SubscriptionEventLine } from '../node/core/common/journal-lines.ts'
import type { PeerMessage } from '../node/core/gossip/messages.ts'
import type { OriginState, Replica } from '../node/core/stream/replica.ts'
import type { AudienceMember } from './audience-member.ts'
import type { Network } from './network.ts'
import type { Plan } from './plan.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Tally } from './tally.ts'
import type { Timeline } from './timeline.ts'
import type { Message, Truth } from './truth.ts'

/** One record that reached a subscriber. */
export interface Received {
  readonly sequence: number
  readonly topic: string
  readonly id: string
}

/** An item of a feed as it reached a subscriber: a batch of from..to with those records, or a gap. */
export interface Handed {
  readonly member: AudienceMember
  readonly node: SimulatedNode
  readonly replica: Replica
  readonly state: OriginState
  readonly from: number
  readonly to: number
  /** Undefined for a gap. */
  readonly records: readonly Received[] | undefined
}

/** A promise of the system, checked while a run goes on and at its end. Breaking it calls `world.fail`. */
export interface Invariant {
  readonly name: string
  onHanded?(handed: Handed): void
  /** A subscription line was written to the journal of a node. */
  onSubscriptionLine?(member: AudienceMember, line: SubscriptionEventLine): void
  /** A publication that asked for copies was acknowledged. */
  onCopies?(message: Message, needed: number): void
  /** A node has handled its tick. */
  onTick?(node: SimulatedNode): void
  /** All faults are over and the promised time has passed. */
  onQuiet?(): void
  /** Some more time has passed, long enough for every wait to end. */
  onEnd?(): void
}

export interface World {
  readonly plan: Plan
  readonly timeline: Timeline
  readonly network: Network<PeerMessage>
  readonly truth: Truth
  readonly tally: Tally
  readonly nodes: readonly SimulatedNode[]
  readonly audience: readonly AudienceMember[]
  readonly invariants: readonly Invariant[]
  /** Writes a line into the story of the run. */
  tell(event: string): void
}
