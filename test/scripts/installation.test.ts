// What decides whether a checkout is installed and which Node runs it, and the promises of the two lockfiles.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  checkout,
  findStalePackages,
  isSupportedNode,
  withNodeFirst,
} from '../../scripts/runtime/installation.mjs'

interface LockEntry {
  readonly version?: string
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lockfiles = ['package-lock.json', 'scripts/runtime/package-lock.json']

test('takes Node 24.12 and later of 24, and 26 and later', () => {
  for (const version of ['v24.12.0', '24.21.0', 'v26.0.0', 'v27.1.0'])
    assert.equal(isSupportedNode(version), true, version)
})

test('refuses Node before 24.12, Node 25, and what is no version', () => {
  for (const version of ['v18.20.0', 'v20.20.2', 'v24.11.9', 'v25.9.0', '', 'latest']) {
    assert.equal(isSupportedNode(version), false, version)
  }
})

test('finds nothing stale where every entry of the lockfile is installed', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-a' }
  const lockfile = { packages: { '': { version: '9.9.9' }, 'node_modules/a': entry } }
  assert.deepEqual(
    findStalePackages(lockfile, { packages: { 'node_modules/a': entry, 'node_modules/extra': entry } }),
    [],
  )
})

test('finds packages that are missing, of another version, or of other content', () => {
  const lockfile = {
    packages: {
      'node_modules/missing': { version: '1.0.0' },
      'node_modules/older': { version: '2.0.0' },
      'node_modules/changed': { version: '1.0.0', integrity: 'sha512-new' },
    },
  }
  const installed = {
    packages: {
      'node_modules/older': { version: '1.0.0' },
      'node_modules/changed': { version: '1.0.0', integrity: 'sha512-old' },
    },
  }
  assert.deepEqual(findStalePackages(lockfile, installed), [
    'node_modules/missing',
    'node_modules/older',
    'node_modules/changed',
  ])
  assert.equal(findStalePackages(lockfile, undefined).length, 3)
})

test('does not miss an optional package of another system, but one that is there in another version', () => {
  const lockfile = { packages: { 'node_modules/a': { version: '2.0.0', optional: true } } }
  assert.deepEqual(findStalePackages(lockfile, { packages: {} }), [])
  assert.deepEqual(findStalePackages(lockfile, { packages: { 'node_modules/a': { version: '1.0.0' } } }), [
    'node_modules/a',
  ])
})

test('puts the chosen Node first on the path of child processes', () => {
  const environment = withNodeFirst({ PATH: '/bin', HOME: '/home/me' }, '/opt/node/bin/node')
  assert.equal(environment['PATH'], `/opt/node/bin:${join(checkout, 'node_modules', '.bin')}:/bin`)
  assert.equal(environment['HOME'], '/home/me')
})

test('bootstrap refuses an unknown verb with exit code 2 and names the known ones', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(checkout, 'scripts', 'bootstrap.mjs'), 'toString'],
    { encoding: 'utf8' },
  )
  assert.equal(status, 2)
  assert.match(
    stderr,
    /unknown verb "toString": use one of start, test, check, sim, bench, conformance, mutants, herald/,
  )
})

test('herald.mjs passes arguments and exit codes through', () => {
  const run = (...words: readonly string[]): { readonly status: number | null; readonly stdout: string } =>
    spawnSync(process.execPath, [join(checkout, 'scripts', 'herald.mjs'), ...words], { encoding: 'utf8' })
  assert.equal(run('no-such-command').status, 2)
  const version: { readonly version: string } = JSON.parse(
    readFileSync(join(checkout, 'package.json'), 'utf8'),
  )
  assert.deepEqual([run('--version').status, run('--version').stdout], [0, `${version.version}\n`])
})

for (const file of lockfiles) {
  test(`${file} names no download address`, () => {
    const named = Object.entries(readEntries(file)).filter(([, entry]) => entry.resolved !== undefined)
    assert.deepEqual(named, [])
  })

  test(`${file} has an entry for every optional dependency, which npm ci insists on`, () => {
    const entries = readEntries(file)
    const wanted = Object.values(entries).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    assert.deepEqual(
      wanted.filter((name) => entries[`node_modules/${name}`]?.version === undefined),
      [],
    )
  })
}

function readEntries(file: string): Readonly<Record<string, LockEntry>> {
  const lockfile: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(
    readFileSync(join(checkout, file), 'utf8'),
  )
  return lockfile.packages
}
