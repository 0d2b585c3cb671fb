// How a cluster begins: a node with an empty log cannot know whether it is new or has lost its disk, and must not vote on a guess. So one node,
// the first in peers.json, founds the cluster, once and only when all nodes there have told it that they are new as well: as long as
// anybody has a cluster, there is never a second one. Who has had to give up a damaged log is not new: where that befalls all nodes at once, they
// must not begin with offset 1 again as if nothing had been acknowledged.

import type { NodeId } from '../core/common/ids.ts'
import type { MemberId } from '../core/raft/quorum.ts'

export class Founding {
  readonly #node: NodeId
  /** All nodes of peers.json, in order. */
  readonly #nodes: readonly NodeId[]
  readonly #fresh = new Map<NodeId, MemberId>()

  readonly #isNew: boolean

  constructor(node: NodeId, member: MemberId, nodes: Iterable<NodeId>, isNew: boolean) {
    this.#node = node
    this.#isNew = isNew
    this.#nodes = [...new Set([...nodes, node])].sort()
    if (isNew) this.#fresh.set(node, member)
  }

  /** Whether a node is to hear that this one is new. */
  isTold(node: NodeId): boolean {
    return this.#isNew && node === this.founder
  }

  /** Who founds. A node tells no other one that it is new: with two different peers.json, no node helps to found two clusters. */
  get founder(): NodeId {
    return this.#nodes[0] ?? this.#node
  }

  /** A node says that it belongs to no cluster. */
  onFresh(node: NodeId, member: MemberId): void {
    if (this.#nodes.includes(node)) this.#fresh.set(node, member)
  }

  /** A node that comes back may have been wiped, or belong to a cluster by then. */
  onPeerDown(node: NodeId): void {
    if (node !== this.#node) this.#fresh.delete(node)
  }

  /** Those that found the cluster together; undefined while this node is not to begin it. */
  get founders(): ReadonlyMap<NodeId, MemberId> | undefined {
    const isDue = this.founder === this.#node && this.#fresh.size === this.#nodes.length
    return isDue ? this.#fresh : undefined
  }
}
