// What the project depends on: few packages, exactly pinned, and a lockfile that works with every registry.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProjectFile } from './project-files.ts'

interface Manifest {
  readonly engines: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly resolved?: string; readonly integrity?: string; readonly optional?: true }>
  >
}

const runtimePackages = ['commander', 'hdr-histogram-js', 'pino', 'prom-client', 'ws']
const exactVersion = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/

const manifest: Manifest = JSON.parse(readProjectFile('package.json'))
const lockfile: Lockfile = JSON.parse(readProjectFile('package-lock.json'))

function findRanges(dependencies: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(dependencies)
    .filter(([, version]) => !exactVersion.test(version))
    .map(([name, version]) => `${name} ${version}`)
}

function findResolved({ packages }: Lockfile): readonly string[] {
  return Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)
}

test('depends on five packages at run time, and on no other', () => {
  assert.deepEqual(Object.keys(manifest.dependencies).toSorted(), runtimePackages)
})

test('pins every direct dependency to one version', () => {
  assert.deepEqual(findRanges({ ...manifest.dependencies, ...manifest.devDependencies }), [])
  assert.deepEqual(findRanges({ a: '^1.0.0', b: '1.0.0', c: 'latest', d: '1.x' }), [
    'a ^1.0.0',
    'c latest',
    'd 1.x',
  ])
})

test('locks every package by its hash and none to a registry', () => {
  assert.deepEqual(findResolved(lockfile), [])
  const unhashed = Object.entries(lockfile.packages).filter(
    ([path, entry]) => path !== '' && entry.optional !== true && entry.integrity === undefined,
  )
  assert.deepEqual(unhashed, [])
  assert.deepEqual(findResolved({ packages: { 'node_modules/a': { resolved: 'https://a' } } }), [
    'node_modules/a',
  ])
})

test('installs without running scripts of packages', () => {
  assert.match(readProjectFile('.npmrc'), /^ignore-scripts=true$/m)
})
