// The generator's ticks, on a clock of their own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockMs } from '../../bench/clock.ts'
import { Sleeper } from '../../bench/sleeper.ts'
import { Ticker } from '../../bench/ticker.ts'

/** A process in which a turn of the loop and every waking take their time. */
class FakeProcess {
  at: number
  turnMs = 0.1
  /** How much later than asked for a sleep ends; negative where it ends before. */
  sleepsLongerMs = 0.05
  sleeps = 0

  constructor(at: number) {
    this.at = at
  }

  now = (): number => this.at
  turn = async (): Promise<void> => {
    this.at += this.turnMs
  }
  sleep = (durationMs: number): void => {
    this.sleeps++
    this.at += Math.max(0.001, durationMs + this.sleepsLongerMs)
  }
}

async function ticks(
  process: FakeProcess,
  count: number,
  workMs: (tick: number) => number,
): Promise<number[]> {
  const ticker = new Ticker(process.at, 1, process)
  const times: number[] = []
  for (let tick = 0; tick < count; tick++) {
    process.at += workMs(tick)
    await ticker.next()
    times.push(Math.round(process.at * 1000) / 1000)
  }
  return times
}

test('ticks come at whole periods from the start, whatever was done between them', async () => {
  const work = [0, 0.7, 0.2, 0.5]
  const times = await ticks(new FakeProcess(1000.25), 4, (tick) => work[tick] ?? 0)
  assert.deepEqual(times, [1001.3, 1002.3, 1003.3, 1004.3])
})

test('periods that have passed are left out, and the next tick is on time again', async () => {
  const times = await ticks(new FakeProcess(0), 3, (tick) => (tick === 1 ? 3.5 : 0))
  assert.deepEqual(times, [1.05, 5.05, 6.05])
})

test('a sleep that ends too early is followed by another', async () => {
  const process = new FakeProcess(0)
  process.sleepsLongerMs = -0.3
  assert.ok((await ticks(process, 1, () => 0)).every((time) => time >= 1))
  assert.ok(process.sleeps > 1)
})

test('a client has two turns, and no more, before the generator sleeps', async () => {
  for (const [turnMs, tickAt] of [
    [0.6, 2.05],
    [0.4, 1.05],
  ] as const) {
    const process = new FakeProcess(0)
    process.turnMs = turnMs
    assert.deepEqual(await ticks(process, 1, () => 0), [tickAt])
  }
})

test('a thread sleeps for it: it is never early, and the event loop runs on meanwhile', async () => {
  await using sleeper = await Sleeper.start()
  const startMs = clockMs()
  const ticker = new Ticker(startMs, 1, sleeper)
  let isBlocked = true
  // A tick that is due already is not waited for; sooner or later one is not.
  for (let tick = 1; tick <= 20 || (isBlocked && tick <= 2000); tick++) {
    setImmediate(() => {
      isBlocked = false
    })
    await ticker.next()
    assert.ok(clockMs() - startMs >= tick)
  }
  assert.equal(isBlocked, false)
})

test('in a process of its own it is never early', async () => {
  const startMs = clockMs()
  const ticker = new Ticker(startMs, 1)
  for (let tick = 1; tick <= 20; tick++) {
    await ticker.next()
    assert.ok(clockMs() - startMs >= tick)
  }
})
