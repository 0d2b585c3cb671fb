// Judges one subscription against one origin: from what was sent and what was delivered to the exact sets.
//
// Every expected sequence that did not come falls into exactly one set, in this order: told as a gap, unknown
// because journal lines are missing, pending because it was sent just before the end, unknown because nothing says that it got
// the place that makes it count (leader mode), or silently lost.
// Every delivered sequence that was not due is unknown, a phantom, or unexpected.
// A gap that was told is a loss also where the origin's own lines are missing: its node knew that these were published. Only of what
// was published before the subscription was made it is none: that is given as far as it is there.

import type { Case } from './case.ts'
import type { OriginReport, SetReport, UnknownReason } from './check-result.ts'
import { SequenceSet } from './sequence-set.ts'

/** What came that was not due; nobody is owed anything by it. */
interface Delivered {
  readonly phantom: SequenceSet
  readonly unexpected: SequenceSet
  readonly unknown: SequenceSet
  readonly reasons: ReadonlySet<UnknownReason>
}

/** Judges what one subscription got of one origin, and not what it should have got. */
export function judgeDelivered(given: Case): Delivered {
  const all = given.sent?.all ?? new SequenceSet()
  const unknown = new SequenceSet()
  const reasons = new Set<UnknownReason>()
  const phantom = judgeUnsent(given, given.delivery.delivered.subtract(all), unknown, reasons)
  const unexpected = judgeUnexpected(given, given.delivery.base ?? 0, all, unknown, reasons)
  return { phantom, unexpected, unknown, reasons }
}

interface Missing {
  lostTold: SequenceSet
  lostSilent: SequenceSet
  pending: SequenceSet
  notDue: SequenceSet
}

/** The sets of one subscription and one origin. */
export function judge(given: Case): OriginReport {
  const { delivery } = given
  const base = delivery.base ?? 0
  const all = given.sent?.all ?? new SequenceSet()
  const unknown = new SequenceSet()
  const reasons = new Set<UnknownReason>()
  const due = dueSequences(given, base)
  const missing = judgeMissing(given, due.subtract(delivery.delivered), unknown, reasons)
  const toldBeyond = toldBeyondJournal(given, base, all)
  const phantom = judgeUnsent(given, delivery.delivered.subtract(all), unknown, reasons)
  const unexpected = judgeUnexpected(given, base, all, unknown, reasons)
  addHiddenSequences(given, base, all.union(toldBeyond), unknown, reasons)
  const told = missing.lostTold.union(toldBeyond)
  const gone = goneBefore(given, told)
  // Of an origin that had nothing for it, nothing can have been on the way when it broke.
  if (given.isBroken && !delivery.delivered.isEmpty) reasons.add('session-broken')
  return {
    origin: given.origin,
    base,
    expected: toSetReport(due.subtract(missing.notDue).addAll(toldBeyond).subtract(gone)),
    delivered: toSetReport(delivery.delivered),
    lostTold: toSetReport(told.subtract(gone)),
    gone: toSetReport(gone),
    lostSilent: toSetReport(missing.lostSilent),
    duplicated: toSetReport(delivery.duplicated),
    outOfOrder: toSetReport(delivery.outOfOrder),
    phantom: toSetReport(phantom),
    unexpected: toSetReport(unexpected),
    pending: toSetReport(missing.pending),
    unknown: toSetReport(unknown),
    unknownReasons: [...reasons].sort(),
    gapReasons: [...delivery.gapReasons].sort(),
  }
}

/** Sent, of a topic that matches, after the base, and up to where the subscription ended. */
function dueSequences(given: Case, base: number): SequenceSet {
  const { sent, patterns, closing, delivery } = given
  if (sent === undefined || patterns === undefined) return new SequenceSet()
  const passedBy = given.voids.subtract(given.unjustified)
  const wanted = sent
    .matching(patterns)
    .within(base + 1, Number.POSITIVE_INFINITY)
    .subtract(passedBy)
  if (closing?.how !== 'end') return wanted
  // What was delivered before the end was passed, whatever the `end` line says.
  const delivered = delivery.delivered.intersect(wanted).subtract(delivery.afterEnd)
  return wanted.within(1, Math.max(closing.passed.get(given.origin) ?? base, delivered.last ?? base))
}

