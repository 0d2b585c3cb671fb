// Streams as `herald stream` shows them: rows of a table, and what a wish would change, old beside new.

import { formatBytes, formatDuration } from '../../node/config/quantity.ts'
import type { StreamSettings } from '../admin/admin-client.ts'
import type { StreamDefinition } from '../admin/answers.ts'

export const streamHeadings: readonly string[] = [
  'STREAM',
  'TOPICS',
  'MODE',
  'RETENTION',
  '>COPIES',
  '>REPLICAS',
]

/** The row of a stream under `streamHeadings`. */
export function toStreamRow(stream: StreamDefinition): string[] {
  const { name, topics, mode, retention, copies, replicas } = stream
  return [name, showTopics(topics), mode, showRetention(retention), String(copies), String(replicas)]
}

/** What the settings would change, as `copies 1 -> 2`; empty if the stream is so already. The order of topics means nothing. */
export function toChanges(stream: StreamDefinition, settings: StreamSettings): readonly string[] {
  const topics = settings.topics ?? stream.topics
  const retention = { ...stream.retention, ...settings.retention }
  const copies = settings.copies ?? stream.copies
  const replicas = settings.replicas ?? stream.replicas
  const changes: string[] = []
  if (topics.toSorted().join(' ') !== stream.topics.toSorted().join(' '))
    changes.push(`topics ${showTopics(stream.topics)} -> ${showTopics(topics)}`)
  if (retention.bytes !== stream.retention.bytes || retention.ageMs !== stream.retention.ageMs)
    changes.push(`retention ${showRetention(stream.retention)} -> ${showRetention(retention)}`)
  const mode = settings.mode ?? stream.mode
  if (mode !== stream.mode) changes.push(`mode ${stream.mode} -> ${mode}`)
  if (copies !== stream.copies) changes.push(`copies ${stream.copies} -> ${copies}`)
  if (replicas !== stream.replicas) changes.push(`replicas ${stream.replicas} -> ${replicas}`)
  return changes
}

/** That there are fewer nodes than a stream wants replicas; undefined where there are enough. Members vote also while they are down. */
export function describeShortage(
  { name, mode, replicas }: StreamDefinition,
  memberCount: number | undefined,
): string | undefined {
  if (memberCount === undefined || memberCount >= replicas) return undefined
  const nodes = memberCount === 1 ? 'is 1 node' : `are ${memberCount} nodes`
  const deciding = memberCount === 1 ? 'it decides alone' : `these ${memberCount} decide`
  const when = mode === 'leader' ? 'for now' : 'in leader mode'
  return `stream ${name} is to have ${replicas} replicas, and there ${nodes}: ${when} ${deciding} on its order, and nodes that join are placed until there are ${replicas}`
}

function showTopics(topics: readonly string[]): string {
  return topics.join(' ') || '(all others)'
}

function showRetention({ bytes, ageMs }: StreamDefinition['retention']): string {
  return `${formatBytes(bytes)},${formatDuration(ageMs)}`
}
