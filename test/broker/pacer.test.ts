// How a connection is slowed down while subscribers lag.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pacer } from '../../node/broker/pacer.ts'

/** A connection that notes what is done with it; time passes when the test says so. */
class PacedConnection {
  readonly done: string[] = []
  readonly pacer: Pacer
  #resume: () => void = () => undefined

  constructor() {
    this.pacer = new Pacer(
      {
        after: (delayMs, callback) => {
          this.done.push(`after ${delayMs.toFixed(1)} ms`)
          this.#resume = callback
        },
        count: (counter, by) => this.done.push(`${counter} +${by}`),
      },
      { pauseReading: () => this.done.push('pause'), resumeReading: () => this.done.push('resume') },
      'linksSlowed',
    )
  }

  passTime(): void {
    this.#resume()
  }
}

test('does not touch a connection while nobody lags', () => {
  const connection = new PacedConnection()
  for (let frame = 0; frame < 100; frame++) connection.pacer.pace(65_536, false)
  assert.deepEqual(connection.done, [])
})

test('pauses after a full batch for at most five milliseconds, and resumes by itself', () => {
  const connection = new PacedConnection()
  connection.pacer.pace(65_536, true)
  connection.passTime()
  assert.deepEqual(connection.done, ['linksSlowed +1', 'pause', 'after 5.0 ms', 'resume'])
})

test('pauses no longer than that after a frame that is worth much more', () => {
  const connection = new PacedConnection()
  connection.pacer.pace(1_000_000, true)
  assert.deepEqual(connection.done, ['linksSlowed +1', 'pause', 'after 5.0 ms'])
})

test('lets small frames through until together they are worth a millisecond', () => {
  const connection = new PacedConnection()
  for (let frame = 0; frame < 13; frame++) connection.pacer.pace(990, true)
  assert.deepEqual(connection.done, [])
  connection.pacer.pace(990, true)
  assert.deepEqual(connection.done, ['linksSlowed +1', 'pause', 'after 1.1 ms'])
})

test('forgets what a connection owed once nobody lags any more', () => {
  const connection = new PacedConnection()
  connection.pacer.pace(12_000, true)
  connection.pacer.pace(12_000, false)
  connection.pacer.pace(12_000, true)
  assert.deepEqual(connection.done, [])
})
