// How far a log goes is noted when it has become quiet, and now and then while it has not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NotePace } from '../../../node/core/wal/note-pace.ts'

/** What is noted, and at which tick, where so much is durable at each tick. */
function notes(pace: NotePace, ticks: number, durableAt: (tick: number) => number): (readonly number[])[] {
  const noted: (readonly number[])[] = []
  for (let tick = 1; tick <= ticks; tick++) {
    const write = pace.tick(1, durableAt(tick))
    if (write !== undefined) noted.push([tick, write])
  }
  return noted
}

test('nothing is noted of a log to which nothing is written', () => {
  assert.deepEqual(
    notes(new NotePace(7), 10_000, () => 7),
    [],
  )
})

test('a burst of writes is noted once, a second after its last one', () => {
  const durableAt = (tick: number): number => Math.min(7 + tick, 57)
  assert.deepEqual(notes(new NotePace(7), 10_000, durableAt), [[70, 57]])
})

test('a log that is written to without an end is noted every ten seconds', () => {
  const found = notes(new NotePace(7), 1000, (tick) => 7 + tick)
  assert.deepEqual(
    found.map(([tick, write]) => [tick, write]),
    [200, 400, 600, 800, 1000].map((tick) => [tick, 7 + tick]),
  )
})

test('at rest several ticks pass at once', () => {
  const pace = new NotePace(0)
  const found = [1, 2, 3, 4, 5, 6].map(() => pace.tick(5, 3))
  assert.deepEqual(found, [undefined, undefined, undefined, undefined, 3, undefined])
})
