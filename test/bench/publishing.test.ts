// The ways in which publishers publish, over servers that answer when the test says so.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Acknowledgements } from '../../bench/acknowledgements.ts'
import { countSince, longestPauseMs } from '../../bench/pauses.ts'
import { publishInFlight, publishOnSchedule } from '../../bench/publishing.ts'
import { Schedule } from '../../bench/schedule.ts'
import { Sleeper } from '../../bench/sleeper.ts'
import { SteadyPublisher } from '../../bench/steady-publisher.ts'
import { Ticker } from '../../bench/ticker.ts'

/** Publications that wait for their answers, in their order. */
class Unanswered {
  readonly waiting: { readonly number: number; resolve(): void; reject(error: Error): void }[] = []

  publish = (payload: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      this.waiting.push({ number: payload[0] ?? -1, resolve, reject })
    })

  get numbers(): readonly number[] {
    return this.waiting.map(({ number }) => number)
  }

  /** Answers the one at a place, and lets everybody go on. */
  async answer(index: number): Promise<void> {
    this.waiting.splice(index, 1)[0]?.resolve()
    await turn()
  }
}

test('a closed loop keeps exactly as many publications unanswered as it is told, to the last', async () => {
  const server = new Unanswered()
  let isOver = false
  const over = publishInFlight(3, counter(6), server.publish).then(() => {
    isOver = true
  })
  await turn()
  assert.deepEqual(server.numbers, [0, 1, 2])
  await server.answer(1)
  assert.deepEqual(server.numbers, [0, 2, 3], 'an answer lets the next one go')
  await server.answer(0)
  await server.answer(0)
  assert.deepEqual(server.numbers, [3, 4, 5])
  await server.answer(0)
  await server.answer(0)
  assert.deepEqual(
    [server.numbers, isOver],
    [[5], false],
    'it ends with the last answer, not the last publication',
  )
  await server.answer(0)
  await over
})

test('a closed loop fails with the first publication that does', async () => {
  const server = new Unanswered()
  const over = publishInFlight(2, counter(9), server.publish)
  server.waiting[1]?.reject(new Error('no leader'))
  await assert.rejects(over, /no leader/)
})

test('an open loop publishes what is due at every tick with its intended time, whatever is answered', async () => {
  let nowMs = 0
  const environment = {
    now: () => nowMs,
    turn: () => Promise.resolve(),
    sleep: () => {
      nowMs += 1
    },
  }
  const schedule = new Schedule({ startMs: 0, ratePerSecond: 2000, count: 5 })
  const published: [number, number][] = []
  await publishOnSchedule(schedule, new Ticker(0, 1, environment), environment.now, (intendedMs, at) =>
    published.push([intendedMs, at]),
  )
  assert.deepEqual(published, [
    [0, 0],
    [0.5, 1],
    [1, 1],
    [1.5, 2],
    [2, 2],
  ])
})

test('acknowledgements are told with their intended times, and failures are kept for the end', async () => {
  const server = new Unanswered()
  const told: number[] = []
  const acknowledgements = new Acknowledgements((intendedMs) => told.push(intendedMs))
  for (const intendedMs of [10, 20, 30])
    acknowledgements.follow(server.publish(Uint8Array.of(intendedMs)), intendedMs)
  assert.equal(acknowledgements.underWay, 3)
  await server.answer(1)
  const settled = acknowledgements.settled()
  server.waiting[0]?.reject(new Error('too late'))
  await turn()
  assert.deepEqual([told, acknowledgements.underWay], [[20], 1])
  await server.answer(1)
  await settled
  assert.deepEqual([told, acknowledgements.failure?.message], [[20, 30], 'too late'])
})

test('nothing under way is settled at once', async () => {
  const acknowledgements = new Acknowledgements(() => undefined)
  await acknowledgements.settled()
  assert.equal(acknowledgements.failure, undefined)
})

test('a pause counts when it ends after the kill, also if it began before', () => {
  const timesMs = [0, 50, 55, 60, 100, 105]
  assert.equal(longestPauseMs(timesMs, 55), 40)
  assert.equal(longestPauseMs(timesMs, 40), 50)
  assert.equal(longestPauseMs(timesMs, 60), 40)
  assert.equal(longestPauseMs(timesMs, 100), 5)
  assert.deepEqual([longestPauseMs(timesMs, 105), longestPauseMs([], 0)], [0, 0])
})

test('acknowledgements of the moment of the kill are not counted as later ones', () => {
  assert.equal(countSince([1, 2, 3], 2), 1)
  assert.equal(countSince([1, 2, 3], 0), 3)
  assert.equal(countSince([], 0), 0)
})

test('a steady publisher goes on whatever fails, and publishes no more once it has stopped', async () => {
  let published = 0
  let reached = (): void => undefined
  const enough = new Promise<void>((resolve) => {
    reached = resolve
  })
  const steady = new SteadyPublisher(await Sleeper.start(), 1000, () => {
    if (++published === 20) reached()
    return published % 2 === 0 ? Promise.resolve() : Promise.reject(new Error('no leader'))
  })
  await enough
  await steady.stop()
  const stopped = published
  await turn()
  assert.equal(published, stopped)
  assert.equal(steady.acknowledgedAt.length, Math.floor(published / 2))
  const sorted = steady.acknowledgedAt.toSorted((left, right) => left - right)
  assert.deepEqual(steady.acknowledgedAt, sorted)
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function counter(count: number): () => Uint8Array | undefined {
  let next = 0
  return () => (next < count ? Uint8Array.of(next++) : undefined)
}
