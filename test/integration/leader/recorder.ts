// Writes down what the clients of one stream ask for, when, and what they are told; and what subscribers are sent: a history for
// the checkers in audit/history. All clients live in this process, so its one monotonic clock gives all times.

import type {
  Append,
  CommittedRead,
  Entry,
  History,
  Session,
  SessionEvent,
} from '../../../audit/history/history.ts'
import { comparePlaces, type Place } from '../../../audit/history/place.ts'
import type { Delivery, PublishResult } from '../../../client/index.ts'
import type { PlaceTap } from './place-tap.ts'

/** What the recorder needs of a client. */
export interface Publishing {
  publish(topic: string, payload: string): PromiseLike<PublishResult>
}

/** How an append of the history ended, beside what the history keeps of it. */
export interface Receipt {
  readonly append: Append
  readonly result: PublishResult
}

/** A session while it is recorded. */
export interface SessionRecord {
  readonly id: string
  readonly node: string
  readonly after: Place | undefined
  /** Set when it has read to the end. */
  isDrain: boolean
  readonly tap: Pick<PlaceTap, 'placeOf' | 'problems' | 'nodes'>
  readonly deliveries: Delivered[]
}

/** What is kept of a delivery. */
type Delivered =
  | { readonly kind: 'message'; readonly origin: string; readonly sequence: number; readonly value: string }
  | { readonly kind: 'gap'; readonly origin: string; readonly from: number; readonly to: number }

export class Recorder {
  readonly receipts: Receipt[] = []
  /** Committed reads; whoever asks adds them. */
  readonly reads: CommittedRead[] = []
  readonly #stream: string
  readonly #sessions: SessionRecord[] = []
  /** The last counter of each process. */
  readonly #counters = new Map<string, number>()

  constructor(stream: string) {
    this.#stream = stream
  }

  /** Appends the next value of a process; `padBytes` more make a large message of it. */
  async publish(client: Publishing, process: string, topic: string, padBytes = 0): Promise<Receipt> {
    const counter = (this.#counters.get(process) ?? 0) + 1
    this.#counters.set(process, counter)
    const value = `${process}-${counter}`
    const calledAt = performance.now()
    const result = await client.publish(topic, padBytes === 0 ? value : value.padEnd(padBytes))
    const returnedAt = performance.now()
    const append = {
      kind: 'append',
      process,
      value,
      topic,
      calledAt,
      ...toEnding(result, returnedAt),
    } as const
    const receipt = { append, result }
    this.receipts.push(receipt)
    return receipt
  }

  /** Begins a session; whoever has it adds its deliveries. */
  addSession(session: Omit<SessionRecord, 'deliveries'>): SessionRecord {
    const record = { ...session, deliveries: [] }
    this.#sessions.push(record)
    return record
  }

  /** Every acknowledgement and message without a place, and every message whose place changed. */
  get problems(): readonly string[] {
    const placeless = this.receipts.filter(
      ({ result, append }) => result.status === 'acknowledged' && append.outcome !== 'ok',
    )
    return [
      ...placeless.map(({ append }) => `${append.value} is acknowledged without a place`),
      ...this.#sessions.flatMap(({ id, tap }) => tap.problems.map((problem) => `${id}: ${problem}`)),
      ...this.#sessions.flatMap(({ id, tap, deliveries }) =>
        deliveries
          .filter((each) => each.kind === 'message' && tap.placeOf(each.origin, each.sequence) === undefined)
          .map((each) => `${id} was handed ${JSON.stringify(each)}, which no frame brought`),
      ),
    ]
  }

  history(): History {
    const acknowledged = this.#acknowledgedPlaces()
    const sessions = this.#sessions.map((record): Session => {
      const { id, node, after, isDrain } = record
      const events = record.deliveries.flatMap((each) => this.#toEvents(record, each, acknowledged))
      return { id, node, after, isDrain, events: sortGaps(events) }
    })
    const operations = [...this.receipts.map(({ append }) => append), ...this.reads]
    return { stream: this.#stream, operations, sessions }
  }

  /** A gap of an origin is one for each place of its messages that anybody knows; of the others nobody could miss anything. */
  #toEvents(
    { tap }: SessionRecord,
    delivered: Delivered,
    acknowledged: ReadonlyMap<string, Place>,
  ): readonly SessionEvent[] {
    if (delivered.kind === 'message') {
      const place = tap.placeOf(delivered.origin, delivered.sequence)
      return place === undefined ? [] : [{ kind: 'entry', place, value: delivered.value }]
    }
    const { origin, from, to } = delivered
    const sequences = Array.from({ length: to - from + 1 }, (_, index) => from + index)
    return sequences.flatMap((sequence) => {
      const place = this.#overheard(origin, sequence) ?? acknowledged.get(`${origin} ${sequence}`)
      return place === undefined ? [] : [{ kind: 'gap' as const, from: place, to: place }]
    })
  }

  #overheard(origin: string, sequence: number): Place | undefined {
    for (const { tap } of this.#sessions) {
      const place = tap.placeOf(origin, sequence)
      if (place !== undefined) return place
    }
    return undefined
  }

  #acknowledgedPlaces(): ReadonlyMap<string, Place> {
    const places = new Map<string, Place>()
    for (const { result } of this.receipts) {
      if (result.status !== 'acknowledged' || result.offset === undefined) continue
      const { epoch = 0, offset } = result
      places.set(`${result.origin} ${result.sequence}`, { epoch, offset })
    }
    return places
  }
}

/** Gaps that are told together come origin by origin; only what lies between them and other events has an order. */
function sortGaps(events: readonly SessionEvent[]): readonly SessionEvent[] {
  const sorted: SessionEvent[] = []
  let gaps: (SessionEvent & { readonly kind: 'gap' })[] = []
  const putGaps = (): void => {
    sorted.push(...gaps.sort((a, b) => comparePlaces(a.from, b.from)))
    gaps = []
  }
  for (const event of events) {
    if (event.kind === 'gap') gaps.push(event)
    else {
      putGaps()
      sorted.push(event)
    }
  }
  putGaps()
  return sorted
}

/** What is kept of a delivery; the payload is copied. */
export function toDelivered(delivery: Delivery): Delivered {
  const { kind, origin } = delivery
  if (kind === 'gap') return { kind, origin, from: delivery.from, to: delivery.to }
  return { kind, origin, sequence: delivery.sequence, value: delivery.text().trimEnd() }
}

/** Values and places of a session, in order. */
export function entriesOf({ events }: Session): readonly Entry[] {
  return events.flatMap((event) => (event.kind === 'entry' ? { place: event.place, value: event.value } : []))
}

/** How an append ended, by what its publisher was told. */
export function toEnding(
  result: PublishResult,
  returnedAt: number,
):
  | { readonly outcome: 'ok'; readonly returnedAt: number; readonly result: Place }
  | { readonly outcome: 'refused' | 'unknown'; readonly returnedAt: number } {
  if (result.status === 'refused') return { outcome: 'refused', returnedAt }
  if (result.status !== 'acknowledged' || result.offset === undefined)
    return { outcome: 'unknown', returnedAt }
  return { outcome: 'ok', returnedAt, result: { epoch: result.epoch ?? 0, offset: result.offset } }
}
