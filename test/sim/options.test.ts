// What the words of `npm run sim` ask for.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { readOptions } from '../../sim/options.ts'

/** The ranges as `WORLD FIRST COUNT`. */
function rangesOf(line: string): string[] {
  const { ranges } = readOptions(line.split(' ').filter(Boolean), 2)
  return ranges.map(({ world, first, count }) => `${world} ${first} ${count}`)
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
  assert.throws(() => rangesOf('--world exploration --first 1000001'), {
    message: 'exploration has 594440 seeds, none from 1000001 on',
  })
})

test('words that make no sense are refused with the reason', () => {
  for (const [line, message] of [
    ['--seeds 0', /--seeds 0: not a whole number from 1 on/],
    ['--first x', /--first x: not/],
    ['--threads 0', /--threads 0: not/],
    ['--world none', /no world is called none/],
    ['--nodes 99', /--nodes 99: no such world/],
    ['--what', /Unknown option '--what'/],
  ] as const)
    assert.throws(() => rangesOf(line), { message })
})

test('every command for the simulator in the documents makes sense', async () => {
  const text = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8')
  const lines = [...text.matchAll(/npm run sim -- ([^`>;\n]+)/g)].map(([, words = '']) => words.trim())
  assert.ok(lines.length > 5)
  for (const line of lines) assert.doesNotThrow(() => rangesOf(line.replaceAll(/\bN\b/g, '1')), line)
})