function judgeMissing(
  given: Case,
  missing: SequenceSet,
  unknown: SequenceSet,
  reasons: Set<UnknownReason>,
): Missing {
  const lostTold = missing.intersect(given.delivery.gaps)
  let rest = missing.subtract(lostTold)
  const notDue = new SequenceSet()
  if (given.state.isBygone && isUnnamed(given)) {
    return { lostTold, lostSilent: notDue, pending: notDue, notDue: rest }
  }
  const take = (part: SequenceSet, reason: UnknownReason): void => {
    if (part.isEmpty) return
    unknown.addAll(part)
    reasons.add(reason)
    rest = rest.subtract(part)
  }
  const { closing, sent } = given
  const wasCut = closing?.how === 'lost' || closing?.how === 'crash'
  if (wasCut && sent !== undefined) {
    // The session was over then: what was sent later was not for it, whatever became of the node's journal after that.
    const beyond = rest.within(given.delivery.position + 1, Number.POSITIVE_INFINITY)
    notDue.addAll(sent.times.after(beyond, given.toOriginClock(closing.at)))
    rest = rest.subtract(notDue)
  }
  if (closing?.how === 'removal') {
    // Nothing comes any more of what was on its way when the node left.
    notDue.addAll(sent?.times.after(rest, given.pendingAfter) ?? rest)
    rest = rest.subtract(notDue)
  }
  takeHoles(given, () => rest, take)
  if (given.isHeadless && given.delivery.base === undefined) {
    take(
      rest.within(1, (given.delivery.delivered.first ?? Number.POSITIVE_INFINITY) - 1),
      'subscription-not-journaled',
    )
  }
  if (given.state.wasOverBefore && isUnnamed(given)) take(rest, 'start-not-journaled')
  if (wasCut && sent !== undefined) {
    // What came before may have been delivered.
    const beyond = rest.within(given.delivery.position + 1, Number.POSITIVE_INFINITY)
    take(beyond, closing.how === 'lost' ? 'session-broken' : 'subscriber-journal-truncated')
  }
  const mayComeStill = closing === undefined || closing.how === 'stop'
  const pending = mayComeStill ? (sent?.times.after(rest, given.pendingAfter) ?? rest) : new SequenceSet()
  rest = rest.subtract(pending)
  take(unplaced(given).intersect(rest), 'not-acknowledged')
  return { lostTold, lostSilent: rest, pending, notDue }
}

/** What may never have had its place in the one order: its publisher was not told that it has. */
function unplaced({ sent, placedTo }: Case): SequenceSet {
  return sent?.ordered.within(placedTo + 1, Number.POSITIVE_INFINITY) ?? new SequenceSet()
}

/** No line of the subscription says anything of the origin. */
function isUnnamed({ delivery }: Case): boolean {
  return delivery.base === undefined && delivery.position === 0
}

/**
 * Told as gaps, but not among what the journals tell of the origin or of the subscription: without topics or patterns
 * nobody can say which of them matched, so all count.
 */
function toldBeyondJournal(given: Case, base: number, all: SequenceSet): SequenceSet {
  const { delivery, patterns } = given
  const told = delivery.gaps.subtract(delivery.delivered).within(base + 1, Number.POSITIVE_INFINITY)
  const beyond = maybeSent(given, told.subtract(all))
  return patterns === undefined ? beyond.addAll(told.intersect(all)) : beyond
}

/**
 * Of what was told as gaps: numbered before the subscription was made, as far as that is certain. What has a place in the one order is on
 * disks, and must be there unless some node says that it has dropped it: of that the one that tells the gap is no witness.
 */
function goneBefore(given: Case, told: SequenceSet): SequenceSet {
  const { sent, ordered, droppedTo, droppedBefore, state, historyUntil } = given
  const numberedTo = state.isHistory ? Number.POSITIVE_INFINITY : (sent?.written.lastUntil(historyUntil) ?? 0)
  // What was dropped by then was published before, whatever has become of the lines that say so.
  const historyTo = Math.max(numberedTo, droppedBefore)
  return told.within(1, historyTo).subtract(ordered.within(droppedTo + 1, Number.POSITIVE_INFINITY))
}

