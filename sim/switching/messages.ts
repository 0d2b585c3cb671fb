// What the verdict of the switching world knows of messages, publications and readers.

import type { Append } from '../../audit/history/history.ts'
import { type Boot, fromOrigin } from '../../node/core/common/ids.ts'
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
  /** Its number passes by, and it is stored under another one: a copy of what its producer had published before. */
  isVoid: boolean
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
  /** By origin, how many messages it has got before the first that it has not. */
  readonly gotTo: Map<readonly Message[], number>
  readonly told: Set<Message>
  lastOffset: number
  lastEpoch: number
  session: number
}

/** A message that was just numbered. */
export function newMessage(
  message: Pick<Message, 'id' | 'stream' | 'origin' | 'sequence' | 'calledAt'>,
): Message {
  return {
    ...message,
    boot: fromOrigin(message.origin)?.boot,
    ...{ acknowledgedAt: undefined, epoch: undefined, orderedIn: undefined, offset: undefined },
    ...{ placedAt: undefined, isVoid: false, holders: new Set() },
  }
}

/** A reader that stands before everything. */
export function newTrack(): Track {
  return {
    ...{ passed: new Map(), got: new Set(), gotTo: new Map(), told: new Set() },
    ...{ lastOffset: 0, lastEpoch: 0, session: 0 },
  }
}

/** What a publisher knows of the place of a message; nothing of one that has none. */
export function toAppends({ origin, sequence, offset = 0, calledAt, placedAt }: Message): Append[] {
  if (offset === 0) return []
  const append = { kind: 'append', process: origin, value: `${origin}-${sequence}`, calledAt } as const
  // Who was acknowledged in gossip mode, or never, knows no place.
  if (placedAt === undefined) return [{ ...append, outcome: 'unknown' }]
  // Offsets go on through all epochs.
  return [{ ...append, outcome: 'ok', returnedAt: placedAt, result: { epoch: 0, offset } }]
}
