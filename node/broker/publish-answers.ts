// The answers to one connection's publishes. Those of one turn of the event loop go out as one frame. If nobody waits for them
// yet, they wait a quarter of a second for others: a write to the publisher costs as much as taking a small batch in, and
// wakes the publisher as well.

import type { PublishOutcome } from '../wire/control-frames.ts'
import type { BrokerPorts } from './ports.ts'

/**
 * How long an answer waits for others at the most. Who begins to wait asks (`answerNow`), so it costs only this: a connection
 * that breaks leaves more batches unknown whose outcome nobody had asked for.
 */
const patienceMs = 250
/**
 * Answers this old go with the next publish. Every frame wakes the publisher, and libuv, which counts whole milliseconds, then
 * serves the publisher's next timer up to one late. One that comes right behind the publisher's own writing makes it 0.3 ms late.
 */
const ripeMs = 200
/** Bytes of publishes that wait for an answer at the most: far below the client's eight megabytes in flight. */
const patienceBytes = 262_144
const heldAnswersMax = 256

export class PublishAnswers {
  readonly #ports: Pick<BrokerPorts, 'now' | 'deferAnswers' | 'after'>
  readonly #send: (outcomes: readonly PublishOutcome[]) => void
  #outcomes: PublishOutcome[] = []
  /** Bytes of the publishes that the outcomes stand for. */
  #bytes = 0
  /** When the oldest of them was stored. */
  #heldSince = 0
  /** Set while the end of the turn, or of the publisher's patience, will bring the answer. */
  #isTurnAwaited = false
  #isTimerSet = false
  /** Whether answers may be held back at all. */
  #isPatient = true

  /** `send` gets outcomes in no particular order. */
  constructor(
    ports: Pick<BrokerPorts, 'now' | 'deferAnswers' | 'after'>,
    send: (outcomes: readonly PublishOutcome[]) => void,
  ) {
    this.#ports = ports
    this.#send = send
  }

  get isEmpty(): boolean {
    return this.#outcomes.length === 0
  }

  /** Answers at the end of this turn, together with what waits. */
  push(outcome: PublishOutcome): void {
    this.#outcomes.push(outcome)
    this.answerNow()
  }

  /** Answers what waits at the end of this turn. */
  answerNow(): void {
    if (this.isEmpty || this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    this.#ports.deferAnswers(() => {
      this.#isTurnAwaited = false
      this.sendNow()
    })
  }

  /** Answers a publish of so many bytes when there is more to say, or its patience is over. */
  pushPatient(outcome: PublishOutcome, bytes: number): void {
    const now = this.#ports.now()
    if (this.isEmpty) this.#heldSince = now
    this.#bytes += bytes
    const isRipe = now - this.#heldSince >= ripeMs
    const isMuch = this.#bytes >= patienceBytes || this.#outcomes.length >= heldAnswersMax
    if (!this.#isPatient || isRipe || isMuch) return this.push(outcome)
    this.#outcomes.push(outcome)
    if (!this.#isTurnAwaited && !this.#isTimerSet) this.#setTimer(patienceMs)
  }

  /** Answers what waits, and from now on in the turn: the connection will be closed soon. */
  endPatience(): void {
    this.#isPatient = false
    this.answerNow()
  }

  /** Answers what waits before this returns. */
  sendNow(): void {
    if (this.#outcomes.length === 0) return
    const outcomes = this.#outcomes
    this.#outcomes = []
    this.#bytes = 0
    this.#send(outcomes)
  }

  /** One timer at a time: it is not stopped when the answers go earlier, but looks again when those held then are due. */
  #setTimer(delayMs: number): void {
    this.#isTimerSet = true
    this.#ports.after(delayMs, () => {
      this.#isTimerSet = false
      if (this.isEmpty) return
      const leftMs = this.#heldSince + patienceMs - this.#ports.now()
      if (leftMs > 0) this.#setTimer(leftMs)
      else this.sendNow()
    })
  }
}
