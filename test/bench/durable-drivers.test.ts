// The contract of systems that keep publications, against real servers where they are installed.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { DurableDriver, DurableServers } from '../../bench/drivers/durable-driver.ts'
import { isDurable } from '../../bench/drivers/durable-driver.ts'
import { jetstreamAlwaysDriver, jetstreamDriver } from '../../bench/drivers/jetstream.ts'
import {
  loadDriver,
  loadDrivers,
  loadDurableDriver,
  loadDurableDrivers,
} from '../../bench/drivers/registry.ts'
import { measure } from '../../bench/measurement.ts'
import { measureFailover } from '../../bench/scenarios/failover.ts'
import { clustersOnly, durableOnly, everywhere } from '../../bench/scenarios/scenario.ts'

const plan = { serverCount: 3, subscriberCount: 0, payloadBytes: 128 }
const timing = { warmUpMs: 20, durationMs: 100, profileDirectory: undefined }

for (const driver of await loadDurableDrivers()) {
  const skip = whyNot(driver)

  test(`${driver.name} acknowledges what is published with some in flight`, { skip }, async () => {
    const measurement = await measure(driver, { ...plan, traffic: { kind: 'loop', inFlight: 64 } }, timing)
    assert.equal(measurement.problem, undefined)
    assert.ok(measurement.messages >= 64)
    assert.equal(measurement.deliveries, measurement.messages)
    assert.ok(measurement.messagesPerSecond > 0)
  })

  test(`${driver.name} is timed to each acknowledgement at a fixed rate`, { skip }, async () => {
    const traffic = { kind: 'load', ratePerSecond: 500 } as const
    const measurement = await measure(driver, { ...plan, traffic }, timing)
    // A busy machine may miss the schedule; everything is acknowledged.
    assert.match(measurement.problem ?? 'INVALID', /^INVALID/)
    assert.deepEqual([measurement.messages, measurement.latency?.count], [500, 500])
  })

  test(`${driver.name} acknowledges again after its leader was killed, and takes it back`, {
    skip,
  }, async () => {
    const { pausesMs, problem } = await measureFailover(driver, 0, 1)
    assert.equal(problem, undefined)
    assert.equal(pausesMs.length, 1)
    // Without a leader nothing is acknowledged, and a new one is not found at once.
    assert.ok(pausesMs.every((pauseMs) => pauseMs > 5 && pauseMs < 60_000))
  })
}

for (const driver of [jetstreamDriver, jetstreamAlwaysDriver]) {
  test(`${driver.name} has what it acknowledged in a file on each of three servers`, {
    skip: whyNot(driver),
  }, async (context) => {
    const { servers, directory } = await start(context, driver)
    const publisher = await driver.connect(servers.urls[0] ?? '')
    context.after(() => publisher.close())
    for (let number = 0; number < 10; number++)
      await publisher.publishAndWait('bench.contract', Uint8Array.of(number))
    await assert.rejects(publisher.publishAndWait('elsewhere', Uint8Array.of(0)))
    assert.equal(publisher.failures, 1)
    const connection = await connect({ servers: (servers.urls[0] ?? '').replace('nats://', '') })
    context.after(() => connection.close())
    const { config, state, cluster } = await (await jetstreamManager(connection)).streams.info('bench')
    assert.deepEqual([config.storage, config.num_replicas, state.messages], ['file', 3, 10])
    assert.equal(cluster?.leader, `server-${await servers.findLeader()}`)
    assert.equal(await servers.isInSync(), true)
    const configuration = await readFile(join(directory, 'server-2.conf'), 'utf8')
    assert.equal(configuration.includes('sync_interval: always'), driver === jetstreamAlwaysDriver)
  })
}

test('systems that keep publications are measured in scenarios of their own', async () => {
  const durable = await loadDurableDrivers()
  const others = await loadDrivers()
  assert.deepEqual([durable.filter(durableOnly), others.filter(durableOnly)], [durable, []])
  assert.deepEqual([durable.filter(everywhere), others.filter(everywhere)], [[], others])
  assert.deepEqual(
    [...durable, ...others].filter(clustersOnly).map(({ name }) => name),
    ['herald', 'nats'],
  )
  assert.ok(durable.every((driver) => isDurable(driver) && driver.sync !== ''))
})

test('a name finds a driver of its own kind only', async () => {
  assert.equal(await loadDriver('jetstream'), undefined)
  assert.equal(await loadDurableDriver('nats'), undefined)
  assert.equal((await loadDurableDriver('jetstream'))?.name, 'jetstream')
})

test('servers that do not start end the trials with the reason', async () => {
  const broken = {
    ...jetstreamDriver,
    startServers: () => Promise.reject(new Error('no such server\nand more')),
  }
  assert.deepEqual(await measureFailover(broken, 4, 2), {
    system: 'jetstream',
    run: 4,
    pausesMs: [],
    failures: [],
    problem: 'no such server',
  })
})

function whyNot(driver: DurableDriver): string | false {
  return driver.findVersion() === undefined ? `${driver.name} is not installed` : false
}

async function start(
  context: TestContext,
  driver: DurableDriver,
): Promise<{ readonly servers: DurableServers; readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-bench-'))
  const servers = await driver.startServers({ directory, serverCount: 3, nodeOptions: [] })
  context.after(async () => {
    await servers.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return { servers, directory }
}
