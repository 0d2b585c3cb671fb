// One data directory belongs to one node of one cluster, and to one process at a time.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import { DataDirectory } from '../../node/storage/data-directory.ts'
import { readIdentity } from '../../node/storage/identity.ts'
import { toSealedText } from '../../node/storage/sealed-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function open(path: string, node = 'A', cluster = 'herald'): Promise<DataDirectory> {
  return DataDirectory.open({ path, node: node as NodeId, cluster, nowMs: 0, drawMember: () => 7 })
}

const childCode = `
  const { DataDirectory } = await import(process.argv[1])
  try {
    await DataDirectory.open({ path: process.argv[2], node: 'A', cluster: 'herald', nowMs: 0, drawMember: () => 7 })
    console.log('held')
    setInterval(() => {}, 1000)
  } catch (error) {
    console.log(error.code)
  }
`
const moduleUrl = new URL('../../node/storage/data-directory.ts', import.meta.url).href

/** Starts a process that opens the directory and keeps it; resolves with what it said. */
async function openInChild(
  context: TestContext,
  path: string,
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const argv = ['--input-type=module', '--eval', childCode, moduleUrl, path]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  assert.ok(child.stdout !== null)
  const [said] = await once(child.stdout, 'data')
  return { child, said: String(said).trim() }
}

test('creates a directory with an identity, and opens it again', async (context) => {
  const path = join(await temporaryDirectory(context), 'a', 'b')
  const first = await open(path)
  const createdAt = '1970-01-01T00:00:00.000Z'
  assert.deepEqual(first.identity, { node: 'A', cluster: 'herald', member: 7, createdAt })
  first.release()
  const second = await DataDirectory.open({
    path,
    node: 'A' as NodeId,
    cluster: 'herald',
    nowMs: 5,
    drawMember: () => 8,
  })
  assert.deepEqual(second.identity, first.identity)
  second.release()
  second.release()
  const names = await readdir(path)
  assert.deepEqual(names.sort(), ['identity.json', 'journal', 'lock', 'lock.json', 'logs'])
})

test('refuses the directory of another node or cluster, and leaves it as it is', async (context) => {
  const path = await temporaryDirectory(context)
  ;(await open(path)).release()
  await assert.rejects(open(path, 'B'), {
    code: 'DATA_FOREIGN',
    message: /node A of cluster herald, not to node B/,
  })
  await assert.rejects(open(path, 'A', 'other'), { code: 'DATA_FOREIGN' })
  const again = await open(path)
  again.release()
})

test('refuses a directory whose identity is damaged', async (context) => {
  const strange = [{ node: 'A' }, { node: 'A', cluster: 'herald', createdAt: 1 }]
  for (const text of ['', '{', 'null', ...strange.map(toSealedText)]) {
    const path = await temporaryDirectory(context)
    await writeFile(join(path, 'identity.json'), text)
    await assert.rejects(open(path), { code: 'DATA_DAMAGED' }, text)
  }
})

test('refuses a second opening in the same process, under any name, and names the holder', async (context) => {
  const root = await temporaryDirectory(context)
  const path = join(root, 'data')
  await mkdir(path)
  await symlink(path, join(root, 'link'))
  const first = await open(path)
  const refusal = { code: 'DATA_LOCKED', message: new RegExp(`process ${process.pid} on `) }
  await assert.rejects(open(path), refusal)
  await assert.rejects(open(join(root, 'link')), refusal)
  first.release()
  ;(await open(path)).release()
})

test('refuses while another process holds it, and opens at once after that was killed', async (context) => {
  const path = await temporaryDirectory(context)
  const { child, said } = await openInChild(context, path)
  assert.equal(said, 'held')
  await assert.rejects(open(path), { code: 'DATA_LOCKED', message: new RegExp(`process ${child.pid} on `) })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const directory = await open(path)
  assert.equal(JSON.parse(await readFile(join(path, 'lock.json'), 'utf8')).pid, process.pid)
  directory.release()
})

test('opens although the last holder has the process id of a process that lives', async (context) => {
  const path = await temporaryDirectory(context)
  ;(await open(path)).release()
  await writeFile(join(path, 'lock.json'), JSON.stringify({ pid: process.pid, hostname: 'x', node: 'A' }))
  ;(await open(path)).release()
})

test('gives the directory to exactly one of several processes that start together', async (context) => {
  const path = await temporaryDirectory(context)
  const children = await Promise.all(Array.from({ length: 4 }, () => openInChild(context, path)))
  assert.deepEqual(children.map(({ said }) => said).sort(), [
    'DATA_LOCKED',
    'DATA_LOCKED',
    'DATA_LOCKED',
    'held',
  ])
})

test('opens although the files of its lock hold what a disk has put there, and only once', async (context) => {
  for (const content of ['x', 'x'.repeat(4096), '\0'.repeat(4096)]) {
    const path = await temporaryDirectory(context)
    ;(await open(path)).release()
    for (const name of ['lock', 'lock.json']) await writeFile(join(path, name), content)
    const directory = await open(path)
    await assert.rejects(open(path), { code: 'DATA_LOCKED' })
    directory.release()
  }
})

test('does not take a lock that is held for one whose file is damaged', async (context) => {
  const path = await temporaryDirectory(context)
  const { child, said } = await openInChild(context, path)
  assert.equal(said, 'held')
  await writeFile(join(path, 'lock'), 'x'.repeat(4096))
  await assert.rejects(open(path), { code: 'DATA_LOCKED' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  ;(await open(path)).release()
})

test('removes what an interrupted write left behind', async (context) => {
  const path = await temporaryDirectory(context)
  await writeFile(join(path, 'catalog.json.17-3.tmp'), 'half')
  const directory = await open(path)
  assert.equal(
    (await readdir(path)).some((name) => name.endsWith('.tmp')),
    false,
  )
  directory.release()
})

test('says that a path cannot be a directory', async (context) => {
  const path = join(await temporaryDirectory(context), 'file')
  await writeFile(path, '')
  await assert.rejects(open(path), { code: 'DISK_FAILED' })
})

test('a log that is abandoned while something is noted of it stays abandoned', async (context) => {
  const path = await temporaryDirectory(context)
  const directory = await open(path)
  await Promise.all([directory.noteLog(5), directory.abandonLog('a test says so'), directory.noteLog(3)])
  const written = await readIdentity(path)
  assert.partialDeepStrictEqual(written, { logReaches: 5, abandonedLog: 'a test says so' })
  assert.deepEqual(directory.identity, written)
  directory.release()
})
