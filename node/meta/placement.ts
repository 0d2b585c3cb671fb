// Who of the members is in which group: by rendezvous hashing (Thaler and Ravishankar 1998), so that groups spread over nodes, and one node
// more or less moves few of them.

import { type NodeId, toStreamId } from '../core/common/ids.ts'

/** Members in the order in which they are wanted in a group. A node keeps its place over another data directory. */
export function byWeight<Member extends { readonly node: NodeId }>(
  group: number,
  members: Iterable<Member>,
): Member[] {
  const weighed = Array.from(members, (member) => ({ member, weight: toStreamId(`${group} ${member.node}`) }))
  return weighed
    .toSorted((a, b) => b.weight - a.weight || (a.member.node < b.member.node ? -1 : 1))
    .map(({ member }) => member)
}
