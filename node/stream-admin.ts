// Which streams there are, for whoever operates them: made, changed and removed in the catalog, and asked for where they end.

import type { Broker } from './broker/broker.ts'
import { toStreamKey } from './broker/stream-table.ts'
import type { Refusal } from './core/common/errors.ts'
import { type StreamId, toStreamId } from './core/common/ids.ts'
import { defaultStreamName, type StreamDefinition } from './core/stream/definition.ts'
import type { Replica } from './core/stream/replica.ts'
import type { NodeMemory } from './memory.ts'
import type { StreamChange, StreamDefinitionAnswer, StreamEndAnswer } from './net/admin-port.ts'
import { isRefusal } from './wire/control.ts'
import { toDefinitionValue, toRemovalValue } from './wire/stream-definition.ts'

type CatalogMemory = Pick<NodeMemory, 'saveCatalog'>

/** Makes a stream, or changes one. Answers when that is on this node's disk. */
export async function putStream(
  broker: Broker,
  memory: CatalogMemory,
  change: StreamChange,
): Promise<StreamDefinition | Refusal> {
  const { streams } = broker
  const { name } = change
  const end = streams.find(name) === undefined ? await findEnd(broker, name) : undefined
  if (change.createsOnly && streams.find(name) !== undefined)
    return { refused: 'STREAM_EXISTS', reason: `stream ${name} exists` }
  const definition = streams.plan(name, change, end?.offset)
  if (isRefusal(definition)) return definition
  if (end?.isKnown === false && [definition.mode, modeInGroup(broker, toStreamId(name))].includes('leader'))
    return { refused: 'NO_LEADER', reason: `nobody could say where stream ${name} ended when it was removed` }
  broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue(definition) })
  await memory.saveCatalog(broker)
  return definition
}

/** Removes a stream. Answers when that is on this node's disk. */
export async function removeStream(
  broker: Broker,
  memory: CatalogMemory,
  name: string,
): Promise<StreamDefinitionAnswer | Refusal> {
  if (name === defaultStreamName)
    return {
      refused: 'STREAM_INVALID',
      reason: 'the default stream takes what others leave and always exists',
    }
  const { offset: behind } = await findEnd(broker, name)
  const replica = broker.streams.find(name)
  if (replica === undefined) return { refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` }
  const answer = toDefinitionAnswer(broker, replica.definition)
  broker.handle({ kind: 'write', key: toStreamKey(name), value: toRemovalValue({ behind }) })
  await memory.saveCatalog(broker)
  return answer
}

/** Where a stream in leader mode ends. */
export async function streamEnd(
  { leader, epochs, streams }: Broker,
  name: string,
  isCommitted: boolean,
): Promise<StreamEndAnswer | Refusal> {
  const find = (): Replica | Refusal => {
    const replica = streams.find(name)
    if (replica === undefined) return { refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` }
    if (replica.definition.mode === 'leader') return replica
    return { refused: 'OFFSET_NEEDS_ORDER', reason: `stream ${name} is in gossip mode and has no order` }
  }
  const asked = find()
  if (isRefusal(asked)) return asked
  if (isCommitted && !(await isCurrent(leader, asked.stream)))
    return { refused: 'NO_LEADER', reason: `nobody could say where stream ${name} ends` }
  // Meanwhile the node may have heard of another epoch.
  const replica = find()
  if (isRefusal(replica)) return replica
  const sequences = [...replica.origins.values()].map(({ origin, position = 0 }) => [origin, position])
  const { last } = leader.statusOf(replica)
  return { stream: name, epoch: epochs.numberOf(replica), last, sequences: Object.fromEntries(sequences) }
}

export function toDefinitionAnswer(broker: Broker, definition: StreamDefinition): StreamDefinitionAnswer {
  const { behind: _, ...told } = definition
  const entry = broker.agent.catalog.get(toStreamKey(definition.name))
  return { ...told, version: entry?.version ?? 0, by: entry?.by ?? '' }
}

/**
 * Offset of the last message that a stream has, or had before it was removed; 0 where it has never been in leader mode. `isKnown`: whether
 * that is all that had its place by now, or what this node has of it.
 */
async function findEnd(broker: Broker, name: string): Promise<{ offset: number; isKnown: boolean }> {
  const { leader, streams } = broker
  const stream = toStreamId(name)
  const told = streams.removalOf(name)?.behind ?? 0
  const mayBeLed = told > 0 || streams.find(name)?.definition.mode === 'leader'
  if (!mayBeLed && modeInGroup(broker, stream) === undefined) return { offset: 0, isKnown: true }
  const isKnown = await isCurrent(leader, stream)
  return { offset: Math.max(told, leader.ledgerOf(stream)?.streams.get(stream)?.last ?? 0), isKnown }
}

/** The mode in which its group has a stream; undefined where it has none of that name. */
function modeInGroup({ leader }: Broker, stream: StreamId): StreamDefinition['mode'] | undefined {
  return leader.ledgerOf(stream)?.streams.get(stream)?.definition.mode
}

/** Whether this node has everything of a stream that had its place by now. */
function isCurrent(leader: Broker['leader'], stream: StreamId): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  leader.whenCurrent({ stream }, resolve)
  return promise
}
