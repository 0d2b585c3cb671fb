// The catalog of streams survives a restart, and a damaged file is told of.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CatalogFile, readCatalog } from '../../node/storage/catalog-file.ts'
import { toSealedText } from '../../node/storage/sealed-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test('reads back what was saved', async (context) => {
  const directory = await temporaryDirectory(context)
  assert.deepEqual(await readCatalog(directory), [])
  const entries = [
    { key: 'stream/orders', value: { topics: ['orders.>'] }, version: 3, by: 'A' },
    { key: '__proto__', value: null, version: 0, by: 'B' },
  ]
  await new CatalogFile(directory).save(() => entries)
  assert.deepEqual(await readCatalog(directory), entries)
})

test('refuses a damaged file with its name', async (context) => {
  const directory = await temporaryDirectory(context)
  const entry = { key: 'a', value: 1, version: 1, by: 'A' }
  const strange = [1, { ...entry, key: 1 }, { ...entry, version: 1.5 }, { ...entry, by: null }]
  const damaged = [
    ...strange.map((wrong) => ({ v: 1, entries: [wrong] })),
    ...[{ x: 1 }, { v: 2, entries: [] }, { v: 1, entries: {} }],
  ]
  for (const text of ['', '{"v":1,"entries":[', ...damaged.map(toSealedText)]) {
    await writeFile(join(directory, 'catalog.json'), text)
    await assert.rejects(readCatalog(directory), { code: 'DATA_DAMAGED', message: /catalog\.json/ }, text)
  }
})
