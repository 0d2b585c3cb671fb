// The import walls, and no circles behind them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCycles, importsOf } from './imports.ts'
import { listSources, readProjectFile, toSource } from './project-files.ts'
import { rooms, toMarkdownRow, wallProblem } from './walls.ts'

const production = listSources().filter(({ path }) => !path.startsWith('test/'))
const imports = production.flatMap(importsOf)

test('keeps every import inside the walls', () => {
  assert.ok(imports.length > 500)
  assert.deepEqual(
    imports.flatMap((each) => wallProblem(each) ?? []),
    [],
  )
})

test('has no files that load each other in a circle', () => {
  assert.deepEqual(findCycles(imports), [])
})

test('keeps the browser entry of the client free of Node', () => {
  const reached = new Set(['client/browser.ts'])
  for (const path of reached)
    for (const { to, isTypeOnly } of imports.filter(({ from }) => from === path))
      if (!isTypeOnly) reached.add(to)
  assert.ok(reached.size > 20)
  assert.deepEqual(
    [...reached].filter((path) => !path.endsWith('.ts')),
    [],
  )
})

test('shows the same table of walls in ARCHITECTURE.md', () => {
  const lines = readProjectFile('ARCHITECTURE.md').split('\n')
  const shown = lines.filter((line) => rooms.some(({ name }) => line.startsWith(`| \`${name}\` | `)))
  assert.deepEqual(shown, rooms.map(toMarkdownRow))
})

const forbidden: readonly (readonly [string, string, string])[] = [
  ['Node in the core', 'node/core/stream/a.ts', "import { open } from 'node:fs'"],
  ['the wire in the core', 'node/core/stream/a.ts', "import { b } from '../../wire/b.ts'"],
  ['gossip in streams', 'node/core/stream/a.ts', "import type { B } from '../gossip/b.ts'"],
  ['sockets in storage', 'node/storage/a.ts', "import { b } from '../net/b.ts'"],
  ['the node in the client', 'client/a.ts', "import { Node } from '../node/node.ts'"],
  ['the broker in the client', 'client/a.ts', "export { b } from '../node/broker/b.ts'"],
  ['the network in the simulator', 'sim/a.ts', "import {\n  b,\n} from '../node/net/b.ts'"],
  ['the node in a script', 'scripts/a.ts', "await import('../node/main.ts')"],
  ['a package nobody allowed', 'node/broker/a.ts', "import pino from 'pino'"],
  ['a development tool in the node', 'node/net/a.ts', "import fc from 'fast-check'"],
  ['a folder without a room', 'node/misc/a.ts', "import '../clock.ts'"],
]

for (const [what, path, text] of forbidden) {
  test(`finds ${what}`, () => {
    const problems = importsOf(toSource(path, text)).flatMap((each) => wallProblem(each) ?? [])
    assert.equal(problems.length, 1)
  })
}

test('finds circles, but not those of types alone', () => {
  const circle = (kind: string): string[] => [
    ...findCycles([
      ...importsOf(toSource('sim/a.ts', "import { b } from './b.ts'")),
      ...importsOf(toSource('sim/b.ts', "import { c } from './c.ts'")),
      ...importsOf(toSource('sim/c.ts', `import ${kind}{ a } from './a.ts'`)),
    ]),
  ]
  assert.deepEqual(circle(''), ['sim/a.ts -> sim/b.ts -> sim/c.ts -> sim/a.ts'])
  assert.deepEqual(circle('type '), [])
})
