// Judges queues: every message with a place in the order is due to exactly one member of the queue, whichever that is.
//
// What all members together got is compared with what was due. Members say once a second how far they have read; what one that is still
// there has not come by yet is pending, however long ago it was sent, since a queue may have a backlog. A message that two members got counts as
// doubled if neither has ended: where one has, what it had not acknowledged went to another. The order within a key cannot be judged, because
// journals do not have keys; nor is a sequence that comes behind a higher one wrong, since slots move.

import { protocolLimits } from '../node/core/common/limits.ts'
import type { Case } from './case.ts'
import type { OriginReport, SubscriberReport, UnknownReason } from './check-result.ts'
import type { ClockTable } from './clock-table.ts'
import type { SubscriptionRecord } from './delivery-record.ts'
import { mapEntry } from './map-entry.ts'
import { type NodeHistory, nodeOf } from './node-history.ts'
import type { SentLedger } from './sent-ledger.ts'
import { SequenceSet } from './sequence-set.ts'
import { judgeDelivered, toSetReport } from './verdict.ts'

/** What the journals tell beside the members. */
export interface QueueSurroundings {
  readonly ledger: SentLedger
  readonly clocks: ClockTable
  readonly nodes: Iterable<NodeHistory>
  readonly hasMissingJournals: boolean
  readonly caseOf: (history: NodeHistory, record: SubscriptionRecord, origin: string) => Case
}

interface Member {
  readonly history: NodeHistory
  readonly record: SubscriptionRecord
}

/** One life of a queue: from when it is made to when it is removed. */
interface Queue {
  readonly name: string
  readonly stream: string
  readonly isRemoved: boolean
  readonly members: Member[]
}

/** Collects the members of queues. */
export class QueueCheck {
  readonly #queues = new Map<string, Queue>()
  readonly #removalsOf: (name: string, node: string) => readonly number[]

  /** `removalsOf`: when what is kept under a name was removed, by the clock of a node. A queue that is made again is another one. */
  constructor(removalsOf: (name: string, node: string) => readonly number[]) {
    this.#removalsOf = removalsOf
  }

  add(name: string, history: NodeHistory, record: SubscriptionRecord): void {
    const { stream, beganAt = 0 } = record
    const removals = this.#removalsOf(name, history.node)
    const before = removals.filter((at) => at < beganAt).length
    const isRemoved = before < removals.length
    const key = JSON.stringify([stream, name, before])
    const queue = mapEntry(this.#queues, key, (): Queue => ({ name, stream, isRemoved, members: [] }))
    queue.members.push({ history, record })
  }

  /** One report for each queue. */
  judge(surroundings: QueueSurroundings): readonly Omit<SubscriberReport, 'counts'>[] {
    return [...this.#queues.values()].map((queue) => {
      const { name, stream, members } = queue
      const { ledger } = surroundings
      const names = new Set([
        ...ledger.originsOf(stream),
        ...members.flatMap(({ record }) => [...record.origins.keys()]),
      ])
      const nodes = new Set(members.map(({ history }) => history.node))
      return {
        node: [...nodes].sort().join(','),
        sub: `queue ${name}`,
        name,
        kind: 'queue',
        stream,
        patterns: members[0]?.record.announced?.patterns ?? [],
        state: members.some(isOpen) ? 'open' : 'ended',
        origins: [...names].sort().map((origin) => judgeOrigin(surroundings, queue, origin)),
      }
    })
  }
}

