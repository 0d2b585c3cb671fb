// The command tree itself: help, mistakes of usage, completion.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { Command } from 'commander'
import { buildProgram } from '../../scripts/cli/program.ts'
import { runWords, TextSink } from './fake-cluster.ts'

const help = await listCommands()

test('has every command of the documentation', () => {
  const names = new Set(help.map(({ path }) => path[0]))
  assert.deepEqual([...names].toSorted(), [
    ...[
      'analyze',
      'check',
      'cleanup',
      'completion',
      'doctor',
      'down',
      'exit',
      'fetch',
      'flood',
      'log',
      'mode',
      'names',
      'node',
      'publish',
      'read',
      'send',
    ],
    ...['status', 'stream', 'subscribe', 'subscribers', 'subscriptions', 'up'],
  ])
})

for (const { path, isGroup } of help) {
  test(`${path.join(' ')} --help exits 0 and ${isGroup ? 'lists its commands' : 'shows an example'}`, async () => {
    const { exitCode, stdout } = await runWords([...path, '--help'], {})
    assert.equal(exitCode, 0)
    assert.match(stdout, isGroup ? /^Commands:/m : new RegExp(`^Example:\n.*herald ${path.join(' ')}`, 'm'))
    assert.match(stdout, /--json/)
  })
}

test('mistakes of usage exit 2 and say what is wrong', async () => {
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [['nonsense'], /unknown command 'nonsense'/],
    [['statsu'], /Did you mean status\?/],
    [['status', '--nonsense'], /unknown option '--nonsense'/],
    [['status', '--wait', 'wealthy'], /Allowed choices are healthy/],
    [['status', '--target', 'moon'], /Allowed choices are local, compose/],
    [['status', '--timeout', 'soon'], /"soon" is not a duration/],
    [['send', 'A'], /missing required argument 'topic'/],
    [['publish', 'a', 'b', '--header', 'nothing'], /is not NAME=VALUE/],
    [['subscribe', 'a', '--from', 'yesterdayish'], /is not now, earliest, a cursor, a time or an offset/],
    [['subscribe', 'a', '--from', '0'], /"0" is not an offset; they begin with 1/],
    [['subscribe', 'a', '--from', '99999999999999999'], /"9+" is not an offset/],
    [['stream', 'add', 'orders'], /required option '--topics <patterns>' not specified/],
    [['completion', 'tcsh'], /"tcsh" is not one of bash, zsh, fish/],
    [['check', 'a', 'b'], /too many arguments/],
    [
      ['stream', 'change', 'orders'],
      /nothing to change\n +give --topics, --retention, --copies or --replicas/,
    ],
  ]
  for (const [words, message] of mistakes) {
    const { exitCode, stderr, stdout } = await runWords(words, {})
    assert.equal(exitCode, 2, words.join(' '))
    assert.match(stderr, message)
    assert.equal(stdout, '')
  }
})

test('mistakes of usage are a JSON document with a code under --json', async () => {
  const mistakes: readonly (readonly [readonly string[], string])[] = [
    [['--json', 'nonsense'], "unknown command 'nonsense'"],
    [['status', '--json', '--nonsense'], "unknown option '--nonsense'"],
    [['send', 'A', '--json'], "missing required argument 'topic'"],
    [['--json'], 'a command is missing'],
    [['stream', '--json'], 'a command is missing'],
    [
      ['--json', 'flood', 'a', 'b', '1'],
      'flood needs at least one sender, a topic, a message and a count; got 3 words',
    ],
  ]
  for (const [words, message] of mistakes) {
    const { exitCode, stdout } = await runWords(words, {})
    assert.equal(exitCode, 2, words.join(' '))
    const { schemaVersion, error } = JSON.parse(stdout)
    assert.deepEqual([schemaVersion, error.code, error.message], [1, 'USAGE_INVALID', message])
    assert.equal(typeof error.next, 'string')
  }
})

test('what prints a line for each thing ends with its error as one more line', async () => {
  for (const words of [
    ['subscribe', '--json'],
    ['mode', 'a', 'leader', '--watch', '--json'],
  ]) {
    const { stdout } = await runWords(words, {})
    const [line = '', ...others] = stdout.trimEnd().split('\n')
    assert.deepEqual([JSON.parse(line).error.code, others], ['USAGE_INVALID', []])
  }
})

test('help that was asked for exits 0, and is no error under --json', async () => {
  const requests = [['help'], ['help', 'stream'], ['help', 'stream', '--json'], ['--json', 'help', 'status']]
  for (const words of requests) {
    const { exitCode, stdout, stderr } = await runWords(words, {})
    assert.deepEqual([exitCode, stderr], [0, ''], words.join(' '))
    assert.match(stdout, /^Usage: herald/)
    assert.doesNotMatch(stdout, /schemaVersion/)
  }
})

test('a message that looks like an option asks for no JSON', async () => {
  const { exitCode, stdout } = await runWords(['send', 'A', 't', '--', '--json'], {})
  assert.deepEqual([exitCode, stdout], [2, ''])
})

test('without a command it shows the help on standard error and exits 2', async () => {
  const { exitCode, stdout, stderr } = await runWords([], {})
  assert.equal(exitCode, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^Usage: herald/)
})

test('completion for bash offers the commands, a group its own commands, and options', async () => {
  const { stdout: script } = await runWords(['completion', 'bash'], {})
  const complete = (...words: readonly string[]): readonly string[] => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const call = `${script}\nCOMP_WORDS=(herald ${list}); COMP_CWORD=${words.length}; _herald; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', call], { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.trim().split('\n')
  }
  assert.deepEqual(complete('sub'), ['subscribe', 'subscriptions', 'subscribers'])
  assert.deepEqual(complete('stream', 'sh'), ['show'])
  assert.deepEqual(complete('stream', 'add', '--ret'), ['--retention'])
  assert.deepEqual(complete('--json', 'status', '--wa'), ['--watch', '--wait'])
})

test('completion for zsh and fish names every command', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { exitCode, stdout } = await runWords(['completion', shell], {})
    assert.equal(exitCode, 0)
    for (const { path } of help) assert.ok(stdout.includes(path.at(-1) ?? ''), `${shell}: ${path.join(' ')}`)
  }
})

/** Every command by its words. */
async function listCommands(): Promise<
  readonly { readonly path: readonly string[]; readonly isGroup: boolean }[]
> {
  const sink = new TextSink()
  const world = {
    stdin: process.stdin,
    stdout: sink,
    stderr: sink,
    environment: {},
    signal: new AbortController().signal,
  }
  const visit = (
    command: Command,
    path: readonly string[],
  ): { path: readonly string[]; isGroup: boolean }[] =>
    command.commands.flatMap((child) => {
      const childPath = [...path, child.name()]
      return [{ path: childPath, isGroup: child.commands.length > 0 }, ...visit(child, childPath)]
    })
  return visit(
    buildProgram(async () => undefined, world),
    [],
  )
}
