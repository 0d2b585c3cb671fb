// Whether what a node knows of a stream is what its group has agreed on by now: one that has just started, or was cut off, may know an older epoch.

import { toStreamId } from '../core/common/ids.ts'
import type { Broker } from './broker.ts'

/**
 * Calls back once this node has everything that the group of a stream had agreed on when this was asked (a linearizable read), or after two seconds, and
 * says which. A group that has not begun has no stream in leader mode, and is not begun for the question.
 */
export function whenCurrent(
  { leader, streams }: Broker,
  name: string,
  callback: (isCurrent: boolean) => void,
): void {
  const stream = toStreamId(name)
  const { roster } = leader.cluster
  const hasBegun = roster?.groups.has(roster.groupOf(stream)) === true
  if (hasBegun || streams.find(name)?.definition.mode === 'leader') leader.whenCurrent({ stream }, callback)
  else callback(true)
}

/** The same as a promise. */
export function isCurrent(broker: Broker, name: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  whenCurrent(broker, name, resolve)
  return promise
}