function judgeOrigin(
  surroundings: QueueSurroundings,
  { members, stream, isRemoved }: Queue,
  origin: string,
): OriginReport {
  const unknown = new SequenceSet()
  const reasons = new Set<UnknownReason>()
  const phantom = new SequenceSet()
  const unexpected = new SequenceSet()
  const delivered = new SequenceSet()
  const told = new SequenceSet()
  const gapReasons = new Set<string>()
  for (const { history, record } of members) {
    const found = judgeDelivered(surroundings.caseOf(history, record, origin))
    phantom.addAll(found.phantom)
    unexpected.addAll(found.unexpected)
    unknown.addAll(found.unknown)
    for (const reason of found.reasons) reasons.add(reason)
    const delivery = record.origins.get(origin)
    if (delivery === undefined) continue
    delivered.addAll(delivery.delivered)
    told.addAll(delivery.gaps)
    for (const reason of delivery.gapReasons) gapReasons.add(reason)
  }
  const base = baseOf(members, origin)
  const due = dueSequences(surroundings, members, { stream, origin, base })
  const missing = due.subtract(delivered)
  const lostTold = missing.intersect(told)
  const rest = missing.subtract(lostTold)
  const hidden = hiddenSequences(surroundings, members, { stream, origin }, rest)
  if (!hidden.isEmpty) reasons.add('subscriber-journal-truncated')
  const pending = rest.subtract(hidden).within(passedTo(members, origin) + 1, Number.POSITIVE_INFINITY)
  const silent = rest.subtract(hidden).subtract(pending)
  const unplaced = silent.within(surroundings.ledger.placedTo(stream, origin) + 1, Number.POSITIVE_INFINITY)
  if (!unplaced.isEmpty) reasons.add('not-acknowledged')
  unknown.addAll(hidden).addAll(unplaced)
  return {
    origin,
    base,
    // What its members had not come by when it was removed is not to come any more.
    expected: toSetReport(isRemoved ? due.subtract(pending) : due),
    delivered: toSetReport(delivered),
    lostTold: toSetReport(lostTold),
    gone: toSetReport(new SequenceSet()),
    lostSilent: toSetReport(silent.subtract(unplaced)),
    duplicated: toSetReport(doubled(members, origin)),
    outOfOrder: toSetReport(new SequenceSet()),
    phantom: toSetReport(phantom),
    unexpected: toSetReport(unexpected),
    pending: toSetReport(isRemoved ? new SequenceSet() : pending),
    unknown: toSetReport(unknown),
    unknownReasons: [...reasons].sort(),
    gapReasons: [...gapReasons].sort(),
  }
}

/** Where the queue begins: the lowest place that a member says it stood at. */
function baseOf(members: readonly Member[], origin: string): number {
  const bases = members.map(({ record }) => record.origins.get(origin)?.base ?? 0)
  return bases.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
}

interface Place {
  readonly stream: string
  readonly origin: string
}

/** With a place in the order, of a topic that matches, behind where the queue begins, and no retry of what was stored already. */
function dueSequences(
  { ledger, caseOf }: QueueSurroundings,
  members: readonly Member[],
  { stream, origin, base }: Place & { readonly base: number },
): SequenceSet {
  const sent = ledger.record(stream, origin)
  const [member] = members
  const patterns = member?.record.announced?.patterns
  if (sent === undefined || member === undefined || patterns === undefined) return new SequenceSet()
  const { voids, unjustified } = caseOf(member.history, member.record, origin)
  return sent
    .matching(patterns)
    .intersect(ledger.orderedOf(stream, origin))
    .within(base + 1, Number.POSITIVE_INFINITY)
    .subtract(voids.subtract(unjustified))
}

/** What may have been handed out by lines that are missing: of members, or of some that nobody knows of. */
function hiddenSequences(
  { ledger, clocks, nodes, hasMissingJournals }: QueueSurroundings,
  members: readonly Member[],
  { stream, origin }: Place,
  rest: SequenceSet,
): SequenceSet {
  const sent = ledger.record(stream, origin)
  if (hasMissingJournals || members.some(({ record }) => record.isHeadless)) return rest
  const hidden = new SequenceSet()
  const hideUntil = (history: NodeHistory, moment: number): void => {
    if (sent === undefined) return
    hidden.addAll(sent.times.until(rest, clocks.translate(moment, history.node, nodeOf(origin))))
  }
  for (const history of nodes) {
    for (const { endedAt } of history.holes) {
      if (endedAt === undefined) return rest
      hideUntil(history, endedAt)
    }
    if (history.isHeadCut && history.beginsAt !== undefined) hideUntil(history, history.beginsAt)
  }
  return hidden
}

/** Everything up to here is handed out. While slots are on their way from one member to another, or nobody's, nothing need be. */
function passedTo(members: readonly Member[], origin: string): number {
  const open = members.filter(isOpen)
  const slots = new Set(open.flatMap(({ record }) => record.slots))
  if (slots.size < protocolLimits.queueSlots) return 0
  return open.map(({ record }) => record.passed.get(origin) ?? 0).reduce((a, b) => Math.min(a, b))
}

/** Handed out twice to one member, or to two of which none has ended. */
function doubled(members: readonly Member[], origin: string): SequenceSet {
  const doubled = new SequenceSet()
  const seen = new SequenceSet()
  for (const { record } of members) {
    const delivery = record.origins.get(origin)
    if (delivery === undefined) continue
    doubled.addAll(delivery.duplicated)
    if (record.closing !== undefined) continue
    doubled.addAll(delivery.delivered.intersect(seen))
    seen.addAll(delivery.delivered)
  }
  return doubled
}

function isOpen({ record }: Member): boolean {
  return record.closing === undefined
}
