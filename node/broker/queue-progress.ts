// What a member of a queue has been sent and has not acknowledged, message by message, and so how far each of its slots is acknowledged. Totals
// count messages since the subscription began, as its credit does.

import { Deque } from '../core/common/deque.ts'
import { slotCount } from '../wire/batch-slots.ts'

/** The messages of one frame, in order. */
export interface SentMessages {
  readonly slots: Uint8Array
  readonly offsets: readonly number[]
}

interface Item extends SentMessages {
  /** Total after it. */
  readonly total: number
  /** Whether it was sent as a member that is none any more: then it counts, and nothing else. */
  isVoid: boolean
}

export class QueueProgress {
  readonly #items = new Deque<Item>()
  #sent = 0
  #consumed = 0

  push({ slots, offsets }: SentMessages): void {
    this.#sent += slots.length
    this.#items.push({ slots, offsets, total: this.#sent, isVoid: false })
  }

  /** The client has worked on so many since the subscription began. */
  consume(total: number): void {
    this.#consumed = Math.max(this.#consumed, total)
    for (let item = this.#items.peek(); item !== undefined; item = this.#items.peek()) {
      if (item.total > this.#consumed) return
      this.#items.shift()
    }
  }

  /** What is on its way belongs to others now. */
  disown(): void {
    for (let at = this.#items.first; at < this.#items.end; at++) {
      const item = this.#items.at(at)
      if (item !== undefined) item.isVoid = true
    }
  }

  /** The first offset of every slot that was sent and is not acknowledged; those of which there is none are not there. */
  firstWaiting(): Map<number, number> {
    const first = new Map<number, number>()
    for (let at = this.#items.first; at < this.#items.end && first.size < slotCount; at++) {
      const item = this.#items.at(at)
      if (item === undefined || item.isVoid) continue
      const { slots, offsets, total } = item
      const begin = Math.max(0, this.#consumed - (total - slots.length))
      for (let index = begin; index < slots.length; index++) {
        const slot = slots[index] as number
        // A slot that has come back is read again from where it was.
        first.set(slot, Math.min(first.get(slot) ?? Number.POSITIVE_INFINITY, offsets[index] as number))
      }
    }
    return first
  }
}

/** Up to which offset each slot is acknowledged, of those that were read up to `handed`, and what is not acknowledged begins at `waiting`. */
export function acknowledgedUpTo(
  handed: ReadonlyMap<number, number>,
  waiting: ReadonlyMap<number, number>,
): Map<number, number> {
  const positions = new Map<number, number>()
  for (const [slot, to] of handed) positions.set(slot, Math.min(to, (waiting.get(slot) ?? to + 1) - 1))
  return positions
}
