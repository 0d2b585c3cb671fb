// The judge of named producers finds what it is there for: each rule is broken once, and a producer that retries over changes of the mode passes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, toStreamId } from '../../../node/core/common/ids.ts'
import type { PublishOutcome } from '../../../node/wire/control-frames.ts'
import { ProducerJudge } from '../../../sim/switching/producer-judge.ts'
import { Tally } from '../../../sim/tally.ts'

const tag = (sequence: number): { readonly name: string; readonly sequence: number } => {
  return { name: 'till-1', sequence }
}

function stored(records: number, offset: number, isDuplicate = false): PublishOutcome {
  const run = { records, stream: toStreamId('one'), boot: 1 as Boot, first: 1, epoch: 1, offset, isDuplicate }
  return { status: 'stored', publish: 1, runs: [run] }
}

function trial(): ProducerJudge {
  const judge = new ProducerJudge(new Tally())
  judge.onCommitted('one', tag(1), 3, 1)
  return judge
}

test('copies that pass by, are told where they are stored or that they are, and what gossip mode stores again', () => {
  const judge = trial()
  judge.onCommitted('one', tag(2), 2, 0)
  judge.onOutcome('one', tag(1), stored(3, 1))
  judge.onOutcome('one', tag(2), stored(2, 2, true))
  judge.onOutcome('one', tag(2), stored(2, 0, true))
  judge.onOutcome('one', tag(9), stored(2, 0))
  judge.onCommitted('two', tag(1), 3, 1)
})

test('a sequence that is stored twice, or passes by and is stored nowhere', () => {
  assert.throws(() => trial().onCommitted('one', tag(3), 2, 4), /till-1 3 is stored at 3, and again/)
  assert.throws(() => trial().onCommitted('one', tag(3), 2, 0), /till-1 4 passes by/)
})

test('a publication that is told to be stored and is not, or elsewhere', () => {
  assert.throws(
    () => trial().onOutcome('one', tag(3), stored(2, 0, true)),
    /till-1 4 is told to be stored, and is not/,
  )
  assert.throws(
    () => trial().onOutcome('one', tag(4), stored(1, 4)),
    /till-1 4 is told to be stored, and is not/,
  )
  assert.throws(
    () => trial().onOutcome('one', tag(2), stored(2, 1, true)),
    /is told to be stored at 1, and is at 2/,
  )
  assert.throws(() => trial().onOutcome('two', tag(1), stored(1, 1)), /on another stream/)
})
