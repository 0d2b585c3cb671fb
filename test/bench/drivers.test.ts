// The contract that makes systems comparable, against real servers: Herald always, the others where they are installed.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { BenchConnection, Driver, RunningServers } from '../../bench/drivers/driver.ts'
import { loadDriver, loadDrivers } from '../../bench/drivers/registry.ts'
import { measure } from '../../bench/measurement.ts'
import { PayloadRing, payloadSlots } from '../../bench/payload.ts'
import { deliveryProblem, Receiver } from '../../bench/receiver.ts'

const count = 10_000
/** Messages that a publisher may be ahead here; Mosquitto drops what is more than a thousand behind. */
const aheadMax = 500
const timing = { warmUpMs: 20, durationMs: 100, profileDirectory: undefined }

for (const driver of await loadDrivers()) {
  const isInstalled = driver.findVersion() !== undefined
  const skip = isInstalled ? false : `${driver.name} is not installed`

  test(`${driver.name} carries ten thousand messages once and in order`, { skip }, async (context) => {
    const servers = await start(context, driver, 1)
    const publisher = await open(context, driver, servers)
    const subscriber = await open(context, driver, servers)
    const receiver = new Receiver({ phase: 1, payloadBytes: 128, isTimed: false })
    await subscriber.subscribe('bench.contract', (payload) => receiver.onPayload(payload))
    const ring = new PayloadRing(128, payloadSlots).begin(1)
    const next = (): Uint8Array | undefined => (ring.count < count ? ring.next() : undefined)
    const untilReceived = async (messages: number): Promise<void> => {
      while (receiver.received < messages) await new Promise((resolve) => setImmediate(resolve))
    }
    await publisher.publishAll('bench.contract', next, () => untilReceived(ring.count - aheadMax))
    publisher.publish('bench.contract', ring.next())
    await publisher.flush()
    await publisher.publishAndWait('bench.contract', ring.next())
    await untilReceived(count + 2)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(deliveryProblem(receiver.result(), count + 2), undefined)
    assert.deepEqual([publisher.failures, subscriber.failures], [0, 0])
    assert.equal(servers.pids.length, 1)
    await servers.stop()
    for (const pid of servers.pids) assert.throws(() => process.kill(pid, 0), /ESRCH/)
  })

  test(`${driver.name} is measured by processes of its own, two subscribers at a fixed rate`, {
    skip,
  }, async () => {
    const plan = { serverCount: 1, subscriberCount: 2, payloadBytes: 64 }
    const traffic = { kind: 'load', ratePerSecond: 1000 } as const
    const measurement = await measure(driver, { ...plan, traffic }, timing)
    // A busy machine may miss the schedule; nothing may be lost.
    assert.match(measurement.problem ?? 'INVALID', /^INVALID/)
    assert.deepEqual([measurement.messages, measurement.deliveries], [1000, 2000])
    assert.equal(measurement.latency?.count, 1000)
    assert.equal(measurement.sendDelay?.count, 1000)
  })

  test(`${driver.name} carries a flood across a cluster`, {
    skip: skip || (driver.hasCluster ? false : `the benchmark has no cluster of ${driver.name}`),
  }, async () => {
    const plan = { serverCount: 3, subscriberCount: 1, payloadBytes: 16 }
    const traffic = { kind: 'flood' } as const
    const measurement = await measure(driver, { ...plan, traffic }, timing)
    assert.equal(measurement.problem, undefined)
    assert.ok(measurement.messages > 0)
    assert.equal(measurement.deliveries, measurement.messages)
    assert.ok(measurement.messagesPerSecond > 0)
  })
}

test('a system whose server does not start is a measurement without a result', async () => {
  const herald = await loadDriver('herald')
  assert.ok(herald !== undefined)
  const broken: Driver = {
    ...herald,
    startServers: () => Promise.reject(new Error('no such server\nand more')),
  }
  const plan = { serverCount: 1, subscriberCount: 1, payloadBytes: 16 }
  const traffic = { kind: 'loop', inFlight: 1 } as const
  const { problem, messages } = await measure(broken, { ...plan, traffic }, timing)
  assert.deepEqual([problem, messages], ['no such server', 0])
})

test('a name that is no system finds no driver', async () => {
  assert.equal(await loadDriver('kafka'), undefined)
})

async function start(context: TestContext, driver: Driver, serverCount: number): Promise<RunningServers> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-bench-'))
  const servers = await driver.startServers({ directory, serverCount, nodeOptions: [] })
  context.after(async () => {
    await servers.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return servers
}

async function open(context: TestContext, driver: Driver, servers: RunningServers): Promise<BenchConnection> {
  const connection = await driver.connect(servers.urls[0] ?? '')
  context.after(() => connection.close())
  return connection
}
