// The journal of one node as the check needs it: its boots, the holes in the journal, its subscriptions.

import type { ClockTable } from './clock-table.ts'
import { type JournalHole, SubscriptionRecord } from './delivery-record.ts'
import type { DroppedLedger } from './dropped-ledger.ts'
import type { JournalEvent } from './journal-event.ts'
import { type JournalHealth, type JournalSink, journalNumber } from './journal-reader.ts'
import { mapEntry } from './map-entry.ts'
import type { OrderCheck } from './order-check.ts'
import type { SentLedger } from './sent-ledger.ts'
import type { VoidCheck } from './void-check.ts'

/** What all journals together tell. */
export interface SharedRecords {
  readonly ledger: SentLedger
  readonly clocks: ClockTable
  readonly order: OrderCheck
  readonly voids: VoidCheck
  readonly dropped: DroppedLedger
}

/** One run of the node. */
export interface BootRecord {
  /** `open`: the journal goes on to its end without a `stop`. `crashed`: another boot started without one. */
  state: 'open' | 'stopped' | 'crashed'
  /** `at` of its first line. */
  readonly beganAt: number
  /** `at` of its last line. */
  lastAt: number
  /** When it was over for certain, with what a crash has taken of its journal; infinite while nothing says so. */
  overAt: number
}

/** Folds one node's journal. */
export class NodeHistory implements JournalSink {
  readonly node: string
  readonly boots: Map<string, BootRecord> = new Map()
  readonly holes: JournalHole[] = []
  /** sub -> stream -> record. */
  readonly subscriptions: Map<string, Map<string, SubscriptionRecord>> = new Map()
  /** Other nodes that the journal speaks of. */
  readonly peers: Set<string> = new Set()
  /** Names that were removed, with when, by this node's clock. */
  readonly forgotten: { readonly name: string; readonly at: number }[] = []
  /** `at` of the first line that could be read. */
  beginsAt: number | undefined
  /** What the reader saw; set when the journal is over. */
  health: JournalHealth | undefined
  /** The node said that its journal is complete up to this time; undefined when it did not say. */
  readonly flushedAt: number | undefined
  /** True when the first line is a `start`: together with the number of the first file, nothing is missing before it. */
  #beginsWithStart: boolean | undefined
  #boot: BootRecord | undefined
  #bootOrigin: string | undefined
  /** True from the first line of a boot until its `stop`. */
  #isRunning = false
  /** True while nothing came after a torn line. */
  #endsTorn = false
  readonly #shared: SharedRecords

  constructor(node: string, flushedAt: number | undefined, shared: SharedRecords) {
    this.node = node
    this.flushedAt = flushedAt
    this.#shared = shared
  }

  /** True when lines before the first one are gone. */
  get isHeadCut(): boolean {
    return this.#beginsWithStart !== true || journalNumber(this.health?.files[0] ?? '') > 1
  }

  /** True when lines are missing in the middle. */
  get isDamaged(): boolean {
    return (this.health?.damagedLines ?? 0) > 0 || (this.health?.droppedLines ?? 0) > 0
  }

  /** When the journal ends, by this node's clock. */
  get endsAt(): number | undefined {
    return this.flushedAt ?? this.health?.lastAt
  }

  /** When its last boot began, by this node's clock. */
  get lastBootAt(): number {
    return [...this.boots.values()].at(-1)?.beganAt ?? Number.NEGATIVE_INFINITY
  }

