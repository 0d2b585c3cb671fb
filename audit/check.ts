// The delivery check: from journals alone, what every subscription was owed and what it got.
//
// Journals are fed one node after the other, in any order and in pieces; the verdict is computed at the end,
// because what a subscriber is owed stands in the journals of others.

import type { Case, OriginState } from './case.ts'
import { type CheckResult, isFault, type SubscriberReport } from './check-result.ts'
import { ClockTable } from './clock-table.ts'
import { badness, countsOf, sumCounts } from './counts.ts'
import type { SubscriptionRecord } from './delivery-record.ts'
import { DroppedLedger } from './dropped-ledger.ts'
import { listFindings } from './findings.ts'
import { FirstHeard } from './first-heard.ts'
import { type JournalHealth, type JournalSink, type JournalText, readJournal } from './journal-reader.ts'
import { NodeHistory, nodeOf } from './node-history.ts'
import { OrderCheck } from './order-check.ts'
import { QueueCheck } from './queue-check.ts'
import { SentLedger } from './sent-ledger.ts'
import { SequenceSet } from './sequence-set.ts'
import { judge } from './verdict.ts'
import { VoidCheck, type VoidEvidence } from './void-check.ts'

/** How to judge. */
export interface CheckOptions {
  /** What was sent within this time before the journals' end counts as pending and not as lost. */
  readonly graceMs: number
}

/** Nothing says that it was over before somebody subscribed. */
const isLive = { isBygone: false, isHistory: false, wasOverBefore: false } as const

/** Two seconds: repair is complete within them on loopback. */
export const graceMsDefault = 2_000

/** Where one node's journal is fed to. */
export interface JournalIntake extends JournalSink {
  /** Call with the reader's result when the journal is over. */
  close(health: JournalHealth): void
}

/** Collects journals and judges them. */
export class DeliveryCheck {
  readonly #options: CheckOptions
  readonly #ledger = new SentLedger()
  readonly #clocks = new ClockTable()
  readonly #order = new OrderCheck()
  readonly #voids = new VoidCheck()
  readonly #dropped = new DroppedLedger()
  readonly #heard = new FirstHeard()
  readonly #nodes = new Map<string, NodeHistory>()

  constructor(options: CheckOptions) {
    this.#options = options
  }

  /**
   * Where to feed the journal of a node. `flushedAt`: the node said (POST /v1/flush) that its journal is complete up to
   * this time; without it the journal is taken to have been fetched when the newest of all ends.
   */
  openJournal(node: string, flushedAt?: number): JournalIntake {
    const history = new NodeHistory(node, flushedAt, {
      ledger: this.#ledger,
      clocks: this.#clocks,
      order: this.#order,
      voids: this.#voids,
      dropped: this.#dropped,
    })
    this.#nodes.set(node, history)
    return history
  }

