// A node that was away while retention dropped what it missed: it is told what will not come, and gets the rest in its place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../until.ts'
import { Trial } from './trial.ts'

const retention = { bytes: 65_536, ageMs: 3_600_000 }
/** Longer messages fill the retention sooner. */
const padBytes = 1024

test('a node that was away for longer than retention gets a gap, and then everything that is left', async () => {
  await using trial = await Trial.start({ retention })
  await using load = await trial.load(trial.cluster.nodes, { padBytes })
  await load.untilAcknowledged(trial.ids, 20)
  const leader = await trial.untilLed()
  const away = trial.cluster.nodes.find((node) => node !== leader)
  assert(away !== undefined)
  const { cursor, after } = trial.watcherOn(leader).position()
  await away.kill()
  const last = (await trial.order(leader))?.last ?? 0
  await until(
    `retention has dropped what ${away.id} lacks`,
    async () => {
      const stream = (await leader.status()).streams.find(({ name }) => name === 'orders')
      if (stream?.order === undefined) return false
      return stream.order.last - stream.retainedMessages > last + 100
    },
    30_000,
  )
  await away.start()
  await trial.untilCaughtUp(away)
  const late = await trial.watch(away, { from: { cursor }, after })
  await load.untilAcknowledged(trial.ids, 20)
  await load.stop()
  await trial.judge({ isWhole: false })
  const gaps = late.session.deliveries.filter(({ kind }) => kind === 'gap')
  assert(gaps.length > 0, 'the late subscriber was told')
  assert.deepEqual(late.session.tap.nodes, [away.id])
  const own = (await trial.cluster.check()).subscribers.find(
    ({ node, kind }) => node === away.id && kind === 'node',
  )
  assert((own?.counts.lostTold ?? 0) > 0, 'its own subscription was told as well')
})
