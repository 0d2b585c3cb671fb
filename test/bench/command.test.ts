// The command line of the benchmark, and what it reads from the system.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseOptions } from '../../bench/options.ts'
import { cpuMsOf, memoryOf, toMemory, toTicks } from '../../bench/process-usage.ts'
import { toSelfTimes } from '../../bench/profile.ts'

const main = join(import.meta.dirname, '..', '..', 'bench', 'main.ts')

test('without options everything runs five times', () => {
  const options = parseOptions([])
  assert.ok(typeof options === 'object' && 'runs' in options)
  assert.equal(options.runs, 5)
  assert.deepEqual(options.letters, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])
  assert.equal(options.systems, undefined)
  assert.deepEqual(options.rates, [1000, 5000, 10_000, 50_000])
  assert.equal(options.trials, 20)
})

test('options choose scenarios, systems and runs', () => {
  const options = parseOptions(['--only', 'a,c', '--systems', 'herald,nats', '--quick'])
  assert.ok(typeof options === 'object' && 'runs' in options)
  assert.deepEqual([options.letters, options.systems, options.runs], [['a', 'c'], ['herald', 'nats'], 1])
  const kills = parseOptions(['--only', 'g,h,i', '--systems', 'herald-leader,jetstream', '--trials', '7'])
  assert.ok(typeof kills === 'object' && 'trials' in kills)
  assert.deepEqual([kills.letters, kills.trials], [['g', 'h', 'i'], 7])
  const one = parseOptions(['--only', 'd', '--rates', '50000,1000'])
  assert.deepEqual('rates' in Object(one) && Object(one).rates, [50_000, 1000])
})

test('wrong options are refused with the reason', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--only', 'a,z'], /"z" is none of a, b, c, d, e, f, g, h, i/],
    [
      ['--systems', 'herald,kafka'],
      /"kafka" is none of herald, nats, redis, mosquitto, herald-leader, jetstream, jetstream-always/,
    ],
    [['--rates', '1000,2000'], /--rates: 2000 is none of 1000, 5000, 10000, 50000/],
    [['--rates', 'all'], /--rates: NaN is none of/],
    [['--runs', '0'], /--runs: 0 is not 1\.\.100/],
    [['--runs', 'many'], /--runs: many is not/],
    [['--trials', '101'], /--trials: 101 is not 1\.\.100/],
    [['--fast'], /--fast/],
  ]
  for (const [words, problem] of cases) {
    const options = parseOptions(words)
    assert.ok(typeof options === 'object' && 'problem' in options, words.join(' '))
    assert.match(options.problem, problem)
  }
})

test('the command refuses wrong options with exit code 2 and explains itself', () => {
  const refused = spawnSync(process.execPath, [main, '--only', 'z'], { encoding: 'utf8' })
  assert.equal(refused.status, 2)
  assert.match(refused.stderr, /^herald bench: --only/)
  const help = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' })
  assert.equal(help.status, 0)
  assert.match(help.stdout, /--quick/)
})

test('processor time is read behind a command that holds spaces and parentheses', () => {
  assert.equal(toTicks('7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0 99'), 154)
})

test('memory is read from the roll-up of a process', () => {
  const rollup = 'aaa-bbb ---p 0 00:00 0 [rollup]\nRss:      2048 kB\nPss:      1024 kB\nPss_Dirty: 7 kB\n'
  assert.deepEqual(toMemory(rollup), { rssBytes: 2_097_152, pssBytes: 1_048_576 })
})

test('this very process has memory, and processor time that only grows', {
  skip: process.platform !== 'linux',
}, () => {
  const before = cpuMsOf([process.pid])
  assert.ok(before > 0)
  assert.ok(cpuMsOf([process.pid, process.pid]) >= 2 * before)
  assert.ok(memoryOf(process.pid).rssBytes > 10_000_000)
})

test('own time is summed by function, start-up and idle time left out', () => {
  const frame = (functionName: string): { functionName: string; url: string; lineNumber: number } => ({
    functionName,
    url: functionName.startsWith('(') ? '' : 'file:///x/y.ts',
    lineNumber: 4,
  })
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('read') },
      { id: 3, callFrame: frame('write') },
      { id: 4, callFrame: frame('read') },
    ],
    samples: [2, 1, 2, 3, 4],
    timeDeltas: [2000, 1000, 910, 60, 30],
  }
  assert.deepEqual(toSelfTimes(profile), [
    { name: 'read y.ts:5', part: 0.94 },
    { name: 'write y.ts:5', part: 0.06 },
  ])
})
