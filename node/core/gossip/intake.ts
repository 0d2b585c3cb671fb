// What comes over the links as batches: it is kept, delivered when it is next in sequence, confirmed to an origin that
// wants to know, and a hole before it is asked for.

import type { Boot } from '../common/ids.ts'
import type { NumberedBatch } from '../stream/entry.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import { count, type GossipContext, liveOrigin, type PeerState, send } from './context.ts'
import type { BatchMessage } from './messages.ts'
import type { Wants } from './wants.ts'

/** An origin whose boot is over is forgotten this much longer than retention after its last message. */
const forgetFactor = 2

export class Intake {
  readonly #context: GossipContext
  readonly #wants: Wants

  constructor(context: GossipContext, wants: Wants) {
    this.#context = context
    this.#wants = wants
  }

  onBatch(peer: PeerState, message: BatchMessage): void {
    const context = this.#context
    count(context, 'batchesFromPeers')
    const replica = context.replicas.get(message.stream)
    // Who sends it may know already that the stream has come back; it is asked for when this node knows.
    if (replica === undefined || replica.isRemoved) return count(context, 'batchesOfUnknownStream')
    const state = this.#stateOf(replica, message.boot, peer)
    if (state === undefined) return count(context, 'batchesOfUnknownOrigin')
    const to = message.from + message.count - 1
    const { heldBackBytes } = replica
    const entry = replica.insert(state, message, context.now)
    this.#wants.onBatch(peer, state, message.from, to, entry === 'full')
    if (entry === 'full') return count(context, 'batchesRefusedHeldBack')
    if (entry === 'copy') count(context, 'batchCopies')
    else this.#onEntry(replica, state, message.from)
    // What has just been set free behind a hole must be seen before retention looks at it.
    if (replica.heldBackBytes >= heldBackBytes) replica.trim(context.now)
    // Not of a batch larger than all that may be retained.
    const isHeld = message.confirm && state.log.missing(message.from, to).length === 0
    const origin = isHeld ? liveOrigin(context, state) : undefined
    if (origin !== undefined) {
      const { stream, boot, from } = message
      send(context, origin, { kind: 'held', stream, boot, from, to })
    }
  }

  /** Takes a batch that no link has brought. */
  adopt(replica: Replica, state: OriginState, batch: NumberedBatch): void {
    const entry = replica.insert(state, batch, this.#context.now)
    if (typeof entry === 'object') this.#onEntry(replica, state, batch.from)
  }

  /** Once per tick: what retention no longer covers goes, and so do origins of which nothing is left. */
  expire(): void {
    for (const replica of this.#context.replicas.values()) {
      replica.trim(this.#context.now)
      this.#forgetOrigins(replica)
      this.#wantHoles(replica)
    }
  }

  #onEntry(replica: Replica, state: OriginState, from: number): void {
    if (replica.advance(state)) this.#context.effects.push({ kind: 'delivered', replica })
    else if (state.position !== undefined && from <= state.position) {
      // A feed that replays waits for it, and retention may not leave it here for long.
      this.#context.effects.push({ kind: 'delivered', replica })
    } else if (state.position !== undefined) {
      this.#wants.add(replica, state, state.position + 1, from - 1)
    }
  }

  /** The origin of a batch: one that was told of before, or the peer itself. */
  #stateOf(replica: Replica, boot: Boot, peer: PeerState): OriginState | undefined {
    const state = replica.origins.get(boot)
    if (state !== undefined || peer.boot !== boot) return state
    return replica.originState(peer.id, boot, this.#context.now)
  }

  /** Nothing stays held back behind a hole that nobody asks for. */
  #wantHoles(replica: Replica): void {
    if (replica.heldBackBytes === 0) return
    for (const state of replica.origins.values()) {
      const hole = replica.holeBefore(state)
      if (hole !== undefined) this.#wants.add(replica, state, hole.from, hole.to)
    }
  }

  /** Origins whose boot is over leave once retention has passed everywhere, so that vectors stay small; those of an epoch that has ended, with it. */
  #forgetOrigins(replica: Replica): void {
    if (replica.fence !== undefined) return
    const { now, boot } = this.#context
    const patience = replica.definition.retention.ageMs * forgetFactor
    for (const state of replica.origins.values()) {
      const isOver = state.boot !== boot && liveOrigin(this.#context, state) === undefined
      if (isOver && state.lastHeard < now - patience && !this.#wants.has(state)) replica.forget(state.boot)
    }
  }
}
