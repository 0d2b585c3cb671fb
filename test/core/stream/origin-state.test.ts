// Why messages of an origin are missing, range by range.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import { OriginState } from '../../../node/core/stream/origin-state.ts'

test('a gap reaches as far as its reason, over ranges that touch', () => {
  const state = new OriginState('A' as NodeId, 7 as Boot, 0)
  state.gone.add(1, 5)
  state.absent.add(6, 20)
  state.lost.add(9, 12)
  assert.deepEqual(state.gapAt(1), { to: 8, reason: 'retention' })
  assert.deepEqual(state.gapAt(9), { to: 12, reason: 'lost' })
  assert.deepEqual(state.gapAt(13), { to: 20, reason: 'retention' })
  assert.equal(state.gapAt(21), undefined)
})

test('a gap ends with what is given up on, also where more was lost once', () => {
  const state = new OriginState('A' as NodeId, 7 as Boot, 0)
  state.absent.add(1, 5)
  state.lost.add(1, 9)
  assert.deepEqual(state.gapAt(3), { to: 5, reason: 'lost' })
  state.forgetAbsent()
  assert.equal(state.gapAt(3), undefined)
  state.absent.add(1, 5)
  assert.deepEqual(state.gapAt(3), { to: 5, reason: 'retention' })
})
