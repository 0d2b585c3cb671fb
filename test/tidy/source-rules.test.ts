// The rules about single files, over every file; and that each of them can fail.

import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { test } from 'node:test'
import { listPaths, listSources, toSource } from './project-files.ts'
import { findBreaches, rules } from './source-rules.ts'

const sources = listSources()

for (const rule of rules) {
  test(`every file ${rule.name}`, () => {
    assert.deepEqual(
      sources.flatMap((file) => findBreaches(rule, file)),
      [],
    )
  })

  test(`finds a file that breaks: ${rule.name}`, () => {
    const [path] = ['node/core/stream/a.ts', 'test/core/a.test.ts'].filter(
      (each) => rule.applies?.(each) !== false,
    )
    assert.ok(path !== undefined)
    assert.equal(findBreaches(rule, toSource(path, rule.fixture.bad)).length, 1)
    assert.deepEqual(findBreaches(rule, toSource(path, rule.fixture.good)), [])
  })
}

/** A file opens with what it is responsible for: one to ten lines of comment, after an interpreter line at most. */
function isHeadless(text: string): boolean {
  const lines = text.replace(/^#!.*\n/, '').split('\n')
  const header = lines.findIndex((line) => !line.startsWith('//'))
  return header < 1 || header > 10 || lines.slice(0, header).join('').length < 20
}

test('every file opens with a comment that says what it is for', () => {
  assert.deepEqual(
    sources.filter(({ text }) => isHeadless(text)).map(({ path }) => path),
    [],
  )
  assert.equal(isHeadless("import { a } from './a.ts'\n"), true)
  assert.equal(isHeadless('#!/usr/bin/env node\n// A script.\nrun()\n'), true)
  assert.equal(
    isHeadless('#!/usr/bin/env node\n// The entry point: what the others need lies in their files.\n'),
    false,
  )
})

const kebabCase =
  /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config))?\.(?:ts|mts|mjs|d\.mts|md|json|yaml|svg|css|js|c)$/
const vagueName = /^(?:utils?|helpers?|common|misc|types|shared|lib)\.m?ts$/
const capitalNames = new Set(['Dockerfile', 'README.md', 'LICENSE'])

function isBadName(path: string): boolean {
  const name = basename(path)
  return (!kebabCase.test(name) && !capitalNames.has(name)) || vagueName.test(name)
}

test('every file has a name in kebab-case that says what is in it', () => {
  const folders = '{node,client,audit,scripts,sim,bench,conformance,docker,test,docs}'
  const listed = listPaths([`${folders}/**/*.*`, `${folders}/**/Dockerfile`])
  // Data of others keeps the names that it has there.
  const paths = listed.filter((path) => !/^test\/conformance\/etcd-raft\/.*\.txt$/.test(path))
  assert.ok(paths.length > 200)
  assert.deepEqual(paths.filter(isBadName), [])
  for (const bad of ['node/deliveryRule.ts', 'node/Node.ts', 'node/utils.ts', 'docs/Some Page.md'])
    assert.equal(isBadName(bad), true, bad)
})
