// TEST_FAULT_ROUNDS: what is no number of rounds must not pass as none, and more rounds have more time.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFaultRounds, toFileTimeoutMs } from '../../scripts/testing/fault-rounds.ts'

test('faults are repeated as often as it says, and once without it', () => {
  assert.deepEqual(['1', '20', '1000'].map(readFaultRounds), [1, 20, 1000])
  assert.equal(readFaultRounds(undefined), Number(process.env['TEST_FAULT_ROUNDS'] ?? 1))
})

test('what is no number of rounds is refused: with it no fault would come, and every test pass', () => {
  for (const text of ['', '0', '-1', '2.5', 'many', '1001', 'NaN'])
    assert.throws(() => readFaultRounds(text), /^Error: TEST_FAULT_ROUNDS is ".*", not 1\.\.1000$/)
})

test('a file has five minutes, and a minute more for every further round', () => {
  assert.deepEqual([1, 2, 20].map(toFileTimeoutMs), [300_000, 360_000, 1_440_000])
})
