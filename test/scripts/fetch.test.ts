// `herald fetch` against fake nodes: what is copied, what is not copied again, and what must never be written.

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeCluster } from './fake-cluster.ts'

test('fetch copies files into one folder a node and goes on where it stopped', async () => {
  await using cluster = await FakeCluster.start(2)
  const node = cluster.node('A')
  const folder = join(cluster.home, 'out')
  const file = join(folder, 'A', 'journal', '000001.ndjson')
  const begin = `${'a'.repeat(10_000)}\n`
  node.files.set('journal/000001.ndjson', { text: begin, modifiedMs: 1000 })
  assert.equal((await cluster.run('fetch', folder)).exitCode, 0)
  node.files.set('journal/000001.ndjson', { text: `${begin}more\n`, modifiedMs: 2000 })
  node.requests.length = 0
  const { stdout } = await cluster.run('fetch', folder, '--json')
  assert.equal(await readFile(file, 'utf8'), `${begin}more\n`)
  assert.ok(
    node.requests.includes('GET /v1/files/journal/000001.ndjson bytes=5905-'),
    node.requests.join('\n'),
  )
  assert.deepEqual(JSON.parse(stdout).nodes[0], {
    node: 'A',
    files: 1,
    fetchedBytes: 5,
    restarted: [],
    onlyHere: [],
  })
})

test('fetch asks for nothing when a file is the same as on disk', async () => {
  await using cluster = await FakeCluster.start(1)
  const node = cluster.node('A')
  node.files.set('journal/000001.ndjson', { text: 'line\n', modifiedMs: 1000 })
  const folder = join(cluster.home, 'out')
  await cluster.run('fetch', folder)
  node.requests.length = 0
  await cluster.run('fetch', folder)
  assert.deepEqual(node.requests, ['POST /v1/flush', 'GET /v1/files'])
})

for (const [what, text] of [
  ['shrank', 'short\n'],
  ['has another content', `${'b'.repeat(9000)}\n`],
] as const) {
  test(`fetch begins a file again that ${what}`, async () => {
    await using cluster = await FakeCluster.start(1)
    const node = cluster.node('A')
    const folder = join(cluster.home, 'out')
    node.files.set('journal/000001.ndjson', { text: `${'a'.repeat(8000)}\n`, modifiedMs: 1000 })
    await cluster.run('fetch', folder)
    node.files.set('journal/000001.ndjson', { text, modifiedMs: 2000 })
    const { stdout } = await cluster.run('fetch', folder, '--json')
    assert.equal(await readFile(join(folder, 'A', 'journal', '000001.ndjson'), 'utf8'), text)
    assert.deepEqual(JSON.parse(stdout).nodes[0].restarted, ['journal/000001.ndjson'])
  })
}

test('fetch keeps journals that a node no longer has, and says so', async () => {
  await using cluster = await FakeCluster.start(2)
  const node = cluster.node('A')
  const folder = join(cluster.home, 'out')
  node.files.set('journal/000001.ndjson', { text: 'old\n', modifiedMs: 1000 })
  assert.doesNotMatch((await cluster.run('fetch', folder)).stderr, /older journals/)
  node.files.delete('journal/000001.ndjson')
  node.files.set('journal/000002.ndjson', { text: 'new\n', modifiedMs: 2000 })
  const { exitCode, stdout, stderr } = await cluster.run('fetch', folder)
  assert.equal(exitCode, 0)
  assert.match(`${stdout}${stderr}`, /older journals, which A no longer keep/)
  const again = await cluster.run('fetch', folder, '--json')
  assert.deepEqual(JSON.parse(again.stdout).nodes[0].onlyHere, ['journal/000001.ndjson'])
  assert.equal(await readFile(join(folder, 'A', 'journal', '000001.ndjson'), 'utf8'), 'old\n')
})

test('fetch refuses a path that leads out of the folder', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').files.set('../../escaped', { text: 'x', modifiedMs: 1 })
  const { exitCode, stderr } = await cluster.run('fetch', join(cluster.home, 'out'))
  assert.equal(exitCode, 3)
  assert.match(stderr, /which no node has/)
  await assert.rejects(stat(join(cluster.home, 'escaped')))
})

test('fetch ends with the reason where no folder can be made', async () => {
  await using cluster = await FakeCluster.start(2)
  await writeFile(join(cluster.home, 'file'), '')
  for (const [folder, reason] of [
    [
      join(cluster.home, 'file', 'out'),
      /out\/A cannot be made: ENOTDIR: not a directory.*\n +give a folder that is yours to write/,
    ],
    ['/proc/out', /\/proc\/out cannot be made: ENOENT: no such file/],
  ] as const) {
    const { exitCode, stderr } = await cluster.run('fetch', folder)
    assert.equal(exitCode, 1)
    assert.match(stderr, reason)
  }
})

test('fetch says which nodes it could not reach and keeps what the others gave', async () => {
  await using cluster = await FakeCluster.start(2)
  cluster.node('A').files.set('journal/000001.ndjson', { text: 'line\n', modifiedMs: 1 })
  await cluster.node('B').stop()
  const folder = join(cluster.home, 'out')
  const { exitCode, stderr } = await cluster.run('fetch', folder)
  assert.equal(exitCode, 3)
  assert.match(stderr, /node B cannot be reached/)
  assert.equal(await readFile(join(folder, 'A', 'journal', '000001.ndjson'), 'utf8'), 'line\n')
})
