// The linearizability checker against one that tries everything, on small random histories: made by a log that works, and then
// changed in a few points.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, Operation } from '../../../audit/history/history.ts'
import { checkLinearizability } from '../../../audit/history/linearizability.ts'
import type { Place } from '../../../audit/history/place.ts'
import { type Random, randomBelow, seededRandom } from '../../../node/core/common/random.ts'
import { isLinearizable } from './brute-force.ts'
import { history } from './written-history.ts'

const seed = 20260214
const historiesPerKind = 4_000

for (const isConsecutive of [true, false]) {
  const kind = isConsecutive ? 'consecutive' : 'rising'
  test(`says of random histories with ${kind} offsets what trying every order says`, (context) => {
    context.diagnostic(`seed ${seed}`)
    const counts = { linearizable: 0, violated: 0, undecided: 0 }
    for (let number = 0; number < historiesPerKind; number++) {
      const random = seededRandom(`${seed}/${kind}/${number}`)
      const drawn = history(change(random, drawOperations(random, isConsecutive), !isConsecutive))
      const found = checkLinearizability(drawn, { isConsecutive })
      counts[found.outcome]++
      // With unique values, two operations are always enough to show what is wrong.
      if (isConsecutive && found.outcome === 'violated')
        assert.doesNotMatch(found.finding.sentence, /^None of these/)
      const expected = isLinearizable(drawn, isConsecutive) ? 'linearizable' : 'violated'
      assert.equal(found.outcome, expected, `history ${number}: ${JSON.stringify(drawn)}`)
    }
    context.diagnostic(JSON.stringify(counts))
    assert.equal(counts.undecided, 0)
    assert.ok(Math.min(counts.linearizable, counts.violated) > historiesPerKind / 5, JSON.stringify(counts))
  })
}

/** Operations as they overlap on a log that works: each takes effect at a moment between its call and its return. */
function drawOperations(random: Random, isConsecutive: boolean): readonly Operation[] {
  const moments = Array.from({ length: 3 + randomBelow(random, 4) }, () => randomBelow(random, 30)).sort(
    (a, b) => a - b,
  )
  let last: Entry | undefined
  let place: Place = { epoch: 1, offset: 0 }
  return moments.map((at, index): Operation => {
    const call = { process: 'p', calledAt: at - randomBelow(random, 8) }
    const returnedAt = at + randomBelow(random, 8)
    if (random() < 0.4) return { ...call, kind: 'read', outcome: 'ok', returnedAt, result: last }
    const append = { ...call, kind: 'append', value: `p-${index}` } as const
    const fate = random()
    if (fate < 0.2) return { ...append, outcome: fate < 0.1 ? 'refused' : 'unknown', returnedAt }
    last = { place, value: append.value }
    place = nextPlace(random, place, isConsecutive)
    return fate < 0.4
      ? { ...append, outcome: 'unknown' }
      : { ...append, outcome: 'ok', returnedAt, result: last.place }
  })
}

function nextPlace(random: Random, { epoch, offset }: Place, isConsecutive: boolean): Place {
  if (epoch === 1 && random() < 0.1) return { epoch: 2, offset: randomBelow(random, 3) }
  return { epoch, offset: Math.min(7, offset + (isConsecutive ? 1 : 1 + randomBelow(random, 2))) }
}

/** Most histories get a few faults. Values may come twice only where an unknown append that nobody saw plays no part. */
function change(random: Random, operations: readonly Operation[], hasCopies: boolean): readonly Operation[] {
  const changed = [...operations]
  for (let faults = randomBelow(random, 6); faults > 0; faults--) {
    const index = randomBelow(random, changed.length)
    const operation = changed[index]
    const other = operations[randomBelow(random, operations.length)]
    if (operation === undefined || other === undefined) continue
    changed[index] =
      hasCopies && random() < 0.2 ? copyValue(operation, other) : changeOne(random, operation, other)
  }
  return changed
}

function copyValue(operation: Operation, other: Operation): Operation {
  const isPair = operation.kind === 'append' && other.kind === 'append'
  return isPair ? { ...operation, value: other.value } : operation
}

function changeOne(random: Random, operation: Operation, other: Operation): Operation {
  if (operation.outcome !== 'ok' || random() < 0.4) {
    const shift = randomBelow(random, 25) - 12
    const calledAt = operation.calledAt + shift
    return operation.returnedAt === undefined
      ? { ...operation, calledAt }
      : { ...operation, calledAt, returnedAt: operation.returnedAt + shift }
  }
  if (operation.kind === 'read') {
    const isOkRead = other.outcome === 'ok' && other.kind === 'read'
    return { ...operation, result: isOkRead ? other.result : entryOf(other) }
  }
  if (other.kind === 'append' && other.outcome === 'ok' && random() < 0.3)
    return { ...operation, result: other.result }
  const { offset, epoch } = operation.result
  return {
    ...operation,
    result: { epoch, offset: Math.max(0, Math.min(7, offset + randomBelow(random, 5) - 2)) },
  }
}

/** What a read would have seen right after an append; of an unknown one, at some place. */
function entryOf(operation: Operation): Entry | undefined {
  if (operation.kind === 'read') return undefined
  const place = operation.outcome === 'ok' ? operation.result : { epoch: 1, offset: 2 }
  return { place, value: operation.value }
}
