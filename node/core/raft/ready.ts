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
  /** To be written behind the log, from the first one's index on in place of what is there. */
  readonly entries: readonly LogEntry[]
  /** To be written in place of the log. Never together with entries. */
  readonly snapshot: Snapshot | undefined
  /** Whether a crash must not undo the write: false where only the commit index has changed. */
  readonly mustSync: boolean
  /** May be sent before the write. */
  readonly messages: readonly PromptMessage[]
  /** May be sent once this write, and all before it, are durable. Those to the member itself `onDurable` takes. */
  readonly afterDurable: readonly DurableMessage[]
  /** To be applied, in order. */
  readonly committed: readonly LogEntry[]
  readonly reads: readonly ReadyRead[]
  /** The term of the member, and the end of its log, for `onDurable`. */
  readonly term: number
  readonly last: Position | undefined
}
