// The registry of error codes is what the documents, the code and the tests say: no code without a page, a place that gives it,
// and a test that expects it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorEntry } from '../../node/core/common/error-entry.ts'
import { errorRegistry } from '../../node/core/common/error-registry.ts'
import { formatErrorPage } from './error-page.ts'
import { listSources, readProjectFile } from './project-files.ts'

/** Codes that no test names, each with the reason. */
const unnamed: Readonly<Record<string, string>> = {
  FRAME_FRAGMENTED: 'the other end sees close status 1008 alone; the counter framesFragmented tells it',
  TEXT_INVALID: 'the other end sees close status 1007 alone; the counter textsInvalid tells it',
}

const codes = Object.keys(errorRegistry)
const sources = listSources()

function isNamedIn(code: string, isWanted: (path: string) => boolean): boolean {
  return sources.some(({ path, text }) => isWanted(path) && new RegExp(`\\b${code}\\b`).test(text))
}

test('docs/errors.md is what the registry says', () => {
  assert.equal(readProjectFile('docs/errors.md'), formatErrorPage())
})

test('every code is given by some part of Herald', () => {
  const isProduct = (path: string): boolean =>
    /^(node|client|scripts)\//.test(path) && !path.endsWith('error-registry.ts')
  assert.deepEqual(
    codes.filter((code) => !isNamedIn(code, isProduct)),
    [],
  )
})

test('every code is expected by some test, or it is said why not', () => {
  const isTest = (path: string): boolean => path.startsWith('test/') && !path.startsWith('test/tidy/')
  const untested = codes.filter((code) => !isNamedIn(code, isTest))
  assert.deepEqual(untested, Object.keys(unnamed))
  for (const reason of Object.values(unnamed)) {
    const counter = reason.match(/counter (\w+)/)?.[1] ?? 'none'
    assert(isNamedIn(counter, isTest), `a test expects the counter ${counter}`)
  }
})

test('every entry is whole sentences, and a fate', () => {
  for (const [code, { meaning, action, fate }] of Object.entries<ErrorEntry>(errorRegistry)) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    for (const text of [meaning, action]) assert.match(text, /^[A-Z].*\.$/s, code)
    assert.match(fate, /^(keep|status 4\d\d|close (1\d{3}|44\d\d)|exit [1-4])$/, code)
  }
})
