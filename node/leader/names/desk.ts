// What this node wants of the group of names. A wish looks at the ledger and says which command would bring it about, until it has come
// true: so it does not matter which frame was lost, who leads, or whether a command was applied twice.

import type { NameCommand } from './command.ts'
import type { NameLedger } from './ledger.ts'

/** What was sent and has had no effect is sent again after so long, milliseconds. */
const sendsAgainMs = 300

export interface Wish {
  /** Of two wishes with one key the later one counts. */
  readonly key: string
  /**
   * What would bring it about now; undefined once it has come true, or never will: then it is over. It is asked again whenever the ledger
   * changes, and as time passes.
   */
  next(ledger: NameLedger): NameCommand | 'waits' | undefined
}

interface Pending {
  readonly wish: Wish
  /** The command that was sent last, as text, and when. */
  sent: string
  sentAt: number
}

export interface NameDeskOptions {
  readonly now: () => number
  readonly ledger: () => NameLedger
  /** Hands a command to whoever leads; it may be lost. */
  readonly send: (command: NameCommand) => void
}

export class NameDesk {
  readonly #options: NameDeskOptions
  readonly #pending = new Map<string, Pending>()

  constructor(options: NameDeskOptions) {
    this.#options = options
  }

  add(wish: Wish): void {
    const pending = { wish, sent: '', sentAt: 0 }
    this.#pending.set(wish.key, pending)
    this.#judge(pending)
  }

  get size(): number {
    return this.#pending.size
  }

  has(key: string): boolean {
    return this.#pending.has(key)
  }

  /** Nobody wants it any more. */
  callOff(key: string): void {
    this.#pending.delete(key)
  }

  /** Somebody else leads: what was sent may have come to nothing. */
  sendAgain(): void {
    for (const pending of this.#pending.values()) pending.sent = ''
  }

  /** The ledger has changed, or time has passed: what has come true is over, and what needs another step goes on. */
  goOn(): void {
    for (const pending of [...this.#pending.values()]) this.#judge(pending)
  }

  #judge(pending: Pending): void {
    const { wish } = pending
    const { now, ledger, send } = this.#options
    const isPending = (): boolean => this.#pending.get(wish.key) === pending
    if (!isPending()) return
    const command = wish.next(ledger())
    // Coming true, it may have led to another wish of the same key.
    if (command === undefined && isPending()) this.#pending.delete(wish.key)
    if (command === undefined || command === 'waits') return
    const text = JSON.stringify(command, toPairs)
    if (text === pending.sent && now() - pending.sentAt < sendsAgainMs) return
    pending.sent = text
    pending.sentAt = now()
    send(command)
  }
}

function toPairs(_key: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}
