// Which groups a cluster has, who is in each, and which of them a stream belongs to. Every node works it out alike from the ids in
// peers.json; a group that exists goes on with the members that its log names.

import { type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import { emptyConfiguration } from '../core/raft/configuration.ts'

/** More groups than this would cost heartbeats and spread nothing any more. */
const groupsMax = 10
/** Who decides; everybody else learns. */
const votersMax = 3

export class Placement {
  /** In the order of their ids: a node is the member with its place in this list, counted from 1. */
  readonly nodes: readonly NodeId[]
  readonly groupCount: number

  constructor(nodes: Iterable<NodeId>) {
    this.nodes = [...nodes].sort()
    this.groupCount = Math.min(this.nodes.length, groupsMax)
  }

  /** Whether there is a group of this number. */
  has(group: number): boolean {
    return group >= 1 && group <= this.groupCount
  }

  /** The group of a stream, 1..groupCount. */
  groupOf(stream: StreamId): number {
    return 1 + (stream % this.groupCount)
  }

  memberOf(node: NodeId): number {
    return this.nodes.indexOf(node) + 1
  }

  nodeOf(member: number): NodeId | undefined {
    return this.nodes[member - 1]
  }

  /** The members that a group begins with: voters by rendezvous hashing (Thaler and Ravishankar 1998), so that groups spread over nodes. */
  configurationOf(group: number): ConfigurationRecord {
    const members = this.nodes.map((node, at) => ({ id: at + 1, weight: toStreamId(`${group} ${node}`) }))
    const byWeight = members.toSorted((a, b) => b.weight - a.weight || a.id - b.id).map(({ id }) => id)
    const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b)
    return {
      ...emptyConfiguration,
      voters: ascending(byWeight.slice(0, votersMax)),
      learners: ascending(byWeight.slice(votersMax)),
    }
  }
}
