// Servers that belong together, as small Node programs that write down their pid.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { askJson } from '../../bench/drivers/http.ts'
import { ServerGroup, type ServerPlan } from '../../bench/drivers/server-group.ts'
import { measureSync, renderSync } from '../../bench/sync-cost.ts'

/** Writes its pid to the file it is given, and stays. */
const stays =
  "require('node:fs').writeFileSync(process.argv[1], String(process.pid)); setInterval(() => {}, 1000)"

test('a server that is killed is gone, and started again it is another process at its old place', async (context) => {
  const [first, second] = await toFiles(context)
  const group = await ServerGroup.start([toPlan(first), toPlan(second)])
  context.after(() => group.stop())
  assert.deepEqual(group.urls, [first, second])
  const [before, other] = group.pids
  await group.kill(0)
  assert.throws(() => process.kill(before ?? 0, 0), /ESRCH/)
  await rm(first)
  await group.restart(0)
  assert.equal(group.pids[0], Number(await readFile(first, 'utf8')))
  assert.notEqual(group.pids[0], before)
  assert.equal(group.pids[1], other)
  await assert.rejects(group.restart(2), /index: 2 is not 0\.\.1/)
})

test('where one server does not start, none is left running', async (context) => {
  const [first, second] = await toFiles(context)
  // The other one fails when this one runs.
  const ends = { ...toPlan(second), isReady: async () => (isWritten(first) ? assert.fail('no') : false) }
  await assert.rejects(ServerGroup.start([toPlan(first), ends]), /no/)
  const pid = Number(await readFile(first, 'utf8'))
  assert.throws(() => process.kill(pid, 0), /ESRCH/)
})

test('a server that ends by itself did not start, and its last words are told', async (context) => {
  const [first] = await toFiles(context)
  const ends = { ...toPlan(first), options: ['-e', "console.log('no licence')"] }
  await assert.rejects(ServerGroup.start([ends]), /did not start: no licence/)
})

test('where a step behind the start fails, all servers are stopped', async (context) => {
  const [first, second] = await toFiles(context)
  const group = await ServerGroup.start([toPlan(first), toPlan(second)])
  await assert.rejects(group.orStop(Promise.reject(new Error('no stream'))), /no stream/)
  for (const pid of group.pids) assert.throws(() => process.kill(pid, 0), /ESRCH/)
})

test('a server that says that something is wrong, or says nothing, has no answer', async (context) => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/ill' ? 503 : 200
    response.end(request.url === '/text' ? 'well' : '{"status":"well"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  context.after(() => server.close())
  assert.deepEqual(await askJson(url), { status: 'well' })
  assert.deepEqual([await askJson(`${url}/ill`), await askJson(`${url}/text`)], [undefined, undefined])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  assert.equal(await askJson(url), undefined)
})

test('the cost of a sync is measured where servers write, and memory is called memory', () => {
  const { p50, p99 } = measureSync()
  assert.ok(p50 > 0 && p99 >= p50)
  const cost = { isInMemory: false, p50: 190, p99: 4010 }
  assert.equal(renderSync(cost), 'A write of 128 B and its sync take 0.19 ms (p50) and 4.01 ms (p99) here.')
  assert.match(renderSync({ ...cost, isInMemory: true }), /lie in memory: syncs cost nothing/)
})

async function toFiles(context: TestContext): Promise<[string, string]> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-bench-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  return [join(directory, 'first'), join(directory, 'second')]
}

/** Its address is the file that it writes. */
function toPlan(file: string): ServerPlan {
  const isReady = async (): Promise<boolean> => isWritten(file)
  return { url: file, command: process.execPath, options: ['-e', stays, file], isReady }
}

function isWritten(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0
}
