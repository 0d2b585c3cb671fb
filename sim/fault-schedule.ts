// When faults begin and end: each kind comes as often as it is asked for, lasts for a while, and is undone when all faults end.

import type { Dice } from './dice.ts'
import { Recurrence } from './recurrence.ts'
import type { Run } from './run.ts'

export class FaultSchedule {
  readonly #run: Pick<Run, 'timeline' | 'tally' | 'tell'>
  readonly #dice: Dice
  readonly #recurrence: Recurrence
  /** What ends the faults that are in force. */
  readonly #undo = new Set<() => void>()

  constructor(run: Pick<Run, 'timeline' | 'tally' | 'tell'>, dice: Dice) {
    this.#run = run
    this.#dice = dice
    this.#recurrence = new Recurrence(run.timeline, dice)
  }

  get isOver(): boolean {
    return this.#recurrence.isOver
  }

  /** Lets something happen so often on average, until all faults end. */
  every(perSecond: number, run: () => void): void {
    this.#recurrence.every(perSecond, run)
  }

  /** The same of every kind. */
  everyKind<Kind extends string>(
    rates: Readonly<Record<Kind, number>>,
    kinds: Readonly<Record<Kind, () => void>>,
  ): void {
    for (const kind of Object.keys(kinds) as Kind[]) this.every(rates[kind], kinds[kind])
  }

  /** Undoes a fault after a while, or when all faults end. */
  forAWhile(what: string, lowMs: number, highMs: number, undo: () => void): void {
    const forMs = this.#dice.between(lowMs, highMs)
    this.#run.tally.count(`fault ${what.split(' ')[0]}`)
    this.#run.tell(`${what} for ${Math.round(forMs)} ms`)
    const once = (): void => {
      if (!this.#undo.delete(once)) return
      this.#run.tell(`${what} is over`)
      undo()
    }
    this.#undo.add(once)
    this.#run.timeline.after(forMs, once)
  }

  /** Undoes everything that is in force; nothing happens any more. */
  stop(): void {
    this.#recurrence.stop()
    for (const undo of [...this.#undo]) undo()
  }
}
