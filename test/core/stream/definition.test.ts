// What a stream may be: names, bounds, and patterns that do not overlap.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  definitionProblem,
  ownOverlapProblem,
  type StreamDefinition,
} from '../../../node/core/stream/definition.ts'

function toDefinition(change: Partial<StreamDefinition>): StreamDefinition {
  const retention = { bytes: 1_048_576, ageMs: 60_000 }
  return { name: 'q', topics: ['q.>'], mode: 'gossip', retention, copies: 1, replicas: 3, ...change }
}

test('takes patterns that have no topic in common', () => {
  for (const topics of [['q.>'], ['q.>', 'r.>'], ['q', 'q.>'], ['q.*', 'q.*.x'], ['q.a', 'q.b', 'q.c']])
    assert.equal(ownOverlapProblem(toDefinition({ topics })), undefined, topics.join(' '))
})

for (const [topics, reason] of [
  [['q.>', 'q.x'], 'stream q: q.x overlaps q.> of the same stream'],
  [['q.x', 'q.>'], 'stream q: q.> overlaps q.x of the same stream'],
  [['a', 'q.x', 'b', 'q.x'], 'stream q: q.x overlaps q.x of the same stream'],
  [['*.x', 'q.*'], 'stream q: q.* overlaps *.x of the same stream'],
] as const) {
  test(`refuses the patterns ${topics.join(' ')} in one stream`, () => {
    assert.deepEqual(ownOverlapProblem(toDefinition({ topics })), { refused: 'STREAM_OVERLAP', reason })
    // One that is stored already, or known to another node, goes on.
    assert.equal(definitionProblem(toDefinition({ topics }), []), undefined)
  })
}

test('refuses a number of replicas other than 3 and 5', () => {
  for (const replicas of [3, 5]) assert.equal(definitionProblem(toDefinition({ replicas }), []), undefined)
  for (const replicas of [0, 1, 2, 4, 6, 3.5])
    assert.deepEqual(definitionProblem(toDefinition({ replicas }), []), {
      refused: 'STREAM_INVALID',
      reason: `stream q: replicas ${replicas} is not 3 or 5`,
    })
})

test('refuses a name that is empty or has other characters, in quotes', () => {
  for (const name of ['', '..', 'a b', 'x'.repeat(65)]) {
    const reason = `stream "${name}": the name must be 1 to 64 of A-Z a-z 0-9 _ -`
    assert.deepEqual(definitionProblem(toDefinition({ name }), []), { refused: 'STREAM_INVALID', reason })
  }
})
