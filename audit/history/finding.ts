// What a checker found: a kind, how often, and the least that shows the first case. However bad a history is, there is one finding
// for each kind and each place where to look (a session, a writer, a node), so that a hundred thousand lost messages are one line.

import type { Operation, Session, SessionEvent, Value } from './history.ts'
import { formatPlace, type Place } from './place.ts'

/** One thing that somebody did or saw. */
export interface Evidence {
  readonly source: 'append' | 'read' | 'session'
  /** The process, or the session. */
  readonly by: string
  readonly value: Value | undefined
  readonly place: Place | undefined
  readonly calledAt?: number
  readonly returnedAt?: number
}

export interface Finding<Kind extends string> {
  readonly kind: Kind
  readonly stream: string
  /** How many cases there are; evidence and sentence are about the first. */
  readonly count: number
  readonly evidence: readonly Evidence[]
  readonly sentence: string
}

/** What shows a case; made for the first one alone. */
export interface Shown {
  readonly evidence: readonly Evidence[]
  readonly sentence: string
}

/** Collects cases into findings. */
export class FindingList<Kind extends string> {
  readonly #stream: string
  readonly #found = new Map<string, { kind: Kind; count: number; shown: Shown }>()

  constructor(stream: string) {
    this.#stream = stream
  }

  /** `where` is the session, writer or node that the case is about; the empty text for the whole stream. */
  add(kind: Kind, where: string, show: () => Shown, count: number = 1): void {
    const key = `${kind} ${where}`
    const known = this.#found.get(key)
    if (known === undefined) this.#found.set(key, { kind, count, shown: show() })
    else known.count += count
  }

  /** In the order in which the first cases were found. */
  toFindings(): readonly Finding<Kind>[] {
    return Array.from(this.#found.values(), ({ kind, count, shown }) => ({
      kind,
      stream: this.#stream,
      count,
      ...shown,
    }))
  }
}

export function operationEvidence(operation: Operation): Evidence {
  const { kind, process, calledAt, outcome } = operation
  const times =
    operation.returnedAt === undefined ? { calledAt } : { calledAt, returnedAt: operation.returnedAt }
  if (kind === 'append') {
    const place = outcome === 'ok' ? operation.result : undefined
    return { source: 'append', by: process, value: operation.value, place, ...times }
  }
  const entry = outcome === 'ok' ? operation.result : undefined
  return { source: 'read', by: process, value: entry?.value, place: entry?.place, ...times }
}

export function eventEvidence({ id }: Session, event: SessionEvent): Evidence {
  const value = event.kind === 'entry' ? event.value : undefined
  return { source: 'session', by: id, value, place: event.kind === 'gap' ? event.to : event.place }
}

/** `c1's append of c1-4 (1/7, called 10, returned 12)`. */
export function describeEvidence({ source, by, value, place, calledAt, returnedAt }: Evidence): string {
  const what = { append: `append of ${value}`, read: `read of ${value ?? 'nothing'}`, session: `${value}` }[
    source
  ]
  const details = [
    ...(place === undefined ? [] : [formatPlace(place)]),
    ...(calledAt === undefined ? [] : [`called ${calledAt}`]),
    ...(returnedAt === undefined ? [] : [`returned ${returnedAt}`]),
  ]
  return `${by}'s ${what}${details.length === 0 ? '' : ` (${details.join(', ')})`}`
}

/** `c1-4 at 1/7`, `the gap up to 1/7`, `the bookmark 1/7`. */
export function describeEvent(event: SessionEvent): string {
  if (event.kind === 'entry') return `${event.value} at ${formatPlace(event.place)}`
  return event.kind === 'gap'
    ? `the gap up to ${formatPlace(event.to)}`
    : `the bookmark ${formatPlace(event.place)}`
}
