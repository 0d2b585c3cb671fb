// What the verdict of the switching world knows of messages, publications and readers.

import type { Boot } from '../../node/core/common/ids.ts'
import type { AckLevel } from '../../node/wire/batch-header.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import type { Draft } from '../truth.ts'
import type { SwitchingReader } from './switching-reader.ts'

/** A message that was numbered. */
export interface Message {
  readonly id: string
  readonly stream: string
  readonly origin: string
  readonly boot: Boot | undefined
  readonly sequence: number
  /** Undefined while it is not. */
  acknowledgedAt: number | undefined
  /** Epoch in which it was read, the same for all; and in which with its place. */
  epoch: number | undefined
  orderedIn: number | undefined
  /** Its place in the order of the stream, as the log, its publisher or a reader says; undefined where it has none. */
  offset: number | undefined
  /** When it was published, and when its publisher was told its place. */
  readonly calledAt: number
  placedAt: number | undefined
  /** Boots other than its own that ever held it in an epoch in gossip mode. */
  readonly holders: Set<Boot>
}

export interface Publication {
  readonly boot: Boot
  readonly drafts: readonly Draft[]
  readonly level: AckLevel
  readonly messages: Message[]
  outcome: PublishOutcome['status'] | undefined
}

/** Whether nodes that run must have a message: it has a place, or is in an epoch, or must be taken into one; and retention has not dropped it. */
export type IsThere = (message: Message & { readonly boot: Boot }, hasPlace: boolean) => boolean

/** Whether a reader must get a message: of what was published before it was told that it has begun, it may. */
export function isFor({ calledAt }: Message, { isNewcomer, node, readyAt }: SwitchingReader): boolean {
  return !isNewcomer || (node !== undefined && readyAt !== undefined && calledAt > readyAt)
}

/** Where a reader stands. */
export interface Track {
  /** Last sequence that it has passed, by origin. */
  readonly passed: Map<string, number>
  readonly got: Set<Message>
  readonly told: Set<Message>
  lastOffset: number
  lastEpoch: number
  session: number
}

/** A reader that stands before everything. */
export function newTrack(): Track {
  return { passed: new Map(), got: new Set(), told: new Set(), lastOffset: 0, lastEpoch: 0, session: 0 }
}
