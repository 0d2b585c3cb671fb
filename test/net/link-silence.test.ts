// A link over which nothing comes is down after as many ping intervals as promised: not never, and not sooner.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPair } from './test-node.ts'

test('finds a link dead that nothing comes over, on both ends, and dials until the way is free', async () => {
  const pair = await startPair({ durations: { silentPingsMax: 5 } })
  await using _ = pair
  const { a, b, proxy } = pair
  proxy.blackhole()
  await a.listener.until(() => a.listener.events.length === 2)
  await b.listener.until(() => b.listener.events.length === 2)
  // Whoever finds it first hangs up, and the other one hears that or finds it by itself.
  for (const node of [a, b]) {
    assert.match(
      node.listener.events[1] ?? '',
      /^down [AB]: (no byte for 0\.2 s|the connection ended \(1006\))$/,
    )
  }
  assert(a.counters.get('linksSilent') + b.counters.get('linksSilent') >= 1)
  proxy.heal()
  await a.listener.until(() => a.listener.events.at(-1) === 'up B 2')
})

test('counts an interval of silence once, also when timers fire before their time', async () => {
  // Nine milliseconds of this clock take ten: every timer of an interval fires well before the interval is over.
  const now = (): number => performance.now() * 0.9
  await using pair = await startPair({ durations: { silentPingsMax: 5 }, now })
  const { a, b, proxy } = pair
  proxy.blackhole()
  const silentSince = now()
  await Promise.race([a, b].map(({ listener }) => listener.until(() => listener.events.length === 2)))
  const silentMs = now() - silentSince
  // The last byte may have come most of an interval before.
  assert(silentMs > 3 * 40, `a link was given up after ${silentMs} ms`)
})
