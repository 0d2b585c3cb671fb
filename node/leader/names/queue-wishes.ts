// What a node wants for the members of queues that its clients are: to join, to say what is acknowledged, to leave.

import type { Low, NameCommand, NameKey, SlotPositions } from './command.ts'
import type { Wish } from './desk.ts'
import type { NameLedger } from './ledger.ts'
import type { Queue, QueueTerms } from './queues.ts'

export interface JoinOptions extends NameKey, QueueTerms {
  readonly holder: string
  /** Where the queue begins if it is new. */
  readonly low: Low
  readonly onJoined: (queue: Queue) => void
  /** `differs`: the queue has other patterns or another key. */
  readonly onRefused: (why: 'full' | 'differs') => void
}

export class JoinWish implements Wish {
  readonly key: string
  readonly #options: JoinOptions

  constructor(options: JoinOptions) {
    this.#options = options
    this.key = joinKey(options.holder)
  }

  next(ledger: NameLedger): NameCommand | undefined {
    const { stream, name, holder, patterns, key, low, onJoined, onRefused } = this.#options
    const queue = ledger.queues.find(stream, name)
    if (queue?.members.includes(holder) === true) {
      onJoined(queue)
      return undefined
    }
    const problem = ledger.queues.joinProblem(stream, name, { patterns, key })
    if (problem === undefined) return { op: 'join', stream, name, holder, patterns, key, low }
    onRefused(problem)
    return undefined
  }
}

/** The key of a member's wish to join, by which it is called off. */
export function joinKey(holder: string): string {
  return `join ${holder}`
}

export interface AcknowledgeOptions extends NameKey {
  readonly holder: string
  /** How far its slots are acknowledged; other members' are not there. */
  readonly positions: ReadonlyMap<number, number>
  /** Slots of which nothing is on its way to the client, and nothing more will be sent in this turn. */
  readonly drained: ReadonlyMap<number, number>
  readonly low: Low | undefined
}

export class AcknowledgeWish implements Wish {
  readonly key: string
  readonly #options: AcknowledgeOptions

  constructor(options: AcknowledgeOptions) {
    this.#options = options
    this.key = `acknowledge ${options.holder}`
  }

  next(ledger: NameLedger): NameCommand | undefined {
    const { stream, name, holder, positions: all, drained, low: lowest } = this.#options
    const queue = ledger.queues.find(stream, name)
    if (queue?.members.includes(holder) !== true) return undefined
    const own = [...queue.slots.entries()].filter(([, { owner }]) => owner === holder)
    const positions = own.flatMap(([slot, { position }]) => {
      const acknowledged = all.get(slot) ?? 0
      return acknowledged > position ? [[slot, acknowledged] as const] : []
    })
    const released = own.flatMap(([slot, { next, turn }]) =>
      next !== undefined && drained.get(slot) === turn ? [[slot, turn] as const] : [],
    )
    const low = lowest !== undefined && lowest.offset > queue.low.offset ? lowest : undefined
    if (positions.length === 0 && released.length === 0 && low === undefined) return undefined
    return { op: 'ack', stream, name, holder, positions, released, low }
  }
}

export interface LeaveOptions extends NameKey {
  readonly holder: string
  readonly positions: SlotPositions
  /** It is no member any more. */
  readonly onLeft: () => void
}

export class LeaveWish implements Wish {
  readonly key: string
  readonly #options: LeaveOptions

  constructor(options: LeaveOptions) {
    this.#options = options
    this.key = leaveKey(options.holder)
  }

  next(ledger: NameLedger): NameCommand | undefined {
    const { stream, name, holder, positions, onLeft } = this.#options
    if (ledger.queues.find(stream, name)?.members.includes(holder) === true)
      return { op: 'leave', stream, name, holder, positions }
    onLeft()
    return undefined
  }
}

export function leaveKey(holder: string): string {
  return `leave ${holder}`
}
