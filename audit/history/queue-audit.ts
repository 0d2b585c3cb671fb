// The stream as a queue: what went in, and what came out of it at the end on every node (Jepsen's total-queue checker, with the parts
// of a loss as its test of NATS JetStream tells them apart). It needs no places of the log but those of told gaps. O(n log n) in
// operations and events, times the nodes.

import {
  describeEvidence,
  type Evidence,
  eventEvidence,
  type Finding,
  FindingList,
  operationEvidence,
  type Shown,
} from './finding.ts'
import type { Append, History, Session, Value } from './history.ts'
import { appendsOf, isWanted, type Sighting, sightingsOf } from './known-log.ts'
import { type LostCounts, type LostPart, ReadMarks } from './lost-parts.ts'
import { gapsOf, PlaceRanges } from './place-ranges.ts'

/**
 * `lost-…`: acknowledged and read by nobody. `node-lost-…`: acknowledged and read elsewhere, but not on this node. `divergent`: the same,
 * of unknown outcome: what somebody has read stays. `unexpected`: read, though refused or never sent.
 * `duplicated`: sent to one session more than once. `not-drained`: nobody read to the end, so that losses cannot be told.
 */
export type QueueAnomaly =
  | `lost-${LostPart}`
  | `node-lost-${LostPart}`
  | 'divergent'
  | 'unexpected'
  | 'duplicated'
  | 'not-drained'

/** Different values. */
export interface QueueCounts {
  readonly attempts: number
  readonly acknowledged: number
  readonly unknown: number
  readonly refused: number
  /** Attempted and read. */
  readonly ok: number
  /** Of unknown outcome, and read. */
  readonly recovered: number
  readonly unexpected: number
  readonly duplicated: number
  /** Acknowledged, not read, and told as a gap. */
  readonly told: number
}

export interface NodeLoss extends LostCounts {
  readonly node: string
  /** Of unknown outcome, and read elsewhere. */
  readonly divergent: number
}

export interface QueueAudit {
  readonly counts: QueueCounts
  readonly lost: LostCounts
  /** Every node that was drained. */
  readonly nodes: readonly NodeLoss[]
  readonly findings: readonly Finding<QueueAnomaly>[]
}

type Appends = ReadonlyMap<Value, Append>
type Findings = FindingList<QueueAnomaly>

/** What was lost, doubled or made up between the writers and the ends of the stream. */
export function auditQueue(history: History): QueueAudit {
  const findings: Findings = new FindingList(history.stream)
  const appends = appendsOf(history)
  /** By value, who read it first. */
  const read = new Map<Value, Sighting>()
  for (const sighting of sightingsOf(history))
    if (sighting.source !== 'append' && !read.has(sighting.value)) read.set(sighting.value, sighting)
  const drains = history.sessions.filter(({ isDrain }) => isDrain)
  if (drains.length === 0) findings.add('not-drained', '', () => notDrained)
  const { lost, told } = findLost(findings, appends, read, drains)
  const byNode = [...Map.groupBy(drains, ({ node }) => node)].sort(([a], [b]) => (a < b ? -1 : 1))
  const nodes = byNode.map(([node, sessions]) => findNodeLoss(findings, appends, read, node, sessions))
  const unexpected = findUnexpected(findings, appends, read)
  const duplicated = findDuplicated(findings, history.sessions)
  const counts = { ...countOutcomes(appends, read), unexpected, duplicated, told }
  return { counts, lost, nodes, findings: findings.toFindings() }
}

const notDrained: Shown = {
  evidence: [],
  sentence: 'No session read to the end of the stream, so that what is lost cannot be told.',
}

