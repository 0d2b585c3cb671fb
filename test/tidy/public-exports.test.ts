// Whatever the client library exports is documented where it is declared, down to the public members of its classes.

import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import { readProjectFile, type SourceFile, toSource } from './project-files.ts'

interface Declared {
  readonly name: string
  readonly file: SourceFile
}

/** The exports of a file, followed to the files that declare them. */
function exportsOf(path: string): readonly Declared[] {
  const file = toSource(path, readProjectFile(path))
  const found: Declared[] = []
  for (const match of file.code.matchAll(/export\s+(?:type\s+)?(\*|\{[^}]*\})\s+from\s+'/g)) {
    const start = match.index + match[0].length
    const target = posix.join(posix.dirname(path), file.text.slice(start, file.code.indexOf("'", start)))
    if (match[1] === '*') found.push(...exportsOf(target))
    else
      for (const name of namesIn(match[1] ?? ''))
        found.push({ name, file: toSource(target, readProjectFile(target)) })
  }
  for (const match of file.code.matchAll(
    /(?:^|\n)export\s+(?:async\s+)?(?:function|class|const|interface|type)\s+(\w+)/g,
  ))
    found.push({ name: match[1] ?? '', file })
  return found
}

function namesIn(braces: string): readonly string[] {
  return [...braces.matchAll(/(?:type\s+)?(\w+)/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'type')
}

/** Exports without a comment, and public methods and getters of exported classes without one. */
function findUndocumented({ name, file }: Declared): readonly string[] {
  const declaration = new RegExp(
    `(?:^|\\n)export\\s+(?:async\\s+)?(?:function|(?:abstract\\s+)?class|const|interface|type)\\s+${name}\\b`,
  )
  const start = declaration.exec(file.code)?.index
  if (start === undefined) return [`${file.path}: ${name} is not declared here`]
  const problems = isDocumented(file.text, start + 1) ? [] : [`${file.path}: ${name}`]
  const end = file.code.indexOf('\n}', start)
  /** Of overloads, the first is documented; a constructor is documented by its class. */
  const seen = new Set(['constructor'])
  const body = /^\s*export\s+class/.test(file.code.slice(start)) ? file.code.slice(start, end) : ''
  for (const match of body.matchAll(/\n {2}(?:static |async |\*|get )*([a-z]\w*)(?:<[^>]*>)?\(/g)) {
    const member = match[1] ?? ''
    if (seen.has(member)) continue
    seen.add(member)
    if (!isDocumented(file.text, start + match.index + 1)) problems.push(`${file.path}: ${name}.${member}`)
  }
  return problems
}

function isDocumented(text: string, lineStart: number): boolean {
  const before = text.slice(0, lineStart).replace(/(?: *\/\/ biome-ignore .*\n)*$/, '')
  return before.trimEnd().endsWith('*/')
}

test('documents every export of the client library', () => {
  for (const entry of ['client/index.ts', 'client/browser.ts']) {
    const found = exportsOf(entry)
    assert.ok(found.length > 15 && found.some(({ name }) => name === 'Subscription'))
    assert.deepEqual(found.flatMap(findUndocumented), [])
  }
})

test('finds exports and members without a comment', () => {
  const file = toSource(
    'client/a.ts',
    '\nexport class A {\n  /** Good. */\n  b(): void {}\n\n  async c(): void {}\n}\n\n/** Good. */\nexport type D = 1\n',
  )
  assert.deepEqual(findUndocumented({ name: 'A', file }), ['client/a.ts: A', 'client/a.ts: A.c'])
  assert.deepEqual(findUndocumented({ name: 'D', file }), [])
})
