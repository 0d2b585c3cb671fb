// Holes in what is held of nodes that are gone: what lies behind one waits for it, until nobody can hold what is in it any more.

import type { Boot, NodeId } from '../core/common/ids.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'

/**
 * Whoever holds what is in a hole takes it over within a second of being in reach, and then it waits up to two for the leader; what has not come while
 * everybody was in reach for so long is nobody's, milliseconds.
 */
const holeWaitsMs = 5000

export interface HolesHost {
  readonly node: NodeId
  readonly boot: Boot
  readonly agent: { readonly peers: ReadonlyMap<NodeId, { readonly boot: Boot | undefined }> }
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class Holes {
  readonly #host: HolesHost
  readonly #holes = new WeakMap<OriginState, { readonly at: number; readonly since: number }>()
  /** Since when all nodes of the cluster have been in reach. */
  #allInReachSince: number | undefined

  constructor(host: HolesHost) {
    this.#host = host
  }

  /** From time to time: who is in reach. */
  look(): void {
    const { agent, now } = this.#host
    const areAllInReach = [...agent.peers.values()].every(({ boot }) => boot !== undefined)
    this.#allInReachSince = areAllInReach ? (this.#allInReachSince ?? now()) : undefined
  }

  /**
   * Whether what is missing of an origin from a sequence on will not come: the origin is gone, and nobody has brought it while all were in reach, or for as
   * long as the stream retains messages. Whoever asks first is told no.
   */
  isGivenUp(state: OriginState, { definition }: Replica, at: number): boolean {
    const now = this.#host.now()
    const known = this.#holes.get(state)
    const hole = known?.at === at ? known : { at, since: now }
    this.#holes.set(state, hole)
    if (this.#isRunning(state)) return false
    if (now - hole.since >= definition.retention.ageMs) return true
    const since = this.#allInReachSince
    return since !== undefined && this.#isOver(state) && now - Math.max(since, hole.since) >= holeWaitsMs
  }

  /** The boot is at the other end of a link: it says itself what it has. */
  #isRunning({ node, boot }: OriginState): boolean {
    return this.#host.agent.peers.get(node)?.boot === boot
  }

  /** Another boot of the node runs, or the node has left the cluster. */
  #isOver({ node, boot }: OriginState): boolean {
    const { node: self, boot: own, agent } = this.#host
    const peer = agent.peers.get(node)
    if (node === self) return boot !== own
    return peer === undefined || (peer.boot !== undefined && peer.boot !== boot)
  }
}
