// A named producer as an application uses it that cannot live with doubt: whatever does not end as acknowledged is published again under
// the same sequence.

import { setTimeout as delay } from 'node:timers/promises'
import type { Producer, PublishResult } from '../../../client/index.ts'
import type { Publishing } from './recorder.ts'

/** Between two attempts that the client itself refuses or the cluster cannot take. */
const pauseMs = 50

export class RetryingProducer implements Publishing {
  readonly #producer: Producer

  constructor(producer: Producer) {
    this.#producer = producer
  }

  async publish(topic: string, payload: string): Promise<PublishResult> {
    let receipt = this.#producer.publish(topic, payload)
    for (;;) {
      const result = await receipt
      const { producerSequence: sequence } = receipt
      if (result.status === 'acknowledged') {
        // A copy of what is not the last batch of its producer: stored, and nobody says where.
        const isPlaced = result.offset !== undefined
        return isPlaced ? result : { status: 'unknown', code: 'PUBLISH_UNKNOWN', reason: 'stored before' }
      }
      const isOver = result.status !== 'sent' && result.code === 'CLIENT_CLOSED'
      if (isOver) return result
      await delay(pauseMs)
      receipt = this.#producer.publish(topic, payload, { sequence })
    }
  }
}
