// What a subscriber of the client library got, judged as it comes: per origin no copy, no hole and no step back.

import assert from 'node:assert/strict'
import type { Delivery, Gap, Message } from '../../client/index.ts'
import { until } from './until.ts'

export class Ledger {
  readonly texts: string[] = []
  readonly gaps: Gap[] = []
  /** Last sequence of each stream and origin. */
  readonly last: Map<string, number> = new Map()
  /** What broke the delivery rule. */
  readonly violations: string[] = []

  /** Takes a delivery; pass it as a handler. */
  readonly take = (delivery: Delivery): void => {
    const key = `${delivery.stream} ${delivery.origin}`
    const last = this.last.get(key)
    const from = delivery.kind === 'gap' ? delivery.from : delivery.sequence
    const to = delivery.kind === 'gap' ? delivery.to : delivery.sequence
    if (last !== undefined && from !== last + 1) this.violations.push(`${key}: ${from} after ${last}`)
    this.last.set(key, to)
    if (delivery.kind === 'gap') this.gaps.push(delivery)
    else this.texts.push(this.read(delivery))
  }

  get count(): number {
    return this.texts.length
  }

  /** Resolves when so many messages have come. */
  async untilCount(count: number, deadlineMs?: number): Promise<void> {
    await until(`a subscriber has ${count} messages`, () => this.count >= count, deadlineMs)
  }

  /** Everything came once, in order, without a gap. */
  assertComplete(count: number): void {
    assert.deepEqual(this.violations, [])
    assert.deepEqual(this.gaps, [])
    assert.equal(this.count, count)
    assert.equal(new Set(this.texts).size, count, 'no message came twice')
  }

  /** What is kept of a message. */
  protected read(message: Message): string {
    return `${message.origin} ${message.sequence}`
  }
}
