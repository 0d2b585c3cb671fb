// Files with a checksum: whatever a disk does to one is noticed, and named.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readSealedFile, toSealedText } from '../../node/storage/sealed-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const value = { v: 1, name: 'Grüße', list: [{ sequence: 1000 }, { sequence: 2000 }] }

async function pathOf(context: TestContext): Promise<string> {
  return join(await temporaryDirectory(context), 'x.json')
}

/** Asserts that a file of these bytes is refused, by its path. */
async function assertDamaged(path: string, bytes: Uint8Array, what: string): Promise<void> {
  await writeFile(path, bytes)
  await assert.rejects(readSealedFile(path), { code: 'DATA_DAMAGED', message: /x\.json/ }, what)
}

test('reads back what was written, and nothing where there is no file', async (context) => {
  const path = await pathOf(context)
  assert.equal(await readSealedFile(path), undefined)
  for (const each of [value, { v: 1 }, { list: [] }]) {
    await writeFile(path, toSealedText(each))
    assert.partialDeepStrictEqual(await readSealedFile(path), each)
  }
})

test('refuses a file in which any bit has turned over', async (context) => {
  const path = await pathOf(context)
  const bytes = Buffer.from(toSealedText(value))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const rotten = Buffer.from(bytes)
    rotten.writeUInt8(rotten.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    await assertDamaged(path, rotten, `bit ${bit}`)
  }
})

test('refuses a file that is cut anywhere, is longer, or is zeros from anywhere on', async (context) => {
  const path = await pathOf(context)
  const bytes = Buffer.from(toSealedText(value))
  for (let at = 0; at < bytes.length; at++) {
    await assertDamaged(path, bytes.subarray(0, at), `cut at ${at}`)
    await assertDamaged(path, Buffer.from(bytes).fill(0, at), `zeros from ${at}`)
  }
  await assertDamaged(path, Buffer.concat([bytes, Buffer.alloc(1)]), 'one more byte')
  await assertDamaged(path, Buffer.concat([bytes, bytes]), 'twice')
})

test('refuses what an earlier version wrote, or somebody by hand, and says so of a folder', async (context) => {
  const path = await pathOf(context)
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`)
  await assert.rejects(readSealedFile(path), { code: 'DATA_OUTDATED', message: /x\.json has no checksum/ })
  await assertDamaged(path, Buffer.from(JSON.stringify({ ...value, crc32: 1 })), 'a checksum of another kind')
  await assertDamaged(path, Buffer.from('7'), 'no object')
  await assert.rejects(readSealedFile(join(path, '..')), { code: 'DISK_FAILED' })
})
