// The benchmark does not take a client's word for what is stored.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RunningServers } from '../../bench/drivers/driver.ts'
import { heraldDriver } from '../../bench/drivers/herald.ts'
import { heraldLeaderDriver } from '../../bench/drivers/herald-leader.ts'
import { majorityOf, StoredCheck } from '../../bench/stored-check.ts'
import { temporaryDirectory } from '../storage/temporary-directory.ts'

interface Told {
  leader: number | undefined
  stored: number
}

function serversOf(told: Told): RunningServers {
  return {
    urls: ['a', 'b', 'c'],
    pids: [],
    findLeader: () => Promise.resolve(told.leader),
    countStored: () => Promise.resolve(told.stored),
    stop: () => Promise.resolve(),
  }
}

test('what was acknowledged and is not there makes a run no result', async (context) => {
  context.mock.method(performance, 'now', steps(1000))
  const told = { leader: 1, stored: 10 }
  const check = await StoredCheck.begin(serversOf(told))
  assert.equal(check.publisherUrl, 'b')
  told.stored = 13
  assert.equal(await check.findProblem(3), undefined)
  for (const acknowledged of [2, 4])
    assert.match((await check.findProblem(acknowledged)) ?? '', /a majority of the servers has 3$/)
})

test('a publisher that is not with the server that leads any more makes a run no result', async () => {
  const told: Told = { leader: 1, stored: 0 }
  const check = await StoredCheck.begin(serversOf(told))
  for (const leader of [0, undefined]) {
    told.leader = leader
    assert.equal(await check.findProblem(0), 'another server leads')
  }
})

test('servers that keep nothing are not asked what they have', async () => {
  const check = await StoredCheck.begin({ urls: ['a'], pids: [], stop: () => Promise.resolve() })
  assert.deepEqual([check.publisherUrl, await check.findProblem(7)], ['a', undefined])
})

test('a majority has what more than half of the servers have', () => {
  assert.deepEqual([majorityOf([9, 2, 7]), majorityOf([5]), majorityOf([5, 4, 3, 2, 1])], [7, 5, 3])
})

test('Herald counts what its nodes have, and takes no acknowledgement without a place', async (context) => {
  const directory = await temporaryDirectory(context)
  const servers = await heraldLeaderDriver.startServers({ directory, serverCount: 3, nodeOptions: [] })
  context.after(() => servers.stop())
  const check = await StoredCheck.begin(servers)
  const publisher = await connect(context, check.publisherUrl)
  for (let number = 0; number < 5; number++)
    await publisher.publishAndWait('bench.check', Uint8Array.of(number))
  assert.equal(await check.findProblem(5), undefined)
  // The default stream is in gossip mode.
  await assert.rejects(publisher.publishAndWait('else', Uint8Array.of(0)), /without a place in the order/)
  const plain = await heraldDriver.connect(check.publisherUrl)
  context.after(() => plain.close())
  await plain.publishAndWait('else', Uint8Array.of(0))
})

async function connect(
  context: TestContext,
  url: string,
): Promise<Awaited<ReturnType<typeof heraldLeaderDriver.connect>>> {
  const publisher = await heraldLeaderDriver.connect(url)
  context.after(() => publisher.close())
  return publisher
}

/** A clock that goes on by so many milliseconds each time it is read. */
function steps(stepMs: number): () => number {
  let now = 0
  return () => {
    now += stepMs
    return now
  }
}
