// Who founds a cluster, and when.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import { Founding } from '../../node/meta/founding.ts'

const [a, b, c] = ['A', 'B', 'C'] as NodeId[] as [NodeId, NodeId, NodeId]

function isFounded({ founders }: Founding): boolean {
  return founders !== undefined
}

test('the first of peers.json founds when all nodes there have said that they are new', () => {
  const founding = new Founding(a, 1, [c, a, b], true)
  assert.equal(founding.founder, a)
  founding.onFresh(b, 2)
  assert.ok(!isFounded(founding))
  founding.onFresh(c, 3)
  assert.deepEqual([...(founding.founders ?? [])].sort(), [
    [a, 1],
    [b, 2],
    [c, 3],
  ])
})

test('whoever is not the first founds nothing, whatever it is told', () => {
  const founding = new Founding(b, 2, [a, b, c], true)
  founding.onFresh(a, 1)
  founding.onFresh(c, 3)
  assert.deepEqual([founding.founder, founding.founders], [a, undefined])
})

test('a node whose link was down is asked again, and what a stranger says does not count', () => {
  const founding = new Founding(a, 1, [a, b, c], true)
  founding.onFresh(b, 2)
  founding.onFresh('D' as NodeId, 4)
  assert.ok(!isFounded(founding))
  founding.onFresh(c, 3)
  founding.onPeerDown(b)
  assert.ok(!isFounded(founding))
  founding.onFresh(b, 9)
  assert.equal(founding.founders?.get(b), 9)
})

test('who is alone founds at once', () => {
  assert.deepEqual([...(new Founding(a, 1, [a], true).founders ?? [])], [[a, 1]])
})

test('a node that may have been in a cluster that it has forgotten founds none, and helps nobody to found one', () => {
  const first = new Founding(a, 1, [a, b], false)
  first.onFresh(b, 2)
  assert.deepEqual([first.founders, first.isTold(a)], [undefined, false])
  const other = new Founding(b, 2, [a, b], false)
  assert.equal(other.isTold(a), false)
  assert.equal(new Founding(b, 2, [a, b], true).isTold(a), true)
  const alone = new Founding(a, 1, [a], false)
  assert.equal(alone.founders, undefined)
})
