// Which streams there are, for whoever operates them: made, changed and removed in the catalog, and asked for where they end.

import type { Broker } from './broker/broker.ts'
import { isCurrent } from './broker/current-view.ts'
import { type RemovedStream, writeDefinition, writeRemoval } from './broker/stream-changes.ts'
import type { Refusal } from './core/common/errors.ts'
import type { CatalogEntry } from './core/gossip/catalog.ts'
import { defaultStreamName, type StreamDefinition } from './core/stream/definition.ts'
import type { Replica } from './core/stream/replica.ts'
import type { NodeMemory } from './memory.ts'
import type { StreamChange, StreamDefinitionAnswer, StreamEndAnswer } from './net/admin-port.ts'
import { isRefusal } from './wire/control.ts'

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
  const { promise, resolve } = Promise.withResolvers<RemovedStream | Refusal>()
  writeRemoval(broker, name, resolve)
  const removed = await promise
  if (isRefusal(removed)) return removed
  await memory.saveCatalog(broker)
  return toDefinitionAnswer(removed.definition, removed.entry)
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

/** `entry`: what the catalog has of it. */
export function toDefinitionAnswer(
  definition: StreamDefinition,
  entry: CatalogEntry | undefined,
): StreamDefinitionAnswer {
  const { behind: _behind, made: _made, ...told } = definition
  return { ...told, version: entry?.version ?? 0, by: entry?.by ?? '' }
}
