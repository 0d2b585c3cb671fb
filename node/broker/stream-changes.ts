// Streams made, changed and removed: what is written into the catalog for it.

import type { Refusal } from '../core/common/errors.ts'
import { toStreamId } from '../core/common/ids.ts'
import type { CatalogEntry } from '../core/gossip/catalog.ts'
import type { StreamDefinition, StreamMode } from '../core/stream/definition.ts'
import { isRefusal } from '../wire/control.ts'
import { toDefinitionValue, toRemovalValue } from '../wire/stream-definition.ts'
import type { Broker } from './broker.ts'
import { whenCurrent } from './current-view.ts'
import { type StreamChange, toStreamKey } from './stream-table.ts'

/** What is to become of the stream of a name. */
export interface NamedChange extends StreamChange {
  readonly name: string
  /** Whether a stream that exists is refused. */
  readonly createsOnly: boolean
}

/** A stream that was removed, and what the catalog had of it. */
export interface RemovedStream {
  readonly definition: StreamDefinition
  readonly entry: CatalogEntry | undefined
}

/** Writes a stream, or its changed definition, into the catalog. */
export function writeDefinition(broker: Broker, change: NamedChange): StreamDefinition | Refusal {
  const { name } = change
  if (change.createsOnly && broker.streams.find(name) !== undefined)
    return { refused: 'STREAM_EXISTS', reason: `stream ${name} exists` }
  const definition = broker.streams.plan(name, change)
  if (isRefusal(definition)) return definition
  broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue(definition) })
  return definition
}

/**
 * Somebody asks for a mode. Where a stream is in it, nothing is to be switched, and the catalog says it from now on, so that nobody goes on wishing for the
 * other one, in which the stream was made.
 */
export function keepMode(broker: Broker, name: string, mode: StreamMode): void {
  const { streams } = broker
  const definition = streams.definitionOf(name)
  if (streams.find(name)?.definition.mode !== mode || definition === undefined) return
  if (definition.mode === mode) return
  broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue({ ...definition, mode }) })
}

/**
 * Writes the removal of a stream into the catalog, once its group has said where it ends, or has not for the time that a read may take. What is in the
 * group by then may be of one that was made again, and not be known here: so the other nodes are asked for their catalogs behind that.
 */
export function writeRemoval(
  broker: Broker,
  name: string,
  onWritten: (removed: RemovedStream | Refusal) => void,
): void {
  const { agent, streams } = broker
  const asked = streams.definitionOf(name)
  const write = (behind: number): void => {
    const definition = streams.find(name)?.definition
    if (definition === undefined)
      return onWritten({ refused: 'STREAM_UNKNOWN', reason: `there is no stream "${name}"` })
    if (streams.definitionOf(name)?.made !== asked?.made)
      return onWritten({
        refused: 'STREAM_UNKNOWN',
        reason: `stream "${name}" was removed and made again meanwhile`,
      })
    const entry = agent.catalog.get(toStreamKey(name))
    broker.handle({
      kind: 'write',
      key: toStreamKey(name),
      value: toRemovalValue({ behind, made: asked?.made }),
    })
    onWritten({ definition, entry })
  }
  whenEndIsKnown(broker, name, (behind) => {
    const token = broker.confirmations.add(() => write(behind))
    broker.handle({ kind: 'ask', token })
  })
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