/** What may have been delivered by lines that are missing from the subscriber's journal. */
function takeHoles(
  given: Case,
  rest: () => SequenceSet,
  take: (part: SequenceSet, reason: UnknownReason) => void,
): void {
  const open = given.delivery.openHole(given.holes, given.mayHaveEnded)
  const ranges = open === undefined ? given.delivery.uncertain : [...given.delivery.uncertain, open]
  for (const range of ranges) {
    const inside = rest().within(range.from, range.to)
    const isBounded = range.sentUntil !== undefined && given.sent !== undefined
    const part = isBounded
      ? (given.sent?.times.until(inside, given.toOriginClock(range.sentUntil ?? 0)) ?? inside)
      : inside
    take(part, range.kind === 'damaged' ? 'subscriber-journal-damaged' : 'subscriber-journal-truncated')
  }
}

/** Delivered, but not among what the origin says it sent: returns the phantoms, the rest becomes unknown. */
function judgeUnsent(
  given: Case,
  unsent: SequenceSet,
  unknown: SequenceSet,
  reasons: Set<UnknownReason>,
): SequenceSet {
  const excused = maybeSent(given, unsent)
  if (!excused.isEmpty) {
    unknown.addAll(excused)
    reasons.add(given.state.gapReason ?? 'origin-journal-truncated')
  }
  return unsent.subtract(excused)
}

/** Those of the sequences that no `sent` line has which the origin may have sent all the same. */
function maybeSent({ state, sent, delivery, unwrittenAfter }: Case, unsent: SequenceSet): SequenceSet {
  if (state.gapReason !== undefined) return unsent
  const maybe = new SequenceSet()
  const beyond = unsent.within((sent?.all.last ?? 0) + 1, Number.POSITIVE_INFINITY)
  if (state.tail === 'crashed') maybe.addAll(beyond)
  else if (state.tail !== 'complete') maybe.addAll(delivery.times.after(beyond, unwrittenAfter))
  if (state.isHeadCut) maybe.addAll(unsent.within(1, (sent?.all.first ?? Number.POSITIVE_INFINITY) - 1))
  return maybe
}

/** Sent and delivered, but not due to this subscriber. */
function judgeUnexpected(
  given: Case,
  base: number,
  all: SequenceSet,
  unknown: SequenceSet,
  reasons: Set<UnknownReason>,
): SequenceSet {
  const { delivery, patterns, sent } = given
  if (patterns === undefined) {
    if (!given.isSubscriberJournalPartial) return delivery.delivered.intersect(all)
    unknown.addAll(delivery.delivered)
    reasons.add('subscription-not-journaled')
    return new SequenceSet()
  }
  const wanted = sent?.matching(patterns).within(base + 1, Number.POSITIVE_INFINITY) ?? new SequenceSet()
  const due = given.voids.isEmpty ? wanted : wanted.subtract(given.voids)
  return delivery.delivered.intersect(all).subtract(due).addAll(delivery.afterEnd)
}

/** Sequences whose `sent` lines are gone, so that nobody can say whether they were due. */
function addHiddenSequences(
  given: Case,
  base: number,
  known: SequenceSet,
  unknown: SequenceSet,
  reasons: Set<UnknownReason>,
): void {
  const { state, delivery } = given
  if (state.gapReason === 'origin-journal-missing') reasons.add('origin-journal-missing')
  if (state.gapReason !== 'origin-journal-damaged' || (state.isBygone && isUnnamed(given))) return
  const hidden = SequenceSet.range(base + 1, given.sent?.all.last ?? 0)
    .subtract(known)
    .subtract(delivery.delivered)
  if (hidden.isEmpty) return
  unknown.addAll(hidden)
  reasons.add('origin-journal-damaged')
}

/** A set as reports have it. */
export function toSetReport(set: SequenceSet): SetReport {
  return { count: set.count, ranges: set.format() }
}
