// What happened on one stream as its clients saw it: what they asked for, when, and what they were told; and what subscribers
// were sent. The simulator and the tests with real processes write such histories, the checkers beside this file judge them.
// They are plain data, so that a bad one can be stored, printed and made smaller.

import type { Place } from './place.ts'

/**
 * What is appended: `<process>-<counter>`. It stands for the payload, is unique in a history, and the counters of a process
 * rise in the order in which it sends, so that the order of every writer can be checked.
 */
export type Value = string

export interface Entry {
  readonly place: Place
  readonly value: Value
}

interface Call {
  /** Who asks; a process may ask for several things at once. */
  readonly process: string
  /** By the one clock of the whole history, in any unit. Equal times count as overlapping. */
  readonly calledAt: number
}

/**
 * How an operation ended. `refused`: it has no effect and never will have. `unknown`: it may take effect at any time after its
 * call, also after its return, or never.
 */
type Ending<Result> =
  | { readonly outcome: 'ok'; readonly returnedAt: number; readonly result: Result }
  | { readonly outcome: 'refused' | 'unknown'; readonly returnedAt?: number }

/** A publish. Retries under one producer name are one operation: from the first call to the last return. */
export type Append = Call &
  Ending<Place> & { readonly kind: 'append'; readonly value: Value; readonly topic?: string }

/** A linearizable read of the last committed entry; the result is undefined if there is none. */
export type CommittedRead = Call & Ending<Entry | undefined> & { readonly kind: 'read' }

export type Operation = Append | CommittedRead

export interface EntryEvent extends Entry {
  readonly kind: 'entry'
}

/**
 * What a subscriber was sent. `gap`: it was told that nothing more comes of the places `from` to `to`, both included.
 * `bookmark`: it was told that everything up to the place has been sent.
 */
export type SessionEvent =
  | EntryEvent
  | { readonly kind: 'gap'; readonly from: Place; readonly to: Place }
  | { readonly kind: 'bookmark'; readonly place: Place }

/** One stay of a subscriber on one node. */
export interface Session {
  /** Unique in a history. */
  readonly id: string
  readonly node: string
  /** It asked for everything after this place; undefined if it began wherever the stream stood. */
  readonly after: Place | undefined
  /** The published topics that its patterns match; missing if they match all. */
  readonly topics?: readonly string[]
  /** It read to the end of the stream after everything else had ended and healed. */
  readonly isDrain: boolean
  /** In the order in which they came. */
  readonly events: readonly SessionEvent[]
}

export interface History {
  readonly stream: string
  /** In any order. */
  readonly operations: readonly Operation[]
  readonly sessions: readonly Session[]
}
