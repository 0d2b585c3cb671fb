// Random histories of a stream that has one order, beside a list: what is held comes in order, and all else is a gap.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LogFeed } from '../../../node/core/stream/log-feed.ts'
import { ageMs, drain, Stream } from './one-order.ts'

/** What may happen to the stream, and to its readers. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('take' as const), origin: fc.nat(2), count: fc.nat(4) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lose' as const), origin: fc.nat(2), count: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(900) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), feed: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('begin' as const),
      passed: fc.array(fc.nat(20), { maxLength: 3 }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never

interface Taken {
  readonly origin: string
  readonly from: number
  readonly to: number
  readonly at: number
}

/** A reader, and what it has passed by origin; everything of the others. */
interface Reader {
  readonly feed: LogFeed
  readonly passed: Map<string, number>
}

class Model {
  readonly stream: Stream = new Stream()
  readonly readers: Reader[] = []
  #taken: Taken[] = []
  /** Last sequence by origin, lost or not. */
  readonly #last = new Map<string, number>()

  run(each: Step): void {
    const { stream } = this
    if (each.kind === 'take' || each.kind === 'lose') {
      const origin = 'ABC'[each.origin] ?? ''
      const from = (this.#last.get(origin) ?? 0) + 1
      const to = from + each.count
      this.#last.set(origin, to)
      if (from === 1) stream.begin(origin, 0)
      if (each.kind === 'take') stream.take(origin, from, to)
      else stream.lose(origin, to)
      if (each.kind === 'take') this.#taken.push({ origin, from, to, at: stream.now })
    } else if (each.kind === 'pass') {
      stream.pass(each.ms)
      this.#taken = this.#taken.filter(({ at }) => at > stream.now - ageMs)
    } else if (each.kind === 'begin') {
      const passed = new Map(each.passed.map((to, nth) => ['ABC'[nth] ?? '', to]))
      this.readers.push({ feed: stream.after(Object.fromEntries(passed)), passed })
    } else this.#read(this.readers[each.feed % this.readers.length])
  }

  readAll(): void {
    for (const reader of this.readers) this.#read(reader)
  }

  /** What is held and was not passed comes in order; all else of every origin is in gaps; nothing comes twice. */
  #read(reader: Reader | undefined): void {
    if (reader === undefined) return
    const { feed, passed } = reader
    const expected = this.#taken
      .filter(({ origin, to }) => to > (passed.get(origin) ?? 0))
      .map(({ origin, from, to }) => `${origin} ${Math.max(from, (passed.get(origin) ?? 0) + 1)}-${to}`)
    const items = drain(feed)
    assert.deepEqual(
      items.filter((item) => !item.startsWith('gap')),
      expected,
    )
    for (const item of items) {
      const [, origin = '', from, to] = item.match(/(\w) (\d+)-(\d+)$/) ?? []
      assert.equal(Number(from), (passed.get(origin) ?? 0) + 1, item)
      passed.set(origin, Number(to))
    }
    for (const [origin, last] of this.#last) assert.ok((passed.get(origin) ?? 0) >= last, origin)
  }
}

test('random histories are handed out as a list would be', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const model = new Model()
      for (const each of steps) model.run(each)
      model.readAll()
    }),
    { seed: 20261108, numRuns: 2000 },
  )
})
