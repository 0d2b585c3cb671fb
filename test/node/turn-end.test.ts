// Callbacks wait for the end of the turn, or for whoever calls them before; each is called once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnEnd } from '../../node/turn-end.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('what is deferred is called in order when the turn has ended', async () => {
  const end = new TurnEnd()
  const called: number[] = []
  end.defer(() => called.push(1))
  end.defer(() => called.push(2))
  assert.deepEqual(called, [])
  await nextTurn()
  assert.deepEqual(called, [1, 2])
})

test('what was called before the turn ended is not called again, and what is deferred by it waits', async () => {
  const end = new TurnEnd()
  const called: number[] = []
  end.defer(() => {
    called.push(1)
    end.defer(() => called.push(2))
  })
  end.run()
  assert.deepEqual(called, [1])
  await nextTurn()
  assert.deepEqual(called, [1, 2])
  await nextTurn()
  assert.deepEqual(called, [1, 2])
})
