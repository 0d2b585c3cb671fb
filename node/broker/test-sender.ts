// Publishes numbered test messages from within the node, for `herald send`: the same publisher that clients talk to, so
// what it measures and journals is what a client would see.

import type { Refusal } from '../core/common/errors.ts'
import { topicProblem } from '../core/stream/topic.ts'
import { BatchBuilder } from '../wire/batch-builder.ts'
import type { AckLevel } from '../wire/batch-header.ts'
import type { PublishOutcome } from '../wire/control-frames.ts'
import type { Broker } from './broker.ts'
import { Publisher } from './publisher.ts'

export interface SendOrder {
  readonly topic: string
  /** Every message is this text, a blank, `#` and its number. */
  readonly message: string
  readonly count: number
  /** Messages a second; as fast as the node takes them if absent. */
  readonly ratePerSecond: number | undefined
  readonly ack: AckLevel
}

export interface SendResult {
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly stream: string
  readonly from: number
  readonly to: number
  readonly elapsedMs: number
}

/** Batches that wait for their acknowledgement before the sender waits as well. */
const batchesInFlightMax = 64

export class TestSender {
  readonly #broker: Broker
  readonly #order: SendOrder
  readonly #publisher: Publisher
  readonly #builder: BatchBuilder
  readonly #records = new Map<number, number>()
  #sent = 0
  #number = 1
  #acknowledged = 0
  #refused = 0
  #unknown = 0
  #from = 0
  #to = 0
  #onAnswer: () => void = () => undefined

  constructor(broker: Broker, order: SendOrder) {
    this.#broker = broker
    this.#order = order
    this.#builder = new BatchBuilder(broker.ports.allocate)
    this.#publisher = new Publisher(broker, (outcomes) => this.#onOutcomes(outcomes))
  }

  /** Sends everything, or until the signal aborts; resolves when all that was sent has an outcome. */
  async run(signal: AbortSignal): Promise<SendResult | Refusal> {
    const problem = topicProblem(this.#order.topic)
    if (problem !== undefined) return problem
    const started = this.#broker.ports.now()
    while (this.#sent < this.#order.count && !signal.aborted) {
      this.#sendDue(started)
      await this.#pause()
    }
    while (this.#records.size > 0 && this.#order.ack !== 'none') {
      await new Promise<void>((resolve) => {
        this.#onAnswer = resolve
      })
    }
    const elapsedMs = this.#broker.ports.now() - started
    const stream = this.#publisher.lastStream?.name ?? ''
    const acknowledged = this.#order.ack === 'none' ? this.#sent : this.#acknowledged
    return {
      acknowledged,
      refused: this.#refused,
      unknown: this.#unknown,
      stream,
      from: this.#from,
      to: this.#to,
      elapsedMs,
    }
  }

  /** Sends what the schedule asks for by now, at most a batch. Each message keeps its own intended time. */
  #sendDue(started: number): void {
    const { topic, message, count, ratePerSecond, ack } = this.#order
    const now = this.#broker.ports.now()
    const due = ratePerSecond === undefined ? count : Math.floor(((now - started) / 1000) * ratePerSecond) + 1
    while (this.#sent < Math.min(due, count)) {
      const text = `${message} #${this.#sent + 1}`
      if (!this.#builder.hasRoom(text.length * 3)) break
      const time = ratePerSecond === undefined ? now : started + (this.#sent / ratePerSecond) * 1000
      this.#builder.append(topic, text, ratePerSecond === undefined ? undefined : { time }, now)
      this.#sent++
    }
    if (this.#builder.count === 0) return
    const number = this.#number++
    if (ack !== 'none') this.#records.set(number, this.#builder.count)
    this.#publisher.publish(this.#builder.finish(number, ack))
    const run = this.#publisher.lastRun
    if (run === undefined) return
    if (this.#from === 0) this.#from = run.first
    this.#to = run.first + run.records - 1
  }

  /** Lets the event loop turn, and waits while subscribers lag or too much is unacknowledged. */
  async #pause(): Promise<void> {
    const { ports } = this.#broker
    await new Promise<void>((resolve) => ports.endOfTurn(resolve))
    const stream = this.#publisher.lastStream
    const isAhead = this.#records.size > batchesInFlightMax
    const isPaced = this.#order.ratePerSecond !== undefined
    if (isAhead || isPaced || (stream !== undefined && this.#broker.isPressed(stream))) {
      await new Promise<void>((resolve) => ports.after(1, resolve))
    }
  }

  #onOutcomes(outcomes: readonly PublishOutcome[]): void {
    for (const outcome of outcomes) {
      const records = this.#records.get(outcome.publish) ?? 0
      this.#records.delete(outcome.publish)
      if (outcome.status === 'refused') this.#refused += records
      else if (outcome.status === 'stored') this.#acknowledged += records
      else this.#unknown += records
    }
    this.#onAnswer()
  }
}
