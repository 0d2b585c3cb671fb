// Changing the mode of a stream while messages flow: the wish is said to the leader of the stream's group until it has come true here.

import { setTimeout as delay } from 'node:timers/promises'
import type { Broker } from './broker/broker.ts'
import { isCurrent } from './broker/current-view.ts'
import { isInMode } from './broker/epoch.ts'
import type { Refusal } from './core/common/errors.ts'
import type { StreamDefinition, StreamMode } from './core/stream/definition.ts'
import { isRefusal } from './wire/control.ts'

/** Between two looks at how far it is, milliseconds. */
const lookMs = 10
/** The wish may have been lost, or have come before somebody led. */
const askAgainMs = 250
/** Longer than members that are silent are waited for. */
const giveUpMs = 15_000

/** How a stream's mode was changed. */
export interface ModeAnswer {
  readonly stream: string
  readonly mode: StreamMode
  readonly epoch: number
  /** How long it took, on this node. */
  readonly elapsedMs: number
}

/**
 * Resolves, unless it is refused, when a stream that was made is in its mode; a change of one says nothing of that. One that was made again is said to be
 * in leader mode only where its group says so; in gossip mode, where nobody can say it, for now, and it comes into that if it has to
 * (`wantedMode` in `broker/epoch.ts`).
 */
export async function reachMode(
  broker: Broker,
  { name, mode, made }: StreamDefinition,
  { isNew, draining }: { readonly isNew: boolean; readonly draining: AbortSignal },
): Promise<Refusal | undefined> {
  if (!isNew) return undefined
  const isMadeAgain = made !== undefined
  if (isMadeAgain && mode === 'gossip') await isCurrent(broker, name)
  const isThere = broker.streams.find(name)?.definition.mode === mode
  if (isThere && !(isMadeAgain && mode === 'leader')) return undefined
  const answer = await switchMode(broker, name, mode, { draining })
  return isRefusal(answer) ? answer : undefined
}

/** Resolves when the stream is in the mode, as its group says and on this node, or nobody waits for that any more, who may have asked another one since. */
export async function switchMode(
  broker: Broker,
  name: string,
  mode: StreamMode,
  { draining, gone }: { readonly draining: AbortSignal; readonly gone?: AbortSignal | undefined },
): Promise<ModeAnswer | Refusal> {
  const { ports, epochs, leader, streams } = broker
  const begin = ports.now()
  let askedAt = Number.NEGATIVE_INFINITY
  for (;;) {
    const replica = streams.find(name)
    if (replica === undefined) return { refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` }
    const epoch = epochs.numberOf(replica)
    const elapsedMs = ports.now() - begin
    if (isInMode(replica, mode)) {
      const isSure = await isCurrent(broker, name)
      const now = streams.find(name)
      if (now !== replica || !isInMode(now, mode)) continue
      if (isSure) return { stream: name, mode, epoch, elapsedMs: ports.now() - begin }
      const reason = `stream ${name} was last in ${mode} mode here, epoch ${epoch}, and nobody could say whether it still is`
      return { refused: 'NO_LEADER', reason }
    }
    if (gone?.aborted === true) return { refused: 'SWITCH_PENDING', reason: 'nobody waits for it any more' }
    if (draining.aborted) return { refused: 'NODE_DRAINING', reason: 'the node is shutting down' }
    if (elapsedMs > giveUpMs) {
      const reason = `stream ${name} is still in ${replica.definition.mode} mode after ${Math.round(elapsedMs)} ms; it may change yet`
      return { refused: 'SWITCH_PENDING', reason }
    }
    if (ports.now() - askedAt >= askAgainMs) {
      askedAt = ports.now()
      leader.wish({ ...replica.definition, mode }, epoch)
    }
    await delay(lookMs)
  }
}
