// Acknowledgements that nobody awaits come together and a little later (docs/protocol.md section 2), so that they wake
// neither side for every batch. Who begins to wait for one after its batch has gone shall not pay for that: the node is asked,
// once a turn, to answer what it holds back. So it is where its answers must come before anything else can go.

import { batchFlag, batchOffset, isPatientPublish } from '../node/wire/batch-header.ts'
import type { PublishBatch } from './receipt.ts'
import type { Environment } from './transport.ts'

/** A batch that is due sooner is not patient: four times what a node may take to answer one that is. */
const patientDeadlineMs = 1000

export class Patience {
  readonly #environment: Pick<Environment, 'afterTurn' | 'now'>
  readonly #ask: () => void
  /** Whether the node may hold an acknowledgement back. */
  #isHeld = false
  #isTurnAwaited = false

  /** `ask` sends the node the frame that asks for its answers. */
  constructor(environment: Pick<Environment, 'afterTurn' | 'now'>, ask: () => void) {
    this.#environment = environment
    this.#ask = ask
  }

  /** Right before a batch is sent. One that somebody waits for, or that is due soon, is not patient. */
  onSend(batch: PublishBatch, frame: Uint8Array): void {
    if (batch.level !== 'local') return
    if (isPatientPublish(frame) && !batch.isAwaited && !this.#isDueSoon(batch)) {
      batch.onAwaited = this.#hurry
      this.#isHeld = true
      return
    }
    frame[batchOffset.flags] = (frame[batchOffset.flags] as number) & ~batchFlag.patient
    // Its answer takes along everything that the node holds back.
    this.#isHeld = false
  }

  /** Asks for what the node holds back, if it may hold anything. */
  askNow(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#ask()
  }

  /** The connection is gone, and with it what the node has held back. */
  reset(): void {
    this.#isHeld = false
  }

  #isDueSoon(batch: PublishBatch): boolean {
    return batch.deadlineAt - this.#environment.now() < patientDeadlineMs
  }

  readonly #hurry = (): void => {
    if (!this.#isHeld || this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    this.#environment.afterTurn(() => {
      this.#isTurnAwaited = false
      this.askNow()
    })
  }
}
