// What is still to happen before everything is as it was promised for quiet times: every group led, every publication placed, every
// member and every subscriber at the end of the one order.

import { toStreamId } from '../../node/core/common/ids.ts'
import type { LeaderAgent } from '../../node/leader/agent.ts'
import type { LeaderNode } from './leader-node.ts'
import type { LeaderWorld } from './world.ts'

/** What is unsettled; empty when nothing is. */
export function unsettled(world: LeaderWorld): string[] {
  const problems: string[] = []
  for (const node of world.nodes) {
    if (!node.isAlive) problems.push(`${node.id} is down`)
    if (node.isAlive) problems.push(...unsettledOn(world, node))
  }
  for (const { node, boot, stream, from, outcome } of world.publications.all) {
    if (!world.nodes.some((each) => each.boot === boot)) continue
    const isPlaced = world.order.streamOf(stream).find(boot, from) !== undefined
    if (!isPlaced || outcome === undefined) problems.push(`${node} waits for the place of ${from}`)
  }
  for (const { number, node, stream, passedRecords, feed } of world.audience) {
    const { last, voidRecords } = world.order.streamOf(toStreamId(stream))
    if (node === undefined) problems.push(`subscriber ${number} is not connected`)
    else if (feed === undefined || passedRecords !== last + voidRecords)
      problems.push(
        `subscriber ${number} of ${stream} at ${node.id} has passed ${passedRecords} of ${last + voidRecords}`,
      )
  }
  return problems
}

function unsettledOn(world: LeaderWorld, node: LeaderNode): string[] {
  const { agent } = node
  if (agent === undefined) return []
  return [...agent.replicas.values()].flatMap((replica) => {
    const status = agent.statusOf(replica)
    const { last } = world.order.streamOf(toStreamId(replica.name))
    const where = `${node.id}, ${replica.name}`
    const problems: string[] = []
    if (status.leader === undefined) problems.push(`${where}: no leader of group ${status.group} is known`)
    if (status.last !== last) problems.push(`${where}: it is at ${status.last}, the end is ${last}`)
    const wanted = wantedVoters(agent, status.group)
    if (status.voters.length !== wanted)
      problems.push(`${where}: ${status.voters.join('')} vote in group ${status.group}, not ${wanted}`)
    if (status.lag > 0) problems.push(`${where}: ${status.lag} entries are not applied`)
    const waiting = agent.waitingBytes(replica)
    if (waiting > 0) problems.push(`${where}: ${waiting} bytes wait for a place`)
    return problems
  })
}

/** As many as the stream of a group that asks for most, or all members. */
function wantedVoters(agent: LeaderAgent, group: number | undefined): number {
  const replicas = [...agent.replicas.values()].filter((replica) => agent.statusOf(replica).group === group)
  const asked = replicas.map(({ definition }) => definition.replicas)
  return Math.min(Math.max(...asked), agent.cluster.roster?.nodes.length ?? 0)
}
