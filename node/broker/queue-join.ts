// How a client's subscription becomes a member of a queue: which stream it is of, and where the queue begins if it is new.

import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import { defaultStreamName } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Low } from '../leader/names/command.ts'
import type { SubscribeRequest } from '../wire/control.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import { lowOf } from './queue-reader.ts'
import { firstOffset } from './start.ts'

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
    begin: (replica) => beginOf(broker, replica, from),
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

function beginOf({ leader }: Broker, replica: Replica, from: SubscribeRequest['from']): Low {
  const { last } = leader.statusOf(replica)
  if (from === 'earliest') return lowOf(replica, (firstOffset(replica) ?? last + 1) - 1)
  if (typeof from === 'object' && 'offset' in from) return lowOf(replica, from.offset - 1)
  return lowOf(replica, last)
}