  /** The verdict over everything that was fed. */
  finish(): CheckResult {
    this.#placeDelivered()
    const subscribers: SubscriberReport[] = []
    const queues = new QueueCheck((name, node) => this.#removalsOf(name, node))
    for (const history of this.#nodes.values()) {
      for (const record of history.records()) {
        const queue = record.announced?.queue
        if (queue !== undefined) queues.add(queue, history, record)
        else subscribers.push(this.#judgeSubscription(history, record))
      }
    }
    subscribers.push(...this.#judgeQueues(queues))
    const totals = sumCounts(subscribers.map((subscriber) => subscriber.counts))
    const findings = listFindings(subscribers, this.#order.finish())
    const ends = [...this.#nodes.values()].flatMap((history) => history.endsAt ?? [])
    return {
      schemaVersion: 1,
      ok: !findings.some(({ kind }) => isFault(kind)),
      graceMs: this.#options.graceMs,
      endsAt: ends.length === 0 ? null : ends.reduce((a, b) => Math.max(a, b)),
      sent: this.#ledger.messages,
      totals,
      subscribers: subscribers.sort((a, b) => badness(b.counts) - badness(a.counts) || compareNames(a, b)),
      findings,
      journals: [...this.#nodes.values()].flatMap((history) => history.health ?? []),
      missingJournals: this.#missingJournals(),
    }
  }

  /** An origin gets its places in sequence: what anybody got, or was told to miss, had one, and so had all before it. */
  #placeDelivered(): void {
    for (const history of this.#nodes.values())
      for (const { stream, origins } of history.records())
        for (const [origin, { position, times }] of origins) {
          this.#ledger.place(stream, origin, position)
          this.#heard.add(origin, this.#clocks.translate(times.first, history.node, nodeOf(origin)))
        }
  }

  /** When a name was removed, by the clock of `node`. */
  #removalsOf(name: string, node: string): readonly number[] {
    return [...this.#nodes.values()].flatMap((history) =>
      history.forgotten
        .filter((forgotten) => forgotten.name === name)
        .map(({ at }) => this.#clocks.translate(at, history.node, node)),
    )
  }

  #judgeQueues(queues: QueueCheck): readonly SubscriberReport[] {
    const reports = queues.judge({
      ledger: this.#ledger,
      clocks: this.#clocks,
      nodes: [...this.#nodes.values()],
      hasMissingJournals: this.#missingJournals().length > 0,
      caseOf: (history, record, origin) => this.#caseOf(history, record, origin),
    })
    return reports.map((report) => ({ ...report, counts: sumCounts(report.origins.map(countsOf)) }))
  }

  #judgeSubscription(history: NodeHistory, record: SubscriptionRecord): SubscriberReport {
    const names = new Set([...this.#ledger.originsOf(record.stream), ...record.origins.keys()])
    const origins = [...names].sort().map((origin) => judge(this.#caseOf(history, record, origin)))
    return {
      node: history.node,
      sub: record.sub,
      name: record.announced?.name ?? null,
      kind: record.announced?.kind ?? 'unknown',
      stream: record.stream,
      patterns: record.announced?.patterns ?? [],
      state: record.state,
      counts: sumCounts(origins.map(countsOf)),
      origins,
    }
  }

  #caseOf(history: NodeHistory, record: SubscriptionRecord, origin: string): Case {
    const originNode = nodeOf(origin)
    const state = this.#originState(origin, history, record)
    const writtenUntil = typeof state.tail === 'object' ? state.tail.writtenUntil : 0
    return {
      origin,
      sent: this.#ledger.record(record.stream, origin),
      ordered: this.#ledger.orderedOf(record.stream, origin),
      droppedTo: this.#dropped.to(record.stream, origin),
      droppedBefore: this.#droppedBefore(history, record, origin),
      placedTo: this.#ledger.placedTo(record.stream, origin),
      voids: this.#voids.all(record.stream, origin),
      unjustified: this.#voids.unjustified(record.stream, origin, this.#evidence),
      state,
      delivery: record.origins.get(origin) ?? record.unheardOrigin(),
      patterns: record.announced?.patterns,
      isHeadless: record.isHeadless,
      isBroken: record.isBroken,
      isSubscriberJournalPartial: history.isHeadCut || history.isDamaged,
      closing: record.closing,
      holes: history.holes,
      mayHaveEnded: record.mayHaveEnded(history.holes),
      toOriginClock: (moment) => this.#clocks.translate(moment, history.node, originNode),
      pendingAfter: this.#subscriberEndsAt(history, record, originNode) - this.#options.graceMs,
      historyUntil: this.#historyUntil(history, record, originNode),
      unwrittenAfter: this.#clocks.translate(writtenUntil, originNode, history.node) - this.#options.graceMs,
    }
  }

  /** When the subscription was made, by the clock of the origin's node, or up to as much earlier as that may be off; -Infinity where nobody can say. */
  #historyUntil({ node }: NodeHistory, { since }: SubscriptionRecord, originNode: string): number {
    const clock = this.#clocks.between(node, originNode)
    if (since === undefined || clock === undefined) return Number.NEGATIVE_INFINITY
    return since + clock.offsetMs - clock.errorMs
  }

  /** What some node had dropped before the subscription was made; only if it is sure. */
  #droppedBefore({ node }: NodeHistory, { stream, since }: SubscriptionRecord, origin: string): number {
    if (since === undefined) return 0
    return this.#dropped.to(stream, origin, (teller, at) => {
      const clock = this.#clocks.between(teller, node)
      return clock !== undefined && at + clock.offsetMs + clock.errorMs < since
    })
  }

  /** A message is hidden by a journal that lacks lines, or had not been written that far when the void came. */
  readonly #evidence: VoidEvidence = {
    placedTo: (stream, origin) => this.#ledger.placedTo(stream, origin),
    settled: (stream, origin, voids) => {
      const times = this.#ledger.record(stream, origin)?.times
      if (times === undefined || this.#missingJournals().length > 0) return new SequenceSet()
      const until = [...this.#nodes.values()].map((history) =>
        this.#clocks.translate(history.tellsAllUntil, history.node, nodeOf(origin)),
      )
      return times.until(voids, Math.min(...until) - this.#options.graceMs)
    },
  }

  #originState(origin: string, subscriber: NodeHistory, record: SubscriptionRecord): OriginState {
    const history = this.#nodes.get(nodeOf(origin))
    if (history === undefined || history.endsAt === undefined) {
      const gapReason = 'origin-journal-missing'
      return { gapReason, isHeadCut: true, tail: 'crashed', ...isLive }
    }
    const historyUntil = this.#historyUntil(subscriber, record, history.node)
    const gapReason = history.isDamaged ? 'origin-journal-damaged' : undefined
    const boot = history.boots.get(origin)
    // Boots come one after the other. One that somebody heard of before the last one began was there, and the journal lost its lines.
    if (boot === undefined) {
      const tail = this.#heard.isBefore(origin, history.lastBootAt) ? 'crashed' : 'complete'
      // Nor is there room for it behind where a journal begins that lacks nothing since.
      const isHistory =
        history.isHeadCut && history.holes.length === 0 && (history.beginsAt ?? 0) < historyUntil
      return { gapReason, isHeadCut: history.isHeadCut, tail, ...isLive, isHistory }
    }
    const clock = this.#clocks.between(history.node, subscriber.node)
    const lastAt = this.#clocks.translate(boot.lastAt, history.node, subscriber.node)
    const wasOverAt = boot.state === 'open' ? Number.POSITIVE_INFINITY : lastAt
    const isTailTorn = boot.state === 'open' && history.isTailTorn
    const writtenUntil = history.flushedAt ?? boot.lastAt
    return {
      gapReason,
      isHeadCut: history.isHeadCut,
      tail:
        boot.state === 'stopped'
          ? 'complete'
          : boot.state === 'crashed' || isTailTorn
            ? 'crashed'
            : { writtenUntil },
      // Only if it is sure: clocks that were never compared say nothing about before and after, and a damaged line may be the
      // one that names the origin.
      isBygone:
        !subscriber.isDamaged &&
        wasOverAt + (clock?.errorMs ?? Number.POSITIVE_INFINITY) < (record.since ?? 0),
      isHistory: boot.overAt < historyUntil,
      wasOverBefore: wasOverAt < (record.beganAt ?? 0),
    }
  }

  /** Until when this subscription's journal tells everything, by the clock of `node`. */
  #subscriberEndsAt(history: NodeHistory, record: SubscriptionRecord, node: string): number {
    const { closing } = record
    if (closing?.how === 'stop' || closing?.how === 'removal')
      return this.#clocks.translate(closing.at, history.node, node)
    if (history.flushedAt !== undefined) return this.#clocks.translate(history.flushedAt, history.node, node)
    let latest = Number.NEGATIVE_INFINITY
    for (const other of this.#nodes.values()) {
      if (other.endsAt === undefined) continue
      latest = Math.max(latest, this.#clocks.translate(other.endsAt, other.node, node))
    }
    return latest
  }

  #missingJournals(): readonly string[] {
    const missing = new Set<string>()
    const mention = (node: string): void => {
      if (this.#nodes.get(node)?.endsAt === undefined) missing.add(node)
    }
    for (const history of this.#nodes.values()) {
      mention(history.node)
      for (const peer of history.peers) mention(peer)
      for (const record of history.records())
        for (const origin of record.origins.keys()) mention(nodeOf(origin))
    }
    return [...missing].sort()
  }
}

/** Checks journals that are held in memory. */
export function checkJournals(journals: readonly JournalText[], options: CheckOptions): CheckResult {
  const check = new DeliveryCheck(options)
  for (const journal of journals) {
    const intake = check.openJournal(journal.node)
    intake.close(readJournal(journal, [intake]))
  }
  return check.finish()
}

function compareNames(a: SubscriberReport, b: SubscriberReport): number {
  const left = JSON.stringify([a.node, a.sub, a.stream])
  const right = JSON.stringify([b.node, b.sub, b.stream])
  return left < right ? -1 : left > right ? 1 : 0
}
