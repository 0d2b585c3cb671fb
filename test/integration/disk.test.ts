// A disk that refuses: the node goes on, says so once, and saves when it can.

import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { toSealedText } from '../../node/storage/sealed-file.ts'
import { NodeRefusal } from '../../scripts/admin/request.ts'
import { Cluster } from './cluster.ts'
import { until } from './until.ts'

test('a node that cannot save the catalog goes on, says so once an episode, and saves it later', async () => {
  await using cluster = await Cluster.start({ nodes: 2 })
  const [a, b] = [cluster.node('A'), cluster.node('B')]
  const path = join(b.options.dataPath, 'catalog.json')
  const failures = (): number => b.log.filter((line) => line.includes('"save-failed"')).length
  // A folder in the place of the file: no rename onto it succeeds, for root neither.
  await rm(path, { force: true })
  await mkdir(join(path, 'in-the-way'), { recursive: true })
  for (const name of ['one', 'two']) await a.admin.putStream(name, { topics: [`${name}.>`] })
  await until('B knows both', async () => (await b.admin.streams()).length === 3)
  await assert.rejects(b.admin.putStream('three', { topics: ['three.>'] }), (error) => {
    return error instanceof NodeRefusal && error.status === 500 && error.code === 'DISK_FAILED'
  })
  await until('B says so', async () => failures() > 0)
  assert.match(
    b.log.find((line) => line.includes('"save-failed"')) ?? '',
    /"code":"DISK_FAILED".*catalog\.json/,
  )
  await rm(path, { recursive: true })
  await until('B has saved', async () =>
    (await readFile(path, 'utf8').catch(() => '')).includes('"stream:three"'),
  )
  assert.equal(failures(), 1)
  assert.equal((await b.status()).state, 'ready')
  await rm(path, { recursive: true })
  await mkdir(join(path, 'in-the-way'), { recursive: true })
  assert.deepEqual(await b.stop(), { code: 0, signal: null })
  assert.equal(failures(), 2)
})

test('a node names what it does not understand in its catalog, and keeps the rest', async () => {
  await using cluster = await Cluster.start({ nodes: 1 })
  const a = cluster.node('A')
  await a.admin.putStream('kept', { topics: ['kept.>'] })
  await a.stop()
  const path = join(a.options.dataPath, 'catalog.json')
  const saved = JSON.parse(await readFile(path, 'utf8')) as { entries: unknown[] }
  const stranger = { key: 'later:thing', value: 7, version: 1, by: 'A' }
  await writeFile(path, toSealedText({ v: 1, entries: [...saved.entries, stranger] }))
  await a.start()
  const told = a.log.filter((line) => line.includes('"catalog-entry-unknown"'))
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /"key":"later:thing"/)
  assert((await a.admin.streams()).some(({ name }) => name === 'kept'))
})

test('a node whose journal cannot be written goes on, and its status and metrics say so', async () => {
  await using cluster = await Cluster.start({ nodes: 1, environment: { HERALD_JOURNAL_FILE_BYTES: '4KiB' } })
  const a = cluster.node('A')
  const dropped = (): Promise<number> => a.counter('journalLinesDropped')
  const journal = async (): Promise<string> => JSON.stringify(Reflect.get(await a.status(), 'journal'))
  assert.equal(await journal(), '{"state":"ok"}')
  const folder = join(a.options.dataPath, 'journal')
  await mkdir(join(folder, '000002.ndjson'))
  await until('the second file is due, and lines are lost', async () => {
    await a.admin.send({ topic: 'a.b', message: 'x', count: 1 })
    await a.admin.flush()
    return (await dropped()) > 0
  })
  assert.match(await journal(), /^\{"state":"failing","reason":".* cannot be written: EISDIR/)
  assert.match((await a.get('/metrics')).body, /^herald_journal_lines_dropped_total [1-9]/m)
  await rm(join(folder, '000002.ndjson'), { recursive: true })
  await a.admin.flush()
  assert.equal(await journal(), '{"state":"ok"}')
  const lines = (await readFile(join(folder, '000002.ndjson'), 'utf8')).trimEnd().split('\n')
  const told = lines.map((line) => JSON.parse(line)).filter(({ t }) => t === 'dropped')
  const sum = told.reduce((lost: number, line) => lost + Number(line.lines), 0)
  assert.equal(sum, await dropped())
})
