// The faults of the list can all be planted, and whoever plants them tells what is caught from what survives, and both from what says
// nothing: a fault that is no valid program, that cannot be loaded, or whose tests fail anyway.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readProjectFile } from '../tidy/project-files.ts'
import { allMutants } from './all-mutants.ts'
import { runMutants } from './command.ts'
import { type Mutant, plant } from './mutant.ts'
import { runTrial } from './trial.ts'

const project = join(import.meta.dirname, '../..')

test('the text of every fault is in its file, once', () => {
  assert.ok(allMutants.length >= 100)
  const problems = allMutants.flatMap((mutant) => {
    const content = existsSync(join(project, mutant.file)) ? readProjectFile(mutant.file) : ''
    const faulty = plant(mutant, content)
    if (faulty === content) return `${mutant.name}: changes nothing`
    return typeof faulty === 'string' ? [] : `${mutant.name}: ${faulty.problem}`
  })
  assert.deepEqual(problems, [])
})

test('every fault leaves a program that parses', () => {
  const broken = allMutants.flatMap((mutant) => {
    const faulty = plant(mutant, readProjectFile(mutant.file))
    try {
      if (typeof faulty === 'string') stripTypeScriptTypes(faulty)
      return []
    } catch (error) {
      return `${mutant.name}: ${error instanceof Error ? error.message : 'no program'}`
    }
  })
  assert.deepEqual(broken, [])
})

