// What happens again and again, at times that dice choose, until it is stopped.

import type { Dice } from './dice.ts'
import type { Timeline } from './timeline.ts'

export class Recurrence {
  readonly #timeline: Pick<Timeline, 'after'>
  readonly #dice: Dice
  #isOver = false

  constructor(timeline: Pick<Timeline, 'after'>, dice: Dice) {
    this.#timeline = timeline
    this.#dice = dice
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Lets something happen so often on average. */
  every(perSecond: number, run: () => void): void {
    if (perSecond === 0) return
    this.#timeline.after(this.#dice.pause(perSecond), () => {
      if (this.#isOver) return
      run()
      this.every(perSecond, run)
    })
  }

  stop(): void {
    this.#isOver = true
  }
}
