// The scanner under the tidy rules: what is code stays, what is prose goes, and nothing moves.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskSource } from './masked-source.ts'
import { listSources } from './project-files.ts'

const cases: readonly (readonly [string, string, string])[] = [
  ['a line comment', 'a // b\nc', 'a     \nc'],
  ['a block comment', 'a /* b\nc */ d', 'a     \n     d'],
  ['a string with an escaped quote', "x('a\\'b', c)", "x('    ', c)"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a template
  ['a template with nested templates', 'x`a${b({ c: `d${e}` })}f`', 'x`   b({ c: `   e ` })  `'],
  ['a regular expression with a quote', "r = /['/]+/.test(s)", 'r = /     /.test(s)'],
  ['a division', 'a = b / c / d', 'a = b / c / d'],
  ['a regular expression after return', 'return /"/g', 'return / /g'],
]

for (const [what, text, expected] of cases) {
  test(`masks ${what}`, () => assert.equal(maskSource(text), expected))
}

test('leaves balanced braces in every file of the project', () => {
  const unbalanced = listSources().filter(({ code }) => {
    const opened = code.replaceAll(/[^{]/g, '').length
    return opened !== code.replaceAll(/[^}]/g, '').length
  })
  assert.deepEqual(
    unbalanced.map(({ path }) => path),
    [],
  )
})
