// When the Raft groups of a node hear that time has passed.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { LeaderClockwork } from '../../node/leader-clockwork.ts'

/** A clockwork that begins 300 ms behind a whole second, over a clock that the test moves. */
class Scene {
  isAtRest = false
  /** When ticks came, milliseconds since the beginning, and how many. */
  readonly heard: [number, number][] = []
  readonly clockwork: LeaderClockwork
  readonly #t: TestContext
  #passedMs = 0

  constructor(t: TestContext) {
    this.#t = t
    t.mock.timers.enable({ apis: ['setTimeout'] })
    this.clockwork = new LeaderClockwork({
      isAtRest: () => this.isAtRest,
      onTicks: (ticks) => this.heard.push([this.#passedMs, ticks]),
      now: () => 1_795_000_000_300 + this.#passedMs,
    })
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed++) {
      this.#passedMs++
      this.#t.mock.timers.tick(1)
    }
  }
}

test('a tick comes every 50 ms while there is something to do', (t) => {
  const scene = new Scene(t)
  scene.clockwork.start()
  scene.pass(200)
  assert.deepEqual(
    scene.heard,
    [50, 100, 150, 200].map((at) => [at, 1]),
  )
})

test('at rest the ticks of a second come together, a millisecond behind the whole second', (t) => {
  const scene = new Scene(t)
  scene.isAtRest = true
  scene.clockwork.start()
  scene.pass(3000)
  assert.deepEqual(scene.heard, [
    [701, 14],
    [1701, 20],
    [2701, 20],
  ])
})

test('what ends the rest need not wait for the second to end', (t) => {
  const scene = new Scene(t)
  scene.isAtRest = true
  scene.clockwork.start()
  scene.pass(100)
  scene.clockwork.onTurn()
  scene.isAtRest = false
  scene.clockwork.onTurn()
  scene.pass(120)
  assert.deepEqual(scene.heard, [
    [150, 1],
    [200, 1],
  ])
})

test('a clockwork that was stopped tells nothing more, whatever happens', (t) => {
  const scene = new Scene(t)
  scene.isAtRest = true
  scene.clockwork.start()
  scene.clockwork.stop()
  scene.isAtRest = false
  scene.clockwork.onTurn()
  scene.pass(2000)
  assert.deepEqual(scene.heard, [])
})
