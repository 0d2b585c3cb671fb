// What is still to happen in the switching world before everything is as it was promised for quiet times: every node in the same epoch,
// every publication answered, every reader with everything.

import type { Boot } from '../../node/core/common/ids.ts'
import type { IsThere } from './messages.ts'
import { mayDrop } from './plan.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingWorld } from './world.ts'

/** The promise: everything is settled so long after the links are up. */
const settlesWithinMs = 20_000
/**
 * Holes in what is left over of a node that is gone are passed by one behind the other (docs/switching.md), since nobody may bring what lies behind
 * one before it. Each has five seconds, rounded up to the next look on a clock that may be slow, after one to find it, and its gap two for the leader.
 */
const passesNextWithinMs = 10_000

/** When everything must be settled; `lossAt`: when anybody was last told a loss. */
export function settlesBy(linksUpAt: number, lossAt: number): number {
  return Math.max(linksUpAt + settlesWithinMs, lossAt + passesNextWithinMs)
}

/** What is unsettled; empty when nothing is. */
export function unsettled(
  { plan, nodes, audience, verdict, queues }: SwitchingWorld,
  names: readonly string[],
): string[] {
  const isRunning = (boot: Boot): boolean => nodes.some((node) => node.boot === boot)
  const isThere: IsThere = ({ stream, boot, sequence, holders }, hasPlace) => {
    // Nobody forgets what is owed to somebody (protocol R6).
    if (!mayDrop(plan) && (hasPlace || isRunning(boot) || [...holders].some(isRunning))) return true
    return isHeld(nodes, stream, boot, sequence)
  }
  const problems = nodes.filter(({ isAlive }) => !isAlive).map(({ id }) => `${id} is down`)
  for (const name of names) {
    const epochs = nodes.map(({ view }) => view?.epochOf(name))
    if (epochs.some((epoch) => epoch === undefined || epoch !== epochs[0]))
      problems.push(`stream ${name} is in epochs ${epochs.map((epoch) => epoch ?? 'none')}`)
  }
  const unanswered = verdict.unanswered(isRunning)
  if (unanswered > 0) problems.push(`${unanswered} publications have no answer`)
  for (const reader of audience) {
    if (!names.includes(reader.stream)) continue
    const [problem] = verdict.problems(reader, isThere)
    if (problem !== undefined) problems.push(`${problem} at ${reader.node?.id}: ${reader.position}`)
  }
  for (const name of names) {
    const hasQueue = plan.workers > 0 && !mayDrop(plan) && nodes.every(({ view }) => view?.hasOrder(name))
    const [problem] = hasQueue ? queues.problems(name, verdict.places.of(name)) : []
    if (problem !== undefined) problems.push(problem)
  }
  return problems
}

/** Whether somebody holds a message, in an epoch or left over behind the fence of one: it is to be taken into the next. */
function isHeld(nodes: readonly SwitchingNode[], stream: string, boot: Boot, sequence: number): boolean {
  return nodes.some(({ view }) => view?.has(stream, boot, sequence))
}
