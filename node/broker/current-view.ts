// Whether what a node knows of a stream is what its group has agreed on by now: one that has just started, or was cut off, may know an older epoch.

import { toStreamId } from '../core/common/ids.ts'
import type { Broker } from './broker.ts'

/**
 * Calls back once this node has everything that the group of a stream had agreed on when this was asked (a linearizable read), or after two seconds, and
 * says which. A group that has not begun has no stream in leader mode, and is not begun for the question: whether it has, META is asked.
 */
export function whenCurrent(
  { leader, streams }: Broker,
  name: string,
  callback: (isCurrent: boolean) => void,
): void {
  const stream = toStreamId(name)
  const isOfGroup = (): boolean => {
    const { roster } = leader.cluster
    const hasBegun = roster?.groups.has(roster.groupOf(stream)) === true
    return hasBegun || streams.find(name)?.definition.mode === 'leader'
  }
  if (isOfGroup()) leader.whenCurrent({ stream }, callback)
  else
    leader.cluster.whenCurrent((isCurrent) => {
      if (isOfGroup()) leader.whenCurrent({ stream }, callback)
      else callback(isCurrent)
    })
}

/** The same as a promise. */
export function isCurrent(broker: Broker, name: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  whenCurrent(broker, name, resolve)
  return promise
}