  /** Everything that happened on the node up to this time is in the journal, by this node's clock; never where a boot crashed. */
  get tellsAllUntil(): number {
    const states = [...this.boots.values()].map(({ state }) => state)
    const isSure = !this.isHeadCut && !this.isDamaged && !this.isTailTorn && !states.includes('crashed')
    if (!isSure) return Number.NEGATIVE_INFINITY
    return states.includes('open') ? (this.flushedAt ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY
  }

  onHole(kind: 'damaged' | 'torn'): void {
    // Neighbouring lines are one hole.
    const last = this.holes.at(-1)
    if (last !== undefined && last.endedAt === undefined) last.kind = kind
    else this.holes.push({ kind, endedAt: undefined })
    this.#endsTorn = kind === 'torn'
  }

  onEvent(event: JournalEvent): void {
    this.#beginsWithStart ??= event.t === 'start'
    this.beginsAt ??= event.at
    const hole = this.holes.at(-1)
    if (hole !== undefined) hole.endedAt ??= event.at
    if (event.t === 'start') this.#onStart(event)
    else if (event.t === 'stop') this.#onStop(event)
    else {
      this.#isRunning = true
      this.#onOther(event)
    }
    this.#endsTorn = false
    if (this.#boot !== undefined) this.#boot.lastAt = event.at
  }

  /** Its own subscriptions end with it, and do not come back with another node of its name. */
  onRemoval(): void {
    const at = this.#boot?.lastAt ?? this.beginsAt ?? 0
    if (this.#isRunning || this.#endsTorn) this.#onCrash(at)
    this.#isRunning = false
    this.#endsTorn = false
    for (const record of this.records()) {
      if (record.closing === undefined) record.closing = { how: 'crash', at }
      else if (record.closing.how === 'stop') record.closing = { how: 'removal', at: record.closing.at }
    }
  }

  /** True when the journal ends in the middle of a line. */
  get isTailTorn(): boolean {
    return this.#endsTorn && this.flushedAt === undefined
  }

  /** The journal is over. A torn tail is no hole when the node has said that all up to a moment was written before it. */
  close(health: JournalHealth): void {
    this.health = health
    if (this.#endsTorn && this.flushedAt !== undefined) this.holes.pop()
  }

  *records(): Generator<SubscriptionRecord, void> {
    for (const streams of this.subscriptions.values()) yield* streams.values()
  }

  #onStart(event: JournalEvent & { readonly t: 'start' }): void {
    if (event.origin === this.#bootOrigin && this.#isRunning) return
    if (this.#isRunning || this.#endsTorn) this.#onCrash(event.at)
    if (this.#boot !== undefined && event.origin !== this.#bootOrigin)
      this.#boot.overAt = Math.min(this.#boot.overAt, event.at)
    for (const record of this.records()) {
      // A node's own subscriptions survive its restart: they go on being owed everything, said again or not.
      const survives = record.announced?.kind === 'node' && record.closing?.how === 'stop'
      if (survives) record.closing = undefined
    }
    this.#isRunning = true
    this.#bootOrigin = event.origin
    this.#boot = mapEntry(this.boots, event.origin, () => newBoot(event.at))
  }

  #onCrash(restartedAt: number): void {
    if (this.#boot?.state === 'open') this.#boot.state = 'crashed'
    if (this.#endsTorn) this.holes.pop()
    this.holes.push({ kind: 'crash', endedAt: restartedAt })
    for (const record of this.records()) {
      const isSession = record.announced?.kind !== 'node'
      if (isSession && record.closing === undefined) record.closing = { how: 'crash', at: restartedAt }
    }
  }

  #onStop(event: JournalEvent & { readonly t: 'stop' }): void {
    this.#isRunning = false
    const boot = mapEntry(this.boots, event.origin, () => newBoot(event.at))
    boot.state = 'stopped'
    boot.overAt = event.at
    for (const record of this.records()) record.closing ??= { how: 'stop', at: event.at }
  }

  #onOther(event: JournalEvent): void {
    switch (event.t) {
      case 'sent':
        if (!this.boots.has(event.origin)) {
          this.#bootOrigin = event.origin
          this.#boot = mapEntry(this.boots, event.origin, () => newBoot(event.at))
        }
        this.#shared.ledger.add(event)
        this.#shared.voids.onSent(event)
        break
      case 'void':
        this.#shared.voids.onVoid(event)
        break
      case 'forgotten':
        this.forgotten.push(event)
        break
      case 'unplaced':
        this.#shared.ledger.unplace(event)
        break
      case 'placed':
      case 'retention':
        this.#onPlaced(event)
        break
      case 'dropped':
        // It stands where the lines are missing, so they belong before it.
        this.holes.push({ kind: 'damaged', endedAt: event.at })
        break
      case 'clock':
        this.peers.add(event.peer)
        this.#shared.clocks.add(this.node, event.peer, event)
        break
      case 'sub':
        this.#record(event).announce(event, this.#boot?.beganAt)
        break
      case 'base':
        this.#record(event).onBase(event, this.holes)
        break
      case 'got':
        this.#record(event).onGot(event, this.holes)
        break
      case 'gap':
        this.#record(event).onGap(event, this.holes)
        break
      case 'order':
        // A hole may hide the beginning of another boot.
        this.#shared.order.add(this.node, `${this.#bootOrigin} ${this.holes.length}`, event)
        break
      case 'end':
        this.#record(event).closing = { how: 'end', passed: new Map(event.seqs) }
        break
      case 'passed':
        this.#record(event).onPassed(event)
        break
      case 'lost':
        this.#record(event).onLost(event.at)
        break
      default:
        break
    }
  }

  #onPlaced(event: JournalEvent & { readonly t: 'placed' | 'retention' }): void {
    this.#shared.ledger.place(event.stream, event.origin, event.to)
    this.#shared.dropped.add(this.node, event)
  }

  #record(event: { readonly sub: string; readonly stream: string }): SubscriptionRecord {
    const streams = mapEntry(this.subscriptions, event.sub, () => new Map<string, SubscriptionRecord>())
    const record = mapEntry(streams, event.stream, () => {
      return new SubscriptionRecord(event.sub, event.stream, this.holes.length)
    })
    record.holesSeen = this.holes.length
    return record
  }
}

function newBoot(at: number): BootRecord {
  return { state: 'open', beganAt: at, lastAt: at, overAt: Number.POSITIVE_INFINITY }
}

/** The node of an origin's text form `A#1x2y`. */
export function nodeOf(origin: string): string {
  const hash = origin.indexOf('#')
  return hash < 0 ? origin : origin.slice(0, hash)
}
