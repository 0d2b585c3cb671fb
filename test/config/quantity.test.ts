// Sizes and durations as people write them, and back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDuration, parseBytes, parseDurationMs } from '../../node/config/quantity.ts'

test('reads sizes with binary, decimal and no unit', () => {
  assert.equal(parseBytes('64MiB'), 67_108_864)
  assert.equal(parseBytes('1.5 GB'), 1_500_000_000)
  assert.equal(parseBytes('65536'), 65_536)
  assert.equal(parseBytes('7B'), 7)
  assert.equal(parseBytes('2kib'), 2048)
})

test('refuses what is not a size', () => {
  for (const text of [
    '',
    'MiB',
    '-1',
    '1e3',
    '1.5',
    '0x10',
    '1 2',
    '64 MiB ',
    '64MiBs',
    '9999999999GiB',
    '1..5KiB',
  ]) {
    assert.equal(parseBytes(text), undefined, text)
  }
})

test('reads durations, which need a unit', () => {
  assert.equal(parseDurationMs('10m'), 600_000)
  assert.equal(parseDurationMs('250ms'), 250)
  assert.equal(parseDurationMs('1.5h'), 5_400_000)
  assert.equal(parseDurationMs('2d'), 172_800_000)
  assert.equal(parseDurationMs('600'), undefined)
  assert.equal(parseDurationMs('0.5ms'), undefined)
})

test('shows quantities in the largest unit that they fill', () => {
  assert.deepEqual([0, 512, 1536, 67_108_864, 1024 ** 3].map(formatBytes), [
    '0B',
    '512B',
    '1.5KiB',
    '64MiB',
    '1GiB',
  ])
  assert.deepEqual([0, 250, 1500, 600_000, 86_400_000].map(formatDuration), [
    '0ms',
    '250ms',
    '1.5s',
    '10m',
    '1d',
  ])
})

test('reads back what it shows', () => {
  for (let exponent = 0; exponent < 40; exponent++) {
    const bytes = 2 ** exponent
    const shown = formatBytes(bytes)
    assert.equal(parseBytes(shown), bytes, shown)
  }
})