test('docs/testing.md says how many faults there are', () => {
  const told = readProjectFile('docs/testing.md').match(/(\d+) faults \(`test\/mutants/)?.[1]
  assert.equal(told, `${allMutants.length}`)
})

test('every fault has a name of its own, is in production, says what it breaks, and names tests that exist', () => {
  assert.equal(new Set(allMutants.map(({ name }) => name)).size, allMutants.length)
  for (const { name, file, breaks, tests } of allMutants) {
    assert.match(name, /^[a-z]+(-[a-z]+)*$/)
    assert.match(file, /^(node|client)\/.*\.ts$/, name)
    assert.match(breaks, /^[A-Z].*\.$/s, name)
    assert.ok(tests.length > 0, name)
    for (const path of tests) assert.ok(path.endsWith('.test.ts') && existsSync(join(project, path)), path)
  }
})

/** A project of one file, with tests for most of it. */
const files = {
  'package.json': '{ "type": "module" }',
  'tsconfig.json': `{ "compilerOptions": { "target": "es2024", "module": "nodenext", "strict": true, "types": ["node"],
    "allowImportingTsExtensions": true, "noUnusedLocals": true, "noEmit": true, "skipLibCheck": true } }`,
  'code/sums.ts': `export const sum = (a: number, b: number): number => a + b
export const difference = (a: number, b: number): number => a - b
export const later = async (value: number): Promise<number> => value
`,
  'code/sums.test.ts': `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { later, sum } from './sums.ts'
test('adds', () => assert.equal(sum(1, 2), 3))
test('waits', async () => assert.equal(await later(1), 1))
`,
  'code/wrong.test.ts': `import { test } from 'node:test'
test('never passes', () => { throw new Error('without a fault') })
`,
  'code/skipped.test.ts': `import { test } from 'node:test'
test('needs more', (context) => context.skip('than there is'))
`,
  'code/dying.test.ts': `import { test } from 'node:test'
test('dies', () => { process.kill(process.pid, 'SIGKILL') })
`,
  'code/endless.test.ts': `import { test } from 'node:test'
test('spins', () => { for (;;); })
`,
}

const tests = ['code/sums.test.ts']
const common = { file: 'code/sums.ts', breaks: 'Something.', tests }
const caught: Mutant = { ...common, name: 'caught', text: 'a + b', replacement: 'a * b' }
const survivor: Mutant = { ...common, name: 'survivor', text: 'a - b', replacement: 'b - a' }
const neverEnds = { ...common, text: '=> value', replacement: '=> await new Promise(() => value)' }

let home = ''
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'herald-test-'))
  await mkdir(join(home, 'code'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content)
  await symlink(join(project, 'node_modules'), join(home, 'node_modules'))
})
after(() => rm(home, { recursive: true, force: true }))

const { signal } = new AbortController()

/** Runs the command over the small project. Returns its exit code, and its lines without the times. */
async function run(mutants: readonly Mutant[], ...words: readonly string[]): Promise<[number, string[]]> {
  let said = ''
  const print = (text: string): void => {
    said += text
  }
  const code = await runMutants(words, { project: home, mutants, patienceMs: 1000, print, signal })
  return [code, said.split('\n').map((line) => line.replace(/ \(?\d+\.\d s\)?$/, ''))]
}

test('a fault that a test notices is caught by that test, and the exit code is 0', async () => {
  const [code, lines] = await run([caught, survivor], '--only', 'caught')
  assert.equal(code, 0)
  assert.equal(lines[0], 'caught      caught: adds')
  assert.match(lines.join('\n'), /\ntogether +1 +1 +0 +0\n/)
})

test('a fault that no test notices survives, and the exit code is 1', async () => {
  const [code, lines] = await run([survivor, caught])
  assert.equal(code, 1)
  assert.deepEqual(lines.slice(0, 2).sort(), [
    'SURVIVED    survivor: 2 tests pass with it',
    'caught      caught: adds',
  ])
  assert.match(lines.join('\n'), /\ncode +2 +1 +1 +0\n/)
})

const unjudged: readonly (readonly [Mutant, RegExp])[] = [
  [{ ...caught, name: 'broken-text', replacement: 'a +' }, /is no valid program: line \d: TS\d+/],
  [{ ...caught, name: 'unknown-name', replacement: 'a + c' }, /is no valid program: line 1: TS2304/],
  [
    { ...caught, name: 'not-loaded', text: 'export const sum', replacement: 'throw 1\nexport const sum' },
    /file .*sums\.test\.ts/,
  ],
  [{ ...caught, name: 'not-there', text: 'a / b' }, /its text is not in the file/],
  [{ ...caught, name: 'not-once', text: 'number' }, /its text is there \d+ times/],
  [{ ...caught, name: 'no-file', file: 'code/nothing.ts' }, /its text is not in the file/],
  [{ ...caught, name: 'all-skipped', tests: ['code/skipped.test.ts'] }, /its tests fail without it/],
  [{ ...caught, name: 'tests-fail-anyway', tests: ['code/wrong.test.ts'] }, /its tests fail without it/],
]

test('a fault that says nothing of its tests is neither caught nor survives, and the exit code is 1', async () => {
  const [code, lines] = await run(unjudged.map(([mutant]) => mutant))
  assert.equal(code, 1)
  for (const [{ name }, reason] of unjudged) {
    const line = lines.find((each) => each.includes(`${name}: `)) ?? 'nothing'
    assert.match(line, /^NOT JUDGED/, name)
    assert.match(line, reason)
  }
  assert.match(lines.join('\n'), /\ntogether +8 +0 +0 +8\n/)
})

test('a test that never ends has caught a fault only where that was to be expected', async () => {
  const [code, lines] = await run([
    { ...neverEnds, name: 'hangs', hangs: true },
    { ...neverEnds, name: 'hangs-unasked' },
  ])
  assert.equal(code, 1)
  const [unasked = '', asked = ''] = lines.slice(0, 2).sort()
  assert.match(asked, /^caught {6}hangs: no end within \d+ s$/)
  assert.match(unasked, /^NOT JUDGED {2}hangs-unasked: a test never ends: no end within \d+ s$/)
})

test('tests that fail without any fault make the exit code 1, and are named', async () => {
  const [code, lines] = await run([{ ...caught, tests: ['code/wrong.test.ts'] }])
  assert.equal(code, 1)
  assert.match(lines[0] ?? '', /^WITHOUT A FAULT failed: code\/wrong\.test\.ts .*"never passes"/)
})

test('a trial ends with its time limit, and leaves no process behind', async () => {
  const outcome = await runTrial({ copy: home, tests: ['code/endless.test.ts'], timeLimitMs: 1000, signal })
  assert.deepEqual(outcome, { kind: 'hung', test: 'no end within 1 s' })
})

test('tests whose process dies say nothing', async () => {
  const outcome = await runTrial({ copy: home, tests: ['code/dying.test.ts'], timeLimitMs: 20_000, signal })
  assert.equal(outcome.kind, 'broken')
})

test('the faults can be listed, and one that does not exist is refused', async () => {
  const [code, lines] = await run([caught, survivor], '--list')
  assert.equal(code, 0)
  assert.deepEqual(lines.slice(0, 2), ['caught (code/sums.ts)', '    Something.'])
  const [unknown, [problem]] = await run([caught], '--only', 'nobody')
  assert.deepEqual([unknown, problem], [2, 'there is no fault nobody; --list prints them all'])
  const [wrong, [usage = '']] = await run([caught], '--often')
  assert.deepEqual([wrong, usage.slice(0, 6)], [2, 'usage:'])
})
