// Which streams there are, for whoever operates them: made, changed and removed in the catalog, and asked for where they end.

import type { Broker } from './broker/broker.ts'
import { toStreamKey } from './broker/stream-table.ts'
import type { Refusal } from './core/common/errors.ts'
import { toStreamId } from './core/common/ids.ts'
import { defaultStreamName, type StreamDefinition } from './core/stream/definition.ts'
import type { Replica } from './core/stream/replica.ts'
import { isCurrent, whenCurrent } from './current-view.ts'
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
  const definition = writeDefinition(broker, change)
  if (!isRefusal(definition)) await memory.saveCatalog(broker)
  return definition
}

/** Writes a stream, or its changed definition, into the catalog. */
export function writeDefinition(broker: Broker, change: StreamChange): StreamDefinition | Refusal {
  const { name } = change
  if (change.createsOnly && broker.streams.find(name) !== undefined)
    return { refused: 'STREAM_EXISTS', reason: `stream ${name} exists` }
  const definition = broker.streams.plan(name, change)
  if (!isRefusal(definition))
    broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue(definition) })
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
  const { promise, resolve } = Promise.withResolvers<StreamDefinitionAnswer | Refusal>()
  writeRemoval(broker, name, resolve)
  const answer = await promise
  if (!isRefusal(answer)) await memory.saveCatalog(broker)
  return answer
}

/** Writes the removal of a stream into the catalog, once its group has said where it ends, or has not for the time that a read may take. */
export function writeRemoval(
  broker: Broker,
  name: string,
  onWritten: (answer: StreamDefinitionAnswer | Refusal) => void,
): void {
  const { streams } = broker
  const asked = streams.definitionOf(name)
  whenEndIsKnown(broker, name, (behind) => {
    const replica = streams.find(name)
    if (replica === undefined)
      return onWritten({ refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` })
    if (streams.definitionOf(name)?.made !== asked?.made)
      return onWritten({
        refused: 'STREAM_UNKNOWN',
        reason: `stream "${name}" was removed and made again meanwhile`,
      })
    const answer = toDefinitionAnswer(broker, replica.definition)
    broker.handle({ kind: 'write', key: toStreamKey(name), value: toRemovalValue({ behind }) })
    onWritten(answer)
  })
}

/** Where a stream in leader mode ends. */
export async function streamEnd(
  broker: Broker,
  name: string,
  isCommitted: boolean,
): Promise<StreamEndAnswer | Refusal> {
  const { leader, epochs, streams } = broker
  const find = (): Replica | Refusal => {
    const replica = streams.find(name)
    if (replica === undefined) return { refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` }
    if (replica.definition.mode === 'leader') return replica
    return { refused: 'OFFSET_NEEDS_ORDER', reason: `stream ${name} is in gossip mode and has no order` }
  }
  const asked = find()
  if (isRefusal(asked)) return asked
  if (isCommitted && !(await isCurrent(broker, name)))
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

/** Tells the offset of the last message of a stream in leader mode, as far as its group can say it, or this node knows; 0 where it has never been in that. */
function whenEndIsKnown(broker: Broker, name: string, onKnown: (end: number) => void): void {
  const { leader, streams } = broker
  const stream = toStreamId(name)
  whenCurrent(broker, name, () => {
    const last = leader.ledgerOf(stream)?.streams.get(stream)?.last ?? 0
    onKnown(Math.max(streams.endOf(name).behind ?? 0, last))
  })
}
