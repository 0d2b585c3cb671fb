// What is still to happen in the switching world before everything is as it was promised for quiet times: every node in the same epoch,
// every publication answered, every reader with everything.

import type { Boot } from '../../node/core/common/ids.ts'
import { mayDrop } from './plan.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { IsThere } from './verdict.ts'
import type { SwitchingWorld } from './world.ts'

/** What is unsettled; empty when nothing is. */
export function unsettled(
  { plan, nodes, audience, verdict }: SwitchingWorld,
  names: readonly string[],
): string[] {
  const isRunning = (boot: Boot): boolean => nodes.some((node) => node.boot === boot)
  const isThere: IsThere = (stream, boot, sequence, hasPlace) => {
    if (!mayDrop(plan)) return hasPlace || isRunning(boot) || isSaved(nodes, stream, boot, sequence)
    return hasPlace || isRunning(boot)
      ? nodes.some(({ view }) => view?.has(stream, boot, sequence))
      : isSaved(nodes, stream, boot, sequence)
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
    const [problem] = verdict.problems(reader, isThere)
    if (problem !== undefined) problems.push(`${problem} at ${reader.node?.id}: ${reader.position}`)
  }
  return problems
}

/** Whether a message of a boot that is over is in an epoch, or to be taken into the present one: nothing between that one and it is gone. */
function isSaved(nodes: readonly SwitchingNode[], stream: string, boot: Boot, sequence: number): boolean {
  const end = Math.max(...nodes.map(({ view }) => view?.endOf(stream, boot) ?? 0))
  for (let each = Math.min(sequence, end + 1); each <= sequence; each++)
    if (!nodes.some(({ view }) => view?.has(stream, boot, each))) return false
  return true
}
