// Retention by age over restarts: it counts from when the leader gave a batch its place, whatever its publisher's clock says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orders } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const { ageMs } = orders.retention

/** All nodes end at once, and start again. */
function restart(cluster: LeaderCluster): void {
  for (const { id } of cluster.all) cluster.crash(id)
  for (const node of cluster.all) node.start()
  cluster.elect()
  cluster.advance(200)
}

for (const [clock, aheadMs] of [
  ['far behind', -15 * ageMs],
  ['far ahead', 15 * ageMs],
] as const) {
  test(`what a publisher whose clock is ${clock} has published is kept over restarts, as long as retention says`, () => {
    const cluster = new LeaderCluster(`clock ${clock}`)
    const node = cluster.elect()
    node.publishersAheadMs = aheadMs
    node.publish('a')
    cluster.advance(ageMs / 3)
    node.publish('b')
    cluster.settle()
    restart(cluster)
    for (const each of cluster.all) assert.deepEqual(each.delivered(), ['a', 'b'])
    cluster.advance(ageMs / 2)
    restart(cluster)
    for (const each of cluster.all) assert.deepEqual(each.delivered(), ['a', 'b'])
    cluster.advance(ageMs / 4)
    restart(cluster)
    // Restarts do not prolong it.
    for (const each of cluster.all) assert.deepEqual(each.delivered().slice(-1), ['b'])
    for (const each of cluster.all) assert.notEqual(each.delivered()[0], 'a')
  })
}

test('what is left behind a floor still counts from when it got its place', () => {
  const cluster = new LeaderCluster('behind a floor')
  const node = cluster.elect()
  node.publish('a')
  cluster.advance(200)
  node.publish('b')
  cluster.advance(ageMs - 100)
  // Retention has dropped the first one, and with it what stood before the second in the log.
  for (const each of cluster.all) each.agent.onSecond()
  cluster.settle()
  cluster.advance(500)
  restart(cluster)
  cluster.advance(3000)
  for (const each of cluster.all) assert.equal(each.replica().messages, 0)
})
