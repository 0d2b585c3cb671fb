// What a member wants done: written, sent, applied. The driver takes it, writes and syncs, sends what may be sent, and says when
// the write is durable and the entries are applied. It may take the next one before that.

import type { HardState, LogEntry, Position, Snapshot } from './entry.ts'
import type { DurableMessage, PromptMessage } from './messages.ts'
import type { MemberId } from './quorum.ts'
import type { ReadyRead, Role } from './state.ts'

/** Who leads, as this member knows it; need not be written. */
export interface Leadership {
  readonly leader: MemberId
  readonly role: Role
}

export interface Ready {
  /** Set where it has changed. */
  readonly leadership: Leadership | undefined
  /** To be written where it has changed. */
  readonly hardState: HardState | undefined
  /** To be written in place of the log, and installed in place of the state, before anything else here. */
  readonly snapshot: Snapshot | undefined
  /** To be written next, from the first one's index on in place of what is there; then the hard state. */
  readonly entries: readonly LogEntry[]
  /** Whether a crash must not undo the write: false where only the commit index has changed. */
  readonly mustSync: boolean
  /** May be sent before the write. */
  readonly messages: readonly PromptMessage[]
  /** May be sent once this write, and all before it, are durable. */
  readonly afterDurable: readonly DurableMessage[]
  /** What the member tells itself then; `onDurable` takes it. */
  readonly own: readonly DurableMessage[]
  /** To be applied, in order. */
  readonly committed: readonly LogEntry[]
  readonly reads: readonly ReadyRead[]
  /** 1, 2, 3 …: writes become durable in this order, also those of which nothing is to be written. */
  readonly number: number
  /** The term of the member, and the end of its log, for `onDurable`. */
  readonly term: number
  readonly last: Position | undefined
}
