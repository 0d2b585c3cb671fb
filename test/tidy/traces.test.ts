// Nothing in the project names the machine it was written on: paths of somebody's home, hosts of package mirrors.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listPaths, readProjectFile } from './project-files.ts'

const textFiles = listPaths([
  '*.{md,json,yaml,ts}',
  '{LICENSE,.npmrc,.ci/*,.gitignore,.dockerignore}',
  '{node,client,audit,scripts,sim,bench,docker,test,docs}/**/*',
]).filter((path) => /\.(?:ts|mts|mjs|js|json|md|yaml|svg|html|txt)$|^[.A-Z]|Dockerfile$/.test(path))

/** `/home/me` and `/home/you` are nobody's. */
const machinePath = /(?<![\w./-])\/(?:home|root|Users|work|workspace|mnt)\/(?!(?:me|you)\b)[\w.-]+/g
const registryHost = /https?:\/\/[\w.:@-]*(?:registry|artifactory|nexus|mirror|proxy)[\w.-]*/gi

function findTraces(path: string, text: string): readonly string[] {
  const found = [...text.matchAll(machinePath), ...text.matchAll(registryHost)]
  return found.map(({ 0: trace }) => `${path}: ${trace}`)
}

test('names no path of a machine and no package registry', () => {
  assert.ok(textFiles.length > 250)
  const others = textFiles.filter((path) => path !== 'test/tidy/traces.test.ts')
  assert.deepEqual(
    others.flatMap((path) => findTraces(path, readProjectFile(path))),
    [],
  )
})

test('finds paths and hosts', () => {
  assert.equal(findTraces('a', 'see /home/anna/herald').length, 1)
  assert.equal(findTraces('a', `"resolved": "https://${'registry'}.example.org/ws.tgz"`).length, 1)
  assert.deepEqual(findTraces('a', 'GET /v1/streams, node/home/a, http://127.0.0.1:8000'), [])
})
