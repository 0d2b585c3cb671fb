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
  const { name } = change
  if (change.createsOnly && broker.streams.find(name) !== undefined)
    return { refused: 'STREAM_EXISTS', reason: `stream ${name} exists` }
  const definition = broker.streams.plan(name, change)
  if (isRefusal(definition)) return definition
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
  const behind = await findEnd(broker, name)
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
  const { behind: _behind, made: _made, ...told } = definition
  const entry = broker.agent.catalog.get(toStreamKey(definition.name))
  return { ...told, version: entry?.version ?? 0, by: entry?.by ?? '' }
}

/** Offset of the last message of a stream in leader mode, as far as the group can say it, or this node knows; 0 where it has never been in that. */
async function findEnd({ leader, streams }: Broker, name: string): Promise<number> {
  const stream = toStreamId(name)
  const definition = streams.find(name)?.definition
  const { roster } = leader.cluster
  // A group that has not begun has no stream in leader mode, and is not begun for the question.
  const hasBegun = roster?.groups.has(roster.groupOf(stream)) === true
  if (hasBegun || definition?.mode === 'leader') await isCurrent(leader, stream)
  const last = leader.ledgerOf(stream)?.streams.get(stream)?.last ?? 0
  return Math.max(streams.endOf(name).behind ?? 0, last)
}

/** Whether this node has everything of a stream that had its place by now. */
function isCurrent(leader: Broker['leader'], stream: StreamId): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  leader.whenCurrent({ stream }, resolve)
  return promise
}
