// What a node published before it was removed: `check` and `fetch` take its journal from where it is kept aside.

import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { got, journal, type Lines, sent, start, stop, sub } from '../audit/history.ts'
import { FakeCluster } from './fake-cluster.ts'

const file = 'journal/000001.ndjson'
/** Until here the journals of fake nodes are complete. */
const flushedAt = 1_795_000_000_000

const before: Lines = [start(0, 'B#1'), sent(100, 'B#1', 1, 5), stop(400, 'B#1')]
const after: Lines = [start(800, 'B#2'), sent(900, 'B#2', 1, 3)]

/** A has heard of two nodes B, of which the first was removed; the second is one of the cluster's. */
async function startCluster(): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(2)
  const heard: Lines = [start(0, 'A#1'), sub(1, 'a'), got(100, 'a', 'B#1', 1, 5), got(900, 'a', 'B#2', 1, 3)]
  cluster.node('A').files.set(file, { text: toText(heard), modifiedMs: flushedAt })
  cluster.node('B').files.set(file, { text: toText(after), modifiedMs: flushedAt })
  await keepAside(cluster, 'B.removed-500')
  return cluster
}

async function keepAside({ home }: FakeCluster, name: string): Promise<void> {
  const data = join(home, 'data', name)
  await mkdir(join(data, 'journal'), { recursive: true })
  await writeFile(join(data, file), toText(before))
}

function toText(lines: Lines): string {
  return journal('', lines).files[0]?.text ?? ''
}

test('check counts what a removed node published, also where another one has its name', async () => {
  await using cluster = await startCluster()
  const { exitCode, stdout } = await cluster.run('check', '--json')
  const result = JSON.parse(stdout)
  assert.deepEqual([exitCode, result.findings, result.sent, result.totals.delivered], [0, [], 8, 8])
  await rm(join(cluster.home, 'data'), { recursive: true })
  const without = JSON.parse((await cluster.run('check', '--json')).stdout)
  assert.deepEqual([without.sent, without.totals.delivered, without.totals.unknown === 0], [3, 8, false])
})

test('fetch copies the journals of removed nodes, which check and analyze of the folder count', async () => {
  await using cluster = await startCluster()
  const folder = join(cluster.home, 'out')
  assert.equal((await cluster.run('fetch', folder)).exitCode, 0)
  assert.deepEqual((await readdir(folder)).toSorted(), ['A', 'B', 'B.removed-500'])
  for (const command of ['check', 'analyze']) {
    const words = command === 'analyze' ? ['--output', join(cluster.home, 'reports')] : []
    const { exitCode, stdout } = await cluster.run(command, folder, '--json', ...words)
    const result = JSON.parse(stdout)
    const sentInAll = command === 'check' ? result.sent : result.check.sent
    assert.deepEqual([command, exitCode, sentInAll], [command, 0, 8])
  }
})

test('what was fetched of a node while it was a member is not counted twice after it was removed', async () => {
  await using cluster = await startCluster()
  const folder = join(cluster.home, 'out')
  // As it was when B was its first self, with half of what it has written by now.
  const half = toText(before).split('\n').slice(0, 2).join('\n')
  await mkdir(join(folder, 'B', 'journal'), { recursive: true })
  await writeFile(join(folder, 'B', file), `${half}\n`)
  await writeFile(join(folder, 'B', 'fetch.json'), JSON.stringify({ node: 'B', flushedAt: 300 }))
  for (let round = 0; round < 2; round++) {
    await cluster.run('fetch', folder)
    assert.equal(await readFile(join(folder, 'B.removed-500', file), 'utf8'), toText(before))
    assert.equal(await readFile(join(folder, 'B', file), 'utf8'), toText(after))
    const { exitCode, stdout } = await cluster.run('check', folder, '--json')
    const { findings, sent: sentInAll } = JSON.parse(stdout)
    assert.deepEqual([exitCode, findings, sentInAll], [0, [], 8])
  }
})

test('nodes that were removed one after the other under one name follow each other by the time of that', async () => {
  await using cluster = await startCluster()
  const third: Lines = [start(600, 'B#3'), sent(610, 'B#3', 1, 2), stop(700, 'B#3')]
  // By name this one would come first.
  const data = join(cluster.home, 'data', 'B.removed-1000')
  await cp(join(cluster.home, 'data', 'B.removed-500'), data, { recursive: true })
  await writeFile(join(data, file), toText(third))
  const folder = join(cluster.home, 'out')
  await cluster.run('fetch', folder)
  const { stdout } = await cluster.run('check', folder, '--json')
  const { journals, sent: sentInAll } = JSON.parse(stdout)
  assert.equal(sentInAll, 10)
  assert.deepEqual(journals[1].files, [
    'B.removed-500/000001.ndjson',
    'B.removed-1000/000001.ndjson',
    '000001.ndjson',
  ])
})

test('cleanup clears the journals of removed nodes too, and keeps what else is left of them', async () => {
  await using cluster = await startCluster()
  const kept = join(cluster.home, 'data', 'B.removed-500')
  await writeFile(join(kept, 'identity.json'), '{}')
  assert.equal((await cluster.run('cleanup', '--yes')).exitCode, 0)
  assert.deepEqual(await readdir(kept), ['identity.json'])
})
