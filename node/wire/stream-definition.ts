// A stream's definition as JSON: in the catalog, in the log of a group.

import {
  defaultReplicas,
  definitionProblem,
  type Retention,
  type StreamDefinition,
} from '../core/stream/definition.ts'

/** All of it but the name, by which it is kept. */
export function toDefinitionValue(definition: StreamDefinition): unknown {
  const { topics, mode, retention, copies, replicas, behind, made } = definition
  return {
    ...{ topics, mode, retention, copies, replicas },
    ...(behind !== undefined && { behind }),
    ...(made !== undefined && { made }),
  }
}

/** What the catalog has of a stream that was removed. */
export interface Removal {
  /** Offset of its last message in leader mode: all up to it is gone. Undefined where nobody said it. */
  readonly behind?: number | undefined
  /** Which of the streams of its name it was, as its definition said. */
  readonly made?: number | undefined
}

export function toRemovalValue({ behind, made }: Removal): unknown {
  return { removed: true, ...(behind !== undefined && { behind }), ...(made !== undefined && { made }) }
}

/** Reads a value that may be a removal; undefined if it is something else. */
export function readRemoval(value: unknown): Removal | undefined {
  const { removed, behind, made } = Object(value) as Partial<Record<string, unknown>>
  return removed === true ? { behind: readCount(behind), made: readCount(made) } : undefined
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
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
  const [behind, made] = [readCount(fields.behind), readCount(fields.made)]
  const definition: StreamDefinition = {
    ...{ name, topics, mode, retention: { bytes, ageMs }, copies, replicas },
    ...(behind !== undefined && { behind }),
    ...(made !== undefined && { made }),
  }
  return definitionProblem(definition, []) === undefined ? definition : undefined
}
