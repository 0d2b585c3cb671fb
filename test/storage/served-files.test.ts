// Only files of the data directory are served, and nothing outside it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  clearLogsAndSubscriptions,
  listServedFiles,
  openServedFile,
} from '../../node/storage/served-files.ts'
import { temporaryDirectory } from './temporary-directory.ts'

async function makeDataDirectory(context: TestContext): Promise<string> {
  const root = await temporaryDirectory(context)
  const data = join(root, 'data')
  await mkdir(join(data, 'journal'), { recursive: true })
  await mkdir(join(data, 'logs'))
  await mkdir(join(data, 'logs', 'folder'))
  await writeFile(join(root, 'secret'), 'secret')
  await writeFile(join(data, 'identity.json'), '{}')
  await writeFile(join(data, 'subscriptions.json'), '{"a"}')
  await writeFile(join(data, 'journal', '000002.ndjson'), 'two\n')
  await writeFile(join(data, 'journal', '000001.ndjson'), 'one\n')
  await writeFile(join(data, 'journal', 'other'), '')
  await writeFile(join(data, 'logs', 'node.log'), 'log')
  await writeFile(join(data, 'logs', '.hidden'), 'x')
  await symlink(join(root, 'secret'), join(data, 'logs', 'link.log'))
  return data
}

test('lists journals, logs and subscriptions, and nothing else', async (context) => {
  const data = await makeDataDirectory(context)
  const files = await listServedFiles(data)
  assert.deepEqual(
    files.map(({ path, bytes }) => `${path} ${bytes}`),
    ['journal/000001.ndjson 4', 'journal/000002.ndjson 4', 'logs/node.log 3', 'subscriptions.json 5'],
  )
  assert.ok(files.every(({ modifiedMs }) => modifiedMs > 0))
})

test('opens every file that it lists', async (context) => {
  const data = await makeDataDirectory(context)
  for (const { path, bytes } of await listServedFiles(data)) {
    const file = await openServedFile(data, path)
    assert.ok(file !== undefined, path)
    assert.equal(file.bytes, bytes)
    assert.equal(await file.handle.readFile('utf8'), await readFile(join(data, path), 'utf8'))
    await file.handle.close()
  }
})

test('opens nothing outside, whatever the name', async (context) => {
  const data = await makeDataDirectory(context)
  const names = [
    '',
    '.',
    '..',
    '../secret',
    '/etc/passwd',
    'journal',
    'journal/',
    'journal/..',
    'journal/../identity.json',
    'journal/other',
    'journal//000001.ndjson',
    './journal/000001.ndjson',
    'journal/000001.ndjson/',
    'logs/..',
    'logs/../../secret',
    'logs/.hidden',
    'logs/link.log',
    'logs/folder',
    'logs/a\0b',
    'identity.json',
    'lock',
    'journal\\000001.ndjson',
    'journal/000003.ndjson',
    '__proto__',
    'logs/node.log\0.png',
    '%2e%2e/secret',
  ]
  for (const name of names) assert.equal(await openServedFile(data, name), undefined, name)
})

test('does not follow a folder that was replaced by a link', async (context) => {
  const data = await makeDataDirectory(context)
  const other = await temporaryDirectory(context)
  await mkdir(join(other, 'x'))
  await writeFile(join(other, 'journal-target.log'), 'x')
  const linked = join(other, 'data')
  await mkdir(linked)
  await symlink(join(data, 'journal'), join(linked, 'journal'))
  assert.deepEqual(await listServedFiles(linked), [])
  assert.equal(await openServedFile(linked, 'journal/000001.ndjson'), undefined)
})

test('does not wait for the other end of a named pipe', async (context) => {
  const data = await makeDataDirectory(context)
  execFileSync('mkfifo', [join(data, 'logs', 'pipe')])
  assert.equal(await openServedFile(data, 'logs/pipe'), undefined)
})

test('clears logs and subscriptions, and leaves the journal to its writer', async (context) => {
  const data = await makeDataDirectory(context)
  assert.deepEqual(await clearLogsAndSubscriptions(data), { files: 2, bytes: 8 })
  const paths = (await listServedFiles(data)).map(({ path, bytes }) => `${path} ${bytes}`)
  assert.deepEqual(paths, ['journal/000001.ndjson 4', 'journal/000002.ndjson 4', 'logs/node.log 0'])
  assert.equal((await stat(join(data, 'identity.json'))).size, 2)
  assert.deepEqual(await clearLogsAndSubscriptions(data), { files: 0, bytes: 0 })
})