/** Acknowledged and read by nobody. Without a session that read to the end, nothing is lost yet. */
function findLost(
  findings: Findings,
  appends: Appends,
  read: ReadonlyMap<Value, Sighting>,
  drains: readonly Session[],
): { readonly lost: LostCounts; readonly told: number } {
  const marks = new ReadMarks(read.keys())
  const gaps = new PlaceRanges(drains.flatMap(gapsOf))
  const lost = { prefix: 0, middle: 0, postfix: 0 }
  let told = 0
  for (const append of appends.values()) {
    if (append.outcome !== 'ok' || read.has(append.value) || !isForOne(drains, append)) continue
    if (gaps.has(append.result)) {
      told++
      continue
    }
    const part = marks.partOf(append.value)
    lost[part]++
    findings.add(`lost-${part}`, '', () =>
      show([operationEvidence(append)], 'is acknowledged, and nobody read it'),
    )
  }
  return { lost, told }
}

/** What one node does not give at the end, though it was read somewhere. */
function findNodeLoss(
  findings: Findings,
  appends: Appends,
  read: ReadonlyMap<Value, Sighting>,
  node: string,
  sessions: readonly Session[],
): NodeLoss {
  const own = new Set(sessions.flatMap((session) => [...valuesOf(session)]))
  const marks = new ReadMarks(own)
  const gaps = new PlaceRanges(sessions.flatMap(gapsOf))
  const loss = { node, prefix: 0, middle: 0, postfix: 0, divergent: 0 }
  for (const [value, sighting] of read) {
    const append = appends.get(value)
    if (append === undefined || own.has(value) || !isForOne(sessions, append) || gaps.has(sighting.place))
      continue
    const evidence = [operationEvidence(append), sighting]
    const what = `was read elsewhere, but not at the end of node ${node}`
    if (append.outcome === 'ok') {
      const part = marks.partOf(value)
      loss[part]++
      findings.add(`node-lost-${part}`, node, () => show(evidence, what))
    } else if (append.outcome === 'unknown') {
      loss.divergent++
      findings.add('divergent', node, () => show(evidence, what))
    }
  }
  return loss
}

function findUnexpected(findings: Findings, appends: Appends, read: ReadonlyMap<Value, Sighting>): number {
  let count = 0
  for (const [value, sighting] of read) {
    const append = appends.get(value)
    if (append !== undefined && append.outcome !== 'refused') continue
    count++
    const [evidence, what] =
      append === undefined
        ? [[sighting], 'was never sent']
        : [[sighting, operationEvidence(append)], 'was refused']
    findings.add('unexpected', '', () => show(evidence, what))
  }
  return count
}

function findDuplicated(findings: Findings, sessions: readonly Session[]): number {
  const duplicated = new Set<Value>()
  for (const session of sessions) {
    const sent = new Map<Value, Evidence>()
    for (const event of session.events) {
      if (event.kind !== 'entry') continue
      const evidence = eventEvidence(session, event)
      const before = sent.get(event.value)
      if (before === undefined) {
        sent.set(event.value, evidence)
        continue
      }
      duplicated.add(event.value)
      findings.add('duplicated', session.id, () =>
        show([before, evidence], 'was sent to that session before'),
      )
    }
  }
  return duplicated.size
}

function countOutcomes(
  appends: Appends,
  read: ReadonlyMap<Value, Sighting>,
): Pick<QueueCounts, 'attempts' | 'acknowledged' | 'unknown' | 'refused' | 'ok' | 'recovered'> {
  const counts = { attempts: appends.size, acknowledged: 0, unknown: 0, refused: 0, ok: 0, recovered: 0 }
  for (const { value, outcome } of appends.values()) {
    counts[outcome === 'ok' ? 'acknowledged' : outcome]++
    if (!read.has(value)) continue
    counts.ok++
    if (outcome === 'unknown') counts.recovered++
  }
  return counts
}

function isForOne(sessions: readonly Session[], append: Append): boolean {
  return sessions.some((session) => isWanted(session.topics, append) === true)
}

function valuesOf({ events }: Session): ReadonlySet<Value> {
  return new Set(events.flatMap((event) => (event.kind === 'entry' ? event.value : [])))
}

/** A sentence about the first piece of evidence. */
function show(evidence: readonly Evidence[], what: string): Shown {
  const [first] = evidence
  return { evidence, sentence: `${first === undefined ? 'Nothing' : describeEvidence(first)} ${what}.` }
}
