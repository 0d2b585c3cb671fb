// The event loop of a simulated process: what comes while it is paused waits and is handled late, in its order; what was put off
// happens when the turn ends.

export class EventLoop {
  #inbox: (() => void)[] = []
  #turnEnd: (() => void)[] = []
  #isPaused = false

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Calls back when the present turn has ended. */
  readonly endOfTurn = (callback: () => void): void => {
    this.#turnEnd.push(callback)
  }

  /** Runs something in a turn of its own: now, or when the process goes on. */
  do(run: () => void): void {
    if (this.#isPaused) this.#inbox.push(run)
    else this.#turn(run)
  }

  /** Handles nothing until `resume`. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    const inbox = this.#inbox
    this.#inbox = []
    for (const run of inbox) this.#turn(run)
  }

  /** The process is gone, with all that waited in it. */
  clear(): void {
    this.#inbox = []
    this.#turnEnd = []
    this.#isPaused = false
  }

  #turn(run: () => void): void {
    run()
    for (let next = this.#turnEnd.shift(); next !== undefined; next = this.#turnEnd.shift()) next()
  }
}
