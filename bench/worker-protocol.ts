// What the benchmark's main process says to its publishers and subscribers, and what they answer: one request at a time over
// Node's channel between parent and child.

import type { LatencySummary, Received } from './receiver.ts'

export type WorkerRequest =
  | { readonly op: 'connect'; readonly system: string; readonly url: string }
  | { readonly op: 'subscribe'; readonly topic: string }
  /** A new phase begins at a subscriber. */
  | {
      readonly op: 'expect'
      readonly phase: number
      readonly payloadBytes: number
      readonly isTimed: boolean
      /** Whether to tell the progress. */
      readonly tellsProgress: boolean
    }
  /** Asks for the count so far. */
  | { readonly op: 'count' }
  /** Asks for the result once `sent` messages have come, or nothing comes any more. */
  | { readonly op: 'finish'; readonly sent: number }
  /** One message to see whether subscribers can be reached. */
  | { readonly op: 'probe'; readonly topic: string; readonly phase: number }
  | PublishRequest
  /** Begins to publish at a steady rate, and answers at once. */
  | (Published & { readonly op: 'begin'; readonly ratePerSecond: number })
  /** Asks for the acknowledgements of it that came after a time on the host's clock. */
  | { readonly op: 'acknowledged'; readonly sinceMs: number }
  /** Ends it; what has no outcome yet stays under way. */
  | { readonly op: 'end' }
  | { readonly op: 'close' }

/** What is published. */
interface Published {
  readonly topic: string
  readonly phase: number
  readonly payloadBytes: number
}

/** A phase at a publisher, which answers when it is over. */
export type PublishRequest = Published & { readonly durationMs: number } & (
    | {
        /** Flat out under the client's own flow control. */
        readonly op: 'flood'
        /** Whether to stay near the subscribers. */
        readonly isWindowed: boolean
      }
    /** With so many publications without an answer at any time. */
    | { readonly op: 'loop'; readonly inFlight: number }
    | {
        readonly op: 'load'
        readonly ratePerSecond: number
        /** Whether to wait for each acknowledgement, and to say how long it took. */
        readonly isAcknowledged: boolean
      }
  )

/** Said between answers, without one: how far the (slowest) subscriber of a phase is. */
export interface ProgressNote {
  readonly op: 'progress'
  readonly phase: number
  readonly received: number
}

/** What a publisher did in a phase. */
export interface Sent {
  readonly sent: number
  /** Publications that its client knows to have failed, or gaps. */
  readonly failures: number
  /** When the first message was handed to the client, on the host's clock. */
  readonly firstAt: number
  /** When it had said everything that it says about the last one. */
  readonly lastAt: number
  readonly cpuMs: number
  /** Slots of an open-loop schedule that were missed. */
  readonly missed: number
  /** How long after its intended time each message was handed to the client. */
  readonly sendDelay: LatencySummary | undefined
  /** From each intended time to its acknowledgement, where that was waited for. */
  readonly latency: LatencySummary | undefined
}

export type WorkerAnswer =
  | { readonly op: 'done' }
  | { readonly op: 'count'; readonly received: number }
  | {
      readonly op: 'received'
      readonly received: Received
      readonly failures: number
      readonly cpuMs: number
    }
  | { readonly op: 'sent'; readonly sent: Sent }
  | {
      readonly op: 'acknowledged'
      readonly count: number
      readonly longestPauseMs: number
      /** Of all publications since it began: refused, or with an outcome that is not known. */
      readonly failures: number
    }
  | { readonly op: 'failed'; readonly message: string }
