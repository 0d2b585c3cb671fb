// Acknowledgements that nobody awaits come together and a little later (docs/protocol.md section 2), so that they wake
// neither side for every batch. Who begins to wait for one after its batch has gone shall not pay for that: the node is asked,
// once a turn, to answer what it holds back.

import { batchFlag, batchOffset, isPatientPublish } from '../node/wire/batch-header.ts'
import type { PublishBatch } from './receipt.ts'
import type { Environment } from './transport.ts'

export class Patience {
  readonly #environment: Pick<Environment, 'afterTurn'>
  readonly #ask: () => void
  /** Whether the node may hold an acknowledgement back. */
  #isHeld = false
  #isTurnAwaited = false

  /** `ask` sends the node the frame that asks for its answers. */
  constructor(environment: Pick<Environment, 'afterTurn'>, ask: () => void) {
    this.#environment = environment
    this.#ask = ask
  }

  /** Right before a batch is sent. One that somebody has begun to wait for since it was sealed is patient no longer. */
  onSend(batch: PublishBatch, frame: Uint8Array): void {
    if (batch.level !== 'local') return
    if (isPatientPublish(frame) && !batch.isAwaited) {
      batch.onAwaited = this.#hurry
      this.#isHeld = true
      return
    }
    frame[batchOffset.flags] = (frame[batchOffset.flags] as number) & ~batchFlag.patient
    // Its answer takes along everything that the node holds back.
    this.#isHeld = false
  }

  /** The connection is gone, and with it what the node has held back. */
  reset(): void {
    this.#isHeld = false
  }

  readonly #hurry = (): void => {
    if (!this.#isHeld || this.#isTurnAwaited) return
    this.#isTurnAwaited = true
    this.#environment.afterTurn(() => {
      this.#isTurnAwaited = false
      if (!this.#isHeld) return
      this.#isHeld = false
      this.#ask()
    })
  }
}
