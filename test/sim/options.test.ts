// What the words of `npm run sim` ask for.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { readOptions } from '../../sim/options.ts'

/** The ranges as `WORLD FIRST COUNT`; undefined where the words make no sense. */
function rangesOf(line: string): string[] | undefined {
  const options = readOptions(line.split(' ').filter(Boolean), 2)
  return options?.ranges.map(({ world, first, count }) => `${world} ${first} ${count}`)
}

test('without a world all are run, one after the other', () => {
  assert.deepEqual(rangesOf('--seeds 20'), [
    'gossip 1 20',
    'leader 1 20',
    'switching 1 20',
    'exploration 1 20',
  ])
  assert.deepEqual(rangesOf('--world leader --seeds 20 --first 7'), ['leader 7 20'])
})

test('of the exploration there are only so many cases: what lies beyond is left out, or refused where it is asked for alone', () => {
  assert.deepEqual(rangesOf('--world exploration --seeds 1000000'), ['exploration 1 594440'])
  assert.deepEqual(rangesOf('--seeds 5 --first 1000001'), [
    'gossip 1000001 5',
    'leader 1000001 5',
    'switching 1000001 5',
  ])
  assert.equal(rangesOf('--world exploration --first 1000001'), undefined)
})

test('words that make no sense are refused', () => {
  for (const line of ['--seeds 0', '--first x', '--world none', '--nodes 99', '--threads 0', '--what'])
    assert.equal(rangesOf(line), undefined, line)
})

test('every command for the simulator in the documents makes sense', async () => {
  const text = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  const lines = [...text.matchAll(/npm run sim -- ([^`>;\n]+)/g)].map(([, words = '']) => words.trim())
  assert.ok(lines.length > 5)
  for (const line of lines) assert.ok(rangesOf(line.replaceAll(/\bN\b/g, '1')) !== undefined, line)
})
