// A stream's definition as JSON: in the catalog, in the log of a group.

import {
  defaultReplicas,
  definitionProblem,
  type Retention,
  type StreamDefinition,
} from '../core/stream/definition.ts'

/** All of it but the name, by which it is kept. */
export function toDefinitionValue(definition: StreamDefinition): unknown {
  const { topics, mode, retention, copies, replicas } = definition
  return { topics, mode, retention, copies, replicas }
}

/** Reads a value that came from a file or another node; undefined if it is not a definition. */
export function readDefinition(name: string, value: unknown): StreamDefinition | undefined {
  const fields = Object(value) as Partial<Record<keyof StreamDefinition, unknown>>
  const { topics, mode = 'gossip', retention, copies, replicas = defaultReplicas } = fields
  const { bytes, ageMs } = Object(retention) as Partial<Record<keyof Retention, unknown>>
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string')) return undefined
  if (mode !== 'gossip' && mode !== 'leader') return undefined
  if (typeof bytes !== 'number' || typeof ageMs !== 'number' || typeof copies !== 'number') return undefined
  if (typeof replicas !== 'number') return undefined
  const definition: StreamDefinition = { name, topics, mode, retention: { bytes, ageMs }, copies, replicas }
  return definitionProblem(definition, []) === undefined ? definition : undefined
}
