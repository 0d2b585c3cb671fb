// One order for all: hashes that subscriptions have written are compared wherever they can be.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckResult } from '../../audit/check-result.ts'
import { renderCheckText } from '../../audit/check-text.ts'
import { findingSection } from '../../audit/report-check.ts'
import { check, journal, type Lines, start, stop, sub } from './history.ts'

/** `hash` at `offset` of a stretch that begins at `from`. */
function order(id: string, from: number, offset: number, hash: number, epoch = 1): object {
  return { t: 'order', at: offset, sub: id, stream: 'orders', epoch, from, offset, hash: hash >>> 0 }
}

/** One node a subscription, which is named after it. */
function judge(nodes: Readonly<Record<string, readonly object[]>>): CheckResult {
  return check(
    Object.entries(nodes).map(([node, lines]) => {
      const origin = `${node}#1`
      const all = [start(0, origin), sub(1, `${node}-s`), ...lines, stop(9000, origin)]
      return journal(node, all as Lines)
    }),
  )
}

function disagreed(result: CheckResult): readonly string[] {
  return result.findings.map(({ kind, node, stream, ranges, order: about }) => {
    return `${kind} ${node} ${stream} ${about?.epoch} ${ranges} ${about?.other.node}`
  })
}

test('subscriptions that began at one offset have the same hash wherever both have written one', () => {
  const same = { A: [order('a', 1, 8, 50), order('a', 1, 16, 70)], B: [order('b', 1, 16, 70)] }
  assert.deepEqual(disagreed(judge(same)), [])
  const other = { A: same.A, B: [order('b', 1, 8, 50), order('b', 1, 16, 71)] }
  const result = judge(other)
  assert.equal(result.ok, false)
  assert.deepEqual(disagreed(result), ['disagreed B orders 1 9-16 A'])
})

test('where they began at different offsets, what was added between two offsets is compared', () => {
  const a = [order('a', 1, 8, 50), order('a', 1, 16, 70), order('a', 1, 24, 75)]
  assert.deepEqual(disagreed(judge({ A: a, B: [order('b', 5, 8, 3), order('b', 5, 16, 23)] })), [])
  const wrapped = [order('b', 5, 8, 2 ** 32 - 5), order('b', 5, 16, 15)]
  assert.deepEqual(disagreed(judge({ A: a, B: wrapped })), [])
  const b = [order('b', 5, 8, 3), order('b', 5, 16, 24), order('b', 5, 24, 29)]
  assert.deepEqual(disagreed(judge({ A: a, B: b })), ['disagreed B orders 1 9-16 A'])
})

test('the odd one out is named, and again only for what differs later', () => {
  const good = (id: string): readonly object[] =>
    [10, 20, 30, 40].map((offset) => order(id, 1, offset, offset))
  const bad = [order('a', 1, 10, 10), order('a', 1, 20, 99), order('a', 1, 30, 109), order('a', 1, 40, 120)]
  const result = judge({ A: bad, B: good('b'), C: good('c') })
  assert.deepEqual(disagreed(result), ['disagreed A orders 1 11-20 B', 'disagreed A orders 1 31-40 B'])
})

test('two that never wrote the same offset are compared by what each has in common with a third', () => {
  const lines = {
    A: [order('a', 1, 10, 10), order('a', 1, 30, 30), order('a', 1, 50, 50)],
    B: [order('b', 7, 20, 2), order('b', 7, 40, 22), order('b', 7, 50, 33)],
    C: [order('c', 3, 10, 5), order('c', 3, 20, 15), order('c', 3, 30, 25), order('c', 3, 40, 35)],
  }
  assert.deepEqual(disagreed(judge(lines)), ['disagreed B orders 1 31-50 A'])
})

test('another epoch is another order, and a lost line is no difference', () => {
  const lines = {
    A: [order('a', 1, 8, 50), order('a', 9, 12, 3, 2)],
    B: ['{"t":"order",' as unknown as object, order('b', 1, 8, 50), order('b', 9, 12, 3, 3)],
  }
  assert.deepEqual(
    disagreed(judge(lines)).filter((finding) => finding.startsWith('disagreed')),
    [],
  )
})

test('a subscription that is handed what lies before is found, but not after a restart', () => {
  const again = [order('a', 1, 30, 1), order('a', 11, 20, 2)]
  const result = judge({ A: again })
  assert.deepEqual(disagreed(result), ['disagreed A orders 1 11-30 A'])
  const text = renderCheckText(result)
  assert.match(text, /^NOT OK: 1 disagreed/)
  assert.match(text, /A a orders: epoch 1, behind higher ones, offsets 11-30/)
  assert.deepEqual(disagreed(judge({ A: [again[0] ?? {}, start(40, 'A#2'), again[1] ?? {}] })).length, 0)
  assert.deepEqual(disagreed(judge({ A: [order('a', 1, 30, 1), order('a', 1, 30, 1)] })).length, 1)
})

test('both subscriptions stand in the text and in the report', () => {
  const result = judge({ A: [order('a', 1, 8, 50)], B: [order('b', 1, 8, 51)] })
  const words = 'epoch 1, unlike A a, offsets'
  assert.match(renderCheckText(result), new RegExp(`B b orders: ${words} 1-8`))
  assert.match(findingSection(result).text, new RegExp(`${words}</code> <code>1-8`))
})

test('numbers that contradict each other are damage', () => {
  for (const line of [order('a', 0, 8, 1), order('a', 9, 8, 1), { ...order('a', 1, 8, 1), hash: 2 ** 32 }])
    assert.equal(judge({ A: [line] }).journals[0]?.damagedLines, 1)
})
