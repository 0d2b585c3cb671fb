// The documents say what is: their links lead somewhere, their commands exist, their tables are complete.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { counterMeanings } from '../../node/core/common/counters.ts'
import { buildProgram } from '../../scripts/cli/program.ts'
import { TextSink } from '../scripts/fake-cluster.ts'
import { findDeadLinks, heraldCommands, readDocument, toDocument } from './documents.ts'
import { listDocuments, listPaths, listSources, readProjectFile } from './project-files.ts'

/** Names of files that a reader is to make. */
const examples = new Set(['hello.ts'])

const projectUrl = new URL('../../', import.meta.url)
const exists = (path: string): boolean => existsSync(new URL(path, projectUrl))
const documents = listDocuments().map(readDocument)

test('every link of every document leads to a file and a heading', () => {
  assert.ok(documents.length > 10)
  assert.deepEqual(
    documents.flatMap((document) => findDeadLinks(document, exists)),
    [],
  )
})

test('finds links that lead nowhere', () => {
  const page = toDocument(
    'docs/a.md',
    '[b](b.md) [c](../c.md#two-words) [d](#here) <img src="e.svg">\n# Here',
  )
  const read = (path: string): string => (path === 'c.md' ? '## Two words' : '# Here')
  assert.deepEqual(
    findDeadLinks(page, () => true, read),
    [],
  )
  assert.equal(findDeadLinks(page, (path) => path === 'docs/a.md', read).length, 3)
  assert.equal(
    findDeadLinks(
      page,
      () => true,
      () => '# Other',
    ).length,
    2,
  )
})

test('every document that a source names is there', () => {
  const named = listSources().flatMap(({ path, text }) =>
    [...text.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([document]) => ({ path, document })),
  )
  assert.ok(named.length > 20)
  const others = named.filter(({ path, document }) => !path.startsWith('test/tidy/') && !exists(document))
  assert.deepEqual(others, [])
})

test('every source that a document names is there', () => {
  const sources = listPaths(['**/*.{ts,mts,mjs}']).filter((path) => !/^(?:dist|reports)\//.test(path))
  const named = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![\w*])(?:[\w-]+\/)*[\w.-]+\.m?ts\b/g)].map(([source]) => ({ path, source })),
  )
  assert.ok(named.length > 80)
  const isThere = (source: string): boolean => sources.some((path) => `/${path}`.endsWith(`/${source}`))
  assert.deepEqual(
    named.filter(({ source }) => !isThere(source) && !examples.has(source)),
    [],
  )
})

const program = createProgram()

function createProgram(): Command {
  const world = {
    stdin: process.stdin,
    stdout: new TextSink(),
    stderr: new TextSink(),
    environment: {},
    signal: new AbortController().signal,
  }
  return buildProgram(async () => {}, world)
}

/** Why the command line does not take these words; undefined if it does. */
function findMistake(words: readonly string[]): string | undefined {
  const flags = (command: Command): string[] =>
    command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined)
  let command = program
  const known = new Set([...flags(program), '--help'])
  for (const word of words) {
    const flag = /^--?[a-z][\w-]*/.exec(word)?.[0]
    if (flag !== undefined) {
      const own = [...known, ...command.commands.flatMap(flags)]
      if (!own.includes(flag)) return `${flag} of "herald ${words.join(' ')}"`
      continue
    }
    const next = command.commands.find((each) => each.name() === word)
    if (next === undefined && command.commands.length > 0 && command !== program)
      return `"${word}" of "herald ${words.join(' ')}"`
    if (next === undefined) continue
    command = next
    for (const each of flags(command)) known.add(each)
  }
  return command === program && words.some((word) => /^[a-z]/.test(word))
    ? `herald ${words.join(' ')}`
    : undefined
}

test('every herald command in the documents is one, with options that it has', () => {
  const commands = documents.flatMap((document) => heraldCommands(document))
  assert.ok(commands.length > 30)
  assert.deepEqual(
    commands.flatMap((words) => findMistake(words) ?? []),
    [],
  )
})

test('finds commands and options that do not exist', () => {
  const page = toDocument(
    'a.md',
    '`herald switch orders`\n```console\n$ npx herald up --nodess 3 | herald stream drop x\n```',
  )
  assert.deepEqual(
    heraldCommands(page).map((words) => findMistake(words) !== undefined),
    [true, true, true],
  )
})

test('docs/operating.md lists every metric with its meaning', () => {
  const text = readProjectFile('docs/operating.md')
  const rows = Object.entries(counterMeanings).map(([name, meaning]) => {
    const metric = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return `| \`${name}\` | \`herald_${metric}_total\` | ${meaning} |`
  })
  const shown = text.split('\n').filter((line) => /^\| `\w+` \| `herald_\w+_total` \|/.test(line))
  assert.deepEqual(shown, rows)
})

test('every guarantee of the README is held by tests that exist', () => {
  const promised = [...readProjectFile('README.md').matchAll(/^- \*\*(G\d+)\*\*/gm)].map((match) => match[1])
  const held = new Set<string | undefined>()
  const missing: string[] = []
  for (const match of readProjectFile('docs/testing.md').matchAll(/^\| (G\d+) \| `([^`]+)` \| (.+) \|$/gm)) {
    const [, guarantee, path = '', title = ''] = match
    held.add(guarantee)
    if (
      !exists(path) ||
      !readProjectFile(path)
        .replaceAll(/\s*\n\/\/ /g, ' ')
        .includes(title)
    )
      missing.push(`${guarantee}: ${path}: ${title}`)
  }
  assert.deepEqual(missing, [])
  assert.ok(promised.length >= 5)
  assert.deepEqual(
    promised.filter((guarantee) => !held.has(guarantee)),
    [],
  )
})

test('the version of the package has its entry in the changelog', () => {
  const { version } = JSON.parse(readProjectFile('package.json')) as { version: string }
  assert.ok(readProjectFile('CHANGELOG.md').includes(`\n## ${version}`))
})
