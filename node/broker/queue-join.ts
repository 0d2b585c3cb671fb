// How a client's subscription becomes a member of a queue: which stream it is of, and where the queue begins if it is new.

import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import { defaultStreamName } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Low } from '../leader/names/command.ts'
import type { SubscribeRequest } from '../wire/control.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import { isLed, lowOf } from './queue-reader.ts'
import { firstOffset, lastOffset } from './start.ts'

export interface JoinListener {
  readonly newSub: () => string
  readonly onJoined: () => void
  /** It never was a member. */
  readonly onRefused: (code: ErrorCode, reason: string) => void
  /** It was one. */
  readonly onEnded: (code: ErrorCode, reason: string) => void
}

/** Begins to join; refuses what cannot be a member of any queue. */
export function joinQueue(
  broker: Broker,
  subscription: ClientSubscription,
  name: string,
  { newSub, onJoined, onRefused, onEnded }: JoinListener,
): Refusal | undefined {
  const { patterns, key, from } = subscription.request
  const stream = streamOf(broker, patterns)
  if ('refused' in stream) return stream
  let isMember = false
  subscription.member = broker.queues.join(subscription.sub, {
    ...{ stream: stream.name, name, patterns, key, sink: subscription, newSub },
    begin: (replica) => beginOf(broker.epochs.all(stream.name), broker.leader.statusOf(replica).last, from),
    onJoined: () => {
      isMember = true
      onJoined()
    },
    onEnded: (code, reason) => (isMember ? onEnded : onRefused)(code, reason),
  })
  return undefined
}

/** A queue shares out one order, so its patterns must lie in one stream, and that must be in leader mode. */
function streamOf(broker: Broker, patterns: readonly string[]): Replica | Refusal {
  const touched = new Set(patterns.flatMap((pattern) => broker.streams.streamsOf(pattern)))
  const inOrder = [...touched].filter(({ definition }) => definition.mode === 'leader')
  const others = [...touched].filter(
    ({ name, definition }) => definition.mode !== 'leader' && name !== defaultStreamName,
  )
  const [stream] = inOrder
  if (stream !== undefined && inOrder.length === 1 && others.length === 0) return stream
  const names = [...inOrder, ...others].map(({ name, definition }) => `${name} (${definition.mode} mode)`)
  const reason = `a queue reads one stream in leader mode; ${patterns.join(' ')} touches ${names.join(', ') || 'none'}`
  return { refused: 'QUEUE_NEEDS_ORDER', reason }
}

/**
 * Where a queue begins that is new: behind an offset, with the last sequences there. `epochs` of the stream, oldest first, the present one being
 * in leader mode; `last`: offset of its last message. Of an offset that nobody has given yet no sequences are known: then those of the end.
 */
export function beginOf(epochs: readonly Replica[], last: number, from: SubscribeRequest['from']): Low {
  const led = epochs.filter(isLed)
  const present = led.at(-1)
  const end = { offset: last, vector: present === undefined ? new Map() : lowOf(present, last).vector }
  if (from === 'earliest') {
    const epoch = led.find((each) => firstOffset(each) !== undefined)
    return epoch === undefined ? end : lowOf(epoch, (firstOffset(epoch) ?? 1) - 1)
  }
  if (typeof from !== 'object' || !('offset' in from)) return end
  const offset = from.offset - 1
  if (offset >= last) return { offset, vector: end.vector }
  const epoch = led.find((each) => lastOffset(each) > offset)
  // Where retention has dropped everything from there on, all of that is told as a gap.
  return epoch === undefined ? { offset, vector: new Map() } : lowOf(epoch, offset)
}
