// Files of at most 300 lines, tests included; functions of at most 60.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileLinesMax, findLongFiles, findLongFunctions, functionLinesMax } from './lengths.ts'
import { listSources, toSource } from './project-files.ts'

const sources = listSources()

test('holds every file, also of tests, to 300 lines', () => {
  assert.deepEqual(sources.flatMap(findLongFiles), [])
})

test('holds every function to 60 lines', () => {
  const production = sources.filter(({ path }) => !path.startsWith('test/'))
  assert.deepEqual(production.flatMap(findLongFunctions), [])
})

test('finds a file that is one line too long', () => {
  assert.deepEqual(findLongFiles(toSource('a.ts', 'x\n'.repeat(fileLinesMax))), [])
  assert.equal(findLongFiles(toSource('a.ts', 'x\n'.repeat(fileLinesMax + 1))).length, 1)
})

const functions: readonly (readonly [string, string])[] = [
  ['function', 'function f() {\nBODY}'],
  ['function with a type of several words', 'function f(a: A): asserts a is { b: C } {\nBODY}'],
  ['function with arguments on lines of their own', 'function f(\n  a: A,\n): Promise<A> {\nBODY}'],
  ['arrow function', 'const f = (): void => {\nBODY}'],
  ['arrow function that returns an object', 'const f = () => ({\nBODY})'],
  ['callback', 'on((event) => {\nBODY})'],
  ['constructor', 'class A {\n  constructor(a: A) {\nBODY  }\n}'],
  ['method', 'class A<B> extends C<B> {\n  m(): A<B> {\nBODY  }\n}'],
  ['private method', 'class A {\n  async *#m(): B[] {\nBODY  }\n}'],
  ['getter', 'class A {\n  get g(): { a: B } {\nBODY  }\n}'],
  ['setter', 'class A {\n  set s(v) {\nBODY  }\n}'],
  ['static block', 'class A {\n  static {\nBODY  }\n}'],
  ['method of an object', 'const a = {\n  m() {\nBODY  },\n}'],
]

for (const [what, text] of functions) {
  test(`finds a ${what} that is one line too long`, () => {
    const longest = text.replace('BODY', '  a\n'.repeat(functionLinesMax - 2))
    assert.deepEqual(findLongFunctions(toSource('a.ts', longest)), [])
    const tooLong = text.replace('BODY', '  a\n'.repeat(functionLinesMax - 1))
    assert.equal(findLongFunctions(toSource('a.ts', tooLong)).length, 1)
  })
}

test('lets classes, types and data be longer than a function', () => {
  const lines = 'a: 1,\n'.repeat(100)
  const texts = [
    `export class A<B>\n  extends C\n  implements D {\n${lines}}`,
    `class A extends B<{ c: D }> {\n${lines}}`,
    `interface A extends B {\n${lines}}`,
    `type A = {\n${lines}}`,
    `const a = {\n${lines}}`,
    `const a: Record<string, {\n${lines}}> = {}`,
    `call({\n${lines}})`,
    `import {\n${lines}} from 'a'`,
  ]
  for (const text of texts) assert.deepEqual(findLongFunctions(toSource('a.ts', text)), [], text.slice(0, 40))
})
