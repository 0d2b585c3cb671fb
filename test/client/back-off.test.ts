// Pauses between attempts to connect, on timers that the test holds.

import assert from 'node:assert/strict'
import test from 'node:test'
import { toSettings } from '../../client/options.ts'
import { Session, type SessionListener } from '../../client/session.ts'
import type { Environment, TransportEvents } from '../../client/transport.ts'
import { origin } from './fake-node.ts'

/** An environment in which every dial fails at once and every pause is written down. */
function failing(random: () => number): { environment: Environment; pauses: number[]; dialled: string[] } {
  const pauses: number[] = []
  const dialled: string[] = []
  let events: TransportEvents | undefined
  const transport = {
    send: () => {},
    sendText: () => {},
    bufferedBytes: 0,
    close: () => {},
    terminate: () => {},
  }
  const environment: Environment = {
    dial: (url, listener) => {
      dialled.push(url)
      events = listener
      return transport
    },
    now: () => 0,
    random,
    startTimer: (delayMs, callback) => {
      // The attempt's own time-out is 3,000 ms and the time to connect 10,000: both are left to their fate.
      if (delayMs < 3000) {
        pauses.push(delayMs)
        if (pauses.length < 12) queueMicrotask(callback)
      } else if (delayMs === 3000) {
        queueMicrotask(() => events?.onClose(1006, 'refused'))
      }
      return () => {}
    },
    afterTurn: (callback) => queueMicrotask(callback),
    allocate: (bytes) => new Uint8Array(bytes),
    dispose: () => {},
  }
  return { environment, pauses, dialled }
}

const deaf: SessionListener = {
  onConnected: () => {},
  onControl: () => undefined,
  onOutcomes: () => {},
  onBatch: () => undefined,
  onProgress: () => undefined,
  onDrain: () => {},
  onClosing: () => {},
  onDisconnected: () => {},
  onGaveUp: () => {},
}

test('pauses between attempts double up to the longest, each drawn from its upper half', async () => {
  for (const [random, factor] of [
    [0, 0.5],
    [0.5, 0.75],
  ] as const) {
    const { environment, pauses } = failing(() => random)
    const settings = toSettings({ reconnect: { minMs: 50, maxMs: 2000 } })
    new Session(environment, settings, ['ws://one:1/'], deaf).start()
    await new Promise((resolve) => setImmediate(resolve))
    const ceilings = [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000, 2000, 2000, 2000]
    assert.deepEqual(
      pauses,
      ceilings.map((ceiling) => ceiling * factor),
    )
  }
})

test('every address gets its turn before one is tried again, and before pauses double', async () => {
  const { environment, pauses, dialled } = failing(() => 0)
  new Session(environment, toSettings({}), ['ws://one:1/', 'ws://two:1/', 'ws://three:1/'], deaf).start()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(pauses.slice(0, 7), [25, 25, 25, 50, 50, 50, 100])
  assert.equal(new Set(dialled.slice(0, 3)).size, 3)
  assert.equal(new Set(dialled.slice(3, 6)).size, 3)
})

test('addresses that hang leave time for all others to have their turn before it is up', async () => {
  const { environment } = failing(() => 0)
  const attempts: number[] = []
  const hanging: Environment = {
    ...environment,
    dial: (url, events, timeoutMs) => {
      return { ...environment.dial(url, events, timeoutMs), terminate: () => events.onClose(1006, 'cut') }
    },
    startTimer: (delayMs, callback) => {
      if (delayMs === 5000 || attempts.length === 5) return () => {}
      // A pause is shorter than any attempt.
      if (delayMs >= 500) attempts.push(delayMs)
      queueMicrotask(callback)
      return () => {}
    },
  }
  const urls = ['ws://one:1/', 'ws://two:1/', 'ws://three:1/']
  new Session(hanging, toSettings({ connectTimeoutMs: 5000 }), urls, deaf).start()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(attempts, [1667, 1667, 1667, 3000, 3000])
})

test('a node that welcomes and then breaks is tried less and less often', async () => {
  const { environment, pauses } = failing(() => 0)
  const dial = environment.dial
  const welcoming: Environment = {
    ...environment,
    dial: (url, events, timeoutMs) => {
      queueMicrotask(() => events.onText(welcome))
      return dial(url, events, timeoutMs)
    },
    // Later than the welcome: the break must find a connection that was welcomed.
    startTimer: (delayMs, callback) => {
      queueMicrotask(() => environment.startTimer(delayMs, callback))
      return () => {}
    },
  }
  new Session(welcoming, toSettings({}), ['ws://one:1/'], deaf).start()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(pauses.slice(0, 4), [25, 50, 100, 200])
})

const limits = {
  payloadBytesMax: 1_048_576,
  batchRecordsMax: 512,
  batchBytesMax: 65_536,
  inFlightBytesMax: 8_388_608,
  subscriptionsMax: 1000,
}
const welcome = JSON.stringify({ op: 'welcome', cluster: 'test', node: 'A', boot: origin, urls: [], limits })
