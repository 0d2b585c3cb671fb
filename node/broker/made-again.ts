// The mode of a stream that was made again here. Its group may have it in another one, of which this node has not heard, and be out of reach: the
// stream comes into the mode that was asked for when it is in reach again, unless somebody has asked for another one since.

import type { StreamDefinition, StreamMode } from '../core/stream/definition.ts'
import { toDefinitionValue } from '../wire/stream-definition.ts'
import type { Broker } from './broker.ts'
import { whenCurrent } from './current-view.ts'
import { isInMode } from './epoch.ts'
import { toStreamKey } from './stream-table.ts'

/** Between two looks, milliseconds. */
const looksAgainMs = 1000

/** Wants a stream that was just made again in the mode of its definition: in the epoch that its group has when it can say so first, and in no later one. */
export function bringIntoMode(broker: Broker, definition: StreamDefinition): void {
  const { epochs, leader, ports, streams } = broker
  const { name, made, mode } = definition
  let asked: number | undefined
  const look = (): void => {
    const replica = streams.find(name)
    const now = streams.definitionOf(name)
    const isOver = replica === undefined || now?.made !== made || now?.mode !== mode
    if (isOver || streams.wanted.get(name) !== definition) return forget()
    const epoch = epochs.numberOf(replica)
    if (asked === undefined)
      whenCurrent(broker, name, (isCurrent) => {
        const known = streams.find(name)
        if (!isCurrent || known === undefined) return lookAgain()
        asked = epochs.numberOf(known)
        look()
      })
    else if (epoch !== asked || isInMode(replica, mode)) forget()
    else {
      leader.wish({ ...replica.definition, mode }, epoch)
      lookAgain()
    }
  }
  const lookAgain = (): void => ports.after(looksAgainMs, look)
  const forget = (): void => {
    if (streams.wanted.get(name) === definition) streams.wanted.delete(name)
  }
  streams.wanted.set(name, definition)
  look()
}

/**
 * Somebody asks for a mode: in which one the stream was made counts no more. Where it is in that mode, nothing is to be switched: the catalog says it from
 * now on, so that nobody else goes on wishing for the other one.
 */
export function forgetWish(broker: Broker, name: string, mode: StreamMode): void {
  const { streams } = broker
  streams.wanted.delete(name)
  const replica = streams.find(name)
  const definition = streams.definitionOf(name)
  if (replica?.definition.mode !== mode || definition === undefined || definition.mode === mode) return
  broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue({ ...definition, mode }) })
}
