// How a cluster begins: a node with an empty log cannot know whether it is new or has lost its disk, and must not vote on a guess. So one node,
// the first in peers.json, founds the cluster, and only once a majority of the nodes there have said that they are new as well: of a
// cluster that lives, and has not lost a majority of its disks, somebody among them would know.

import type { NodeId } from '../core/common/ids.ts'
import type { MemberId } from '../core/raft/quorum.ts'

/** So long whoever founds waits for those that have not answered, milliseconds: they would have to join one by one. */
const patienceMs = 500

export class Founding {
  readonly #node: NodeId
  /** All nodes of peers.json, in order. */
  readonly #nodes: readonly NodeId[]
  readonly #fresh = new Map<NodeId, MemberId>()
  #since: number | undefined

  constructor(node: NodeId, member: MemberId, nodes: Iterable<NodeId>) {
    this.#node = node
    this.#nodes = [...new Set([...nodes, node])].sort()
    this.#fresh.set(node, member)
  }

  /** Who founds. A node tells no other one that it is new: with two different peers.json, no node helps to found two clusters. */
  get founder(): NodeId {
    return this.#nodes[0] ?? this.#node
  }

  /** A node says that it belongs to no cluster. */
  onFresh(node: NodeId, member: MemberId): void {
    if (this.#nodes.includes(node)) this.#fresh.set(node, member)
  }

  /** A node that comes back may have been wiped. */
  onPeerDown(node: NodeId): void {
    if (node !== this.#node) this.#fresh.delete(node)
  }

  /** Those that found the cluster together; undefined while this node is not to begin it. */
  founders(now: number): ReadonlyMap<NodeId, MemberId> | undefined {
    if (this.founder !== this.#node || this.#fresh.size * 2 <= this.#nodes.length) return undefined
    this.#since ??= now
    const isComplete = this.#fresh.size === this.#nodes.length
    return isComplete || now - this.#since >= patienceMs ? this.#fresh : undefined
  }
}
