// A file is replaced as a whole or not at all.

import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LatestFile, writeWholeFile } from '../../node/storage/whole-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test('replaces a file and leaves nothing beside it', async (context) => {
  const directory = await temporaryDirectory(context)
  const path = join(directory, 'x.json')
  await writeWholeFile(path, 'one')
  await writeWholeFile(path, 'two')
  assert.equal(await readFile(path, 'utf8'), 'two')
  assert.deepEqual(await readdir(directory), ['x.json'])
})

test('leaves nothing behind when it fails', async (context) => {
  const directory = await temporaryDirectory(context)
  const path = join(directory, 'x.json')
  await mkdir(path)
  await assert.rejects(writeWholeFile(path, 'one'))
  assert.deepEqual(await readdir(directory), ['x.json'])
})

test('is whole for whoever reads it while it is replaced again and again', async (context) => {
  const path = join(await temporaryDirectory(context), 'x.json')
  await writeWholeFile(path, 'a'.repeat(100_000))
  let isDone = false
  const writing = (async () => {
    for (let round = 0; round < 20; round++)
      await writeWholeFile(path, 'ab'.charAt(round % 2).repeat(100_000))
    isDone = true
  })()
  while (!isDone) {
    const text = await readFile(path, 'utf8')
    assert.equal(text.length, 100_000)
    assert.equal(text, text.charAt(0).repeat(100_000))
  }
  await writing
})

test('writes the latest of many values and skips those between', async (context) => {
  const path = join(await temporaryDirectory(context), 'x.json')
  const file = new LatestFile(path)
  const written: number[] = []
  const save = (value: number): Promise<void> =>
    file.save(() => {
      written.push(value)
      return String(value)
    })
  await Promise.all(Array.from({ length: 50 }, (_, index) => save(index)))
  assert.equal(await readFile(path, 'utf8'), '49')
  assert.deepEqual(written, [0, 49])
  await save(50)
  assert.equal(await readFile(path, 'utf8'), '50')
})

test('tells everybody whose value was not written, and writes again afterwards', async (context) => {
  const directory = join(await temporaryDirectory(context), 'gone')
  const file = new LatestFile(join(directory, 'x.json'))
  const saves = await Promise.allSettled([file.save(() => '1'), file.save(() => '2'), file.save(() => '3')])
  assert.deepEqual(
    saves.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  await mkdir(directory)
  await writeFile(join(directory, 'x.json'), 'old')
  await file.save(() => '4')
  assert.equal(await readFile(join(directory, 'x.json'), 'utf8'), '4')
})
