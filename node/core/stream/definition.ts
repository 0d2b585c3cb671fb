// What a stream is: its topics, how long it keeps messages, and on how many further nodes.

import type { Refusal } from '../common/errors.ts'
import { overlaps, patternProblem } from './pattern.ts'

export interface StreamDefinition {
  readonly name: string
  /** Patterns of the topics that belong to the stream; no two overlap, neither of one stream nor of two. */
  readonly topics: readonly string[]
  readonly mode: StreamMode
  readonly retention: Retention
  /** Nodes besides the origin that keep each message in gossip mode, 0..15. */
  readonly copies: number
  /** Nodes that decide on the order in leader mode, 3 or 5: as many as that at least, where the cluster has them. */
  readonly replicas: number
  /** Of a stream that was removed and made again: offset of the last message that it had in leader mode before; all up to it is gone. */
  readonly behind?: number | undefined
  /** And which of the streams of this name it is: the version that the catalog gave it when it was made. */
  readonly made?: number | undefined
}

/** How a stream's messages reach everybody: from node to node at once, or in one order that a majority has on disk. */
export type StreamMode = 'gossip' | 'leader'

/** Messages are kept until either bound is passed. */
export interface Retention {
  readonly bytes: number
  readonly ageMs: number
}

/** Where a stream does not say: one of three disks may be lost. */
export const defaultReplicas = 3

/** The stream of every topic that no other stream claims. It always exists. */
export const defaultStreamName = 'default'

export const streamLimits = {
  streamsMax: 256,
  patternsMax: 64,
  retentionBytesMin: 65_536,
  retentionBytesMax: 17_179_869_184,
  retentionAgeMsMin: 100,
  retentionAgeMsMax: 604_800_000,
  copiesMax: 15,
  replicas: [3, 5],
} as const

const namePattern = /^[A-Za-z0-9_-]{1,64}$/

/** Why a definition cannot be, or cannot be beside the others; undefined if it can. */
export function definitionProblem(
  definition: StreamDefinition,
  others: Iterable<StreamDefinition>,
): Refusal | undefined {
  const { name, topics, retention, copies, replicas } = definition
  const refuse = (reason: string): Refusal => ({
    refused: 'STREAM_INVALID',
    reason: `stream ${name}: ${reason}`,
  })
  if (!namePattern.test(name)) {
    return {
      refused: 'STREAM_INVALID',
      reason: `stream "${name}": the name must be 1 to 64 of A-Z a-z 0-9 _ -`,
    }
  }
  if (name === defaultStreamName ? topics.length !== 0 : topics.length < 1) {
    return refuse(name === defaultStreamName ? 'takes what others leave and has no topics' : 'needs a topic')
  }
  if (topics.length > streamLimits.patternsMax)
    return refuse(`has ${topics.length} topics, at most 64 are allowed`)
  for (const [index, topic] of topics.entries()) {
    const problem = patternProblem(topic)
    if (problem !== undefined)
      return { refused: problem.refused, reason: `topics[${index}]: ${problem.reason}` }
  }
  const range = (field: string, value: number, min: number, max: number): Refusal | undefined =>
    Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : refuse(`${field} ${value} is not ${min}..${max}`)
  const replicasProblem = isReplicas(replicas) ? undefined : refuse(`replicas ${replicas} is not 3 or 5`)
  return (
    range(
      'retention.bytes',
      retention.bytes,
      streamLimits.retentionBytesMin,
      streamLimits.retentionBytesMax,
    ) ??
    range(
      'retention.ageMs',
      retention.ageMs,
      streamLimits.retentionAgeMsMin,
      streamLimits.retentionAgeMsMax,
    ) ??
    range('copies', copies, 0, streamLimits.copiesMax) ??
    replicasProblem ??
    overlapProblem(definition, others)
  )
}

function isReplicas(value: number): boolean {
  const allowed: readonly number[] = streamLimits.replicas
  return allowed.includes(value)
}

/**
 * A pattern that overlaps another of its own stream is a slip of the pen, or says nothing new. Asked for new definitions only:
 * one that is stored or comes from another node matches its topics all the same.
 */
export function ownOverlapProblem({ name, topics }: StreamDefinition): Refusal | undefined {
  for (const [index, topic] of topics.entries()) {
    const earlier = topics.slice(0, index).find((other) => overlaps(other, topic))
    if (earlier === undefined) continue
    const reason = `stream ${name}: ${topic} overlaps ${earlier} of the same stream`
    return { refused: 'STREAM_OVERLAP', reason }
  }
  return undefined
}

function overlapProblem(
  definition: StreamDefinition,
  others: Iterable<StreamDefinition>,
): Refusal | undefined {
  for (const other of others) {
    if (other.name === definition.name) continue
    for (const mine of definition.topics) {
      const theirs = other.topics.find((topic) => overlaps(mine, topic))
      if (theirs === undefined) continue
      const reason = `stream ${definition.name}: ${mine} overlaps ${theirs} of stream ${other.name}`
      return { refused: 'STREAM_OVERLAP', reason }
    }
  }
  return undefined
}
