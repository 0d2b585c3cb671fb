// Nodes that join, leave and are replaced while messages flow.

import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import { removeNode, untilSettled } from './joining.ts'
import { Trial } from './trial.ts'

test('nodes join by their own peers.json and leave again under load, and nobody is refused anything', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 20)
  for (const id of ['D', 'E']) {
    const node = await trial.cluster.add(id)
    await trial.cluster.untilLinked()
    await untilSettled(trial.cluster)
    await trial.untilCaughtUp(node)
    await trial.watch(node)
  }
  await load.untilAcknowledged(['A', 'B', 'C'], 20)
  // Leaders of META and of the stream among them, and nodes that publish stay.
  for (const id of ['D', 'E']) {
    await removeNode(trial.cluster, trial.cluster.node(id))
    await untilSettled(trial.cluster)
    await load.untilAcknowledged(['A', 'B', 'C'], 20)
  }
  await load.stop()
  const outcomes = ['A', 'B', 'C'].flatMap((id) => load.receipts(id).map(({ append }) => append.outcome))
  assert.deepEqual([...new Set(outcomes)], ['ok'])
  await trial.judge()
})

test('the node that leads is removed, and its place is taken by one that has joined', async () => {
  await using trial = await Trial.start()
  const joined = await trial.cluster.add('D')
  await trial.watch(joined)
  await trial.cluster.untilLinked()
  await untilSettled(trial.cluster)
  const leader = await trial.untilLed()
  const staying = trial.cluster.nodes.filter((node) => node !== leader)
  await using load = await trial.load(staying)
  await load.untilAcknowledged(
    staying.map(({ id }) => id),
    20,
  )
  await removeNode(trial.cluster, leader)
  await untilSettled(trial.cluster)
  const { members } = await joined.admin.members()
  assert.deepEqual(members.map(({ node }) => node).join(''), staying.map(({ id }) => id).join(''))
  assert.ok(members.every(({ votes }) => votes.includes(0) && votes.length === 2))
  await load.untilAcknowledged(
    staying.map(({ id }) => id),
    20,
  )
  await load.stop()
  const outcomes = staying.flatMap(({ id }) => load.receipts(id).map(({ append }) => append.outcome))
  assert.deepEqual([...new Set(outcomes)], ['ok'])
  await trial.judge()
})

test('a dead node is removed and replaced, and does not come back over what it had', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 20)
  const dead = trial.cluster.node('B')
  // Nobody could say whether what it wanted will come still.
  await dead.admin.changeSubscription('DELETE', 'orders.>')
  await dead.kill()
  await trial.cluster.add('D')
  await removeNode(trial.cluster, dead, false)
  await untilSettled(trial.cluster)
  dead.spawn()
  const { code } = await dead.exit
  assert.equal(code, 2)
  assert.ok(dead.log.some((line) => line.startsWith('NODE_REMOVED: ')))
  await load.untilAcknowledged(['A', 'C'], 20)
  await load.stop()
  await trial.judge()
})

test('a node that left and came back elsewhere does not keep others from joining', async () => {
  await using trial = await Trial.start()
  const gone = trial.cluster.node('C')
  await removeNode(trial.cluster, gone)
  await rm(gone.options.dataPath, { recursive: true })
  for (const id of ['C', 'D']) {
    await trial.cluster.add(id)
    await trial.cluster.untilLinked()
    await untilSettled(trial.cluster)
  }
  assert.notEqual(trial.cluster.node('C').options.port, gone.options.port)
})

test('what would leave no majority is refused, and says which voters would be missing', async () => {
  await using trial = await Trial.start()
  await trial.cluster.node('C').kill()
  await trial.untilLed('A', 'B')
  const refusal = await trial.cluster
    .node('A')
    .admin.removeMember('B')
    .catch((error: unknown) => error)
  assert(refusal instanceof NodeRefusal)
  assert.equal(refusal.code, 'NODE_NEEDED')
  assert.match(refusal.message, /without B only 1 of the 2 remaining voters of META would be up/)
  const unknown = await trial.cluster
    .node('A')
    .admin.removeMember('Z')
    .catch((error: unknown) => error)
  assert(unknown instanceof NodeRefusal)
  assert.equal(unknown.code, 'NODE_UNKNOWN')
  await trial.cluster.node('C').start()
  await trial.judge()
})

test('a member whose peers.json has lost the others knows them from its log', async () => {
  await using trial = await Trial.start()
  const alone = trial.cluster.node('C')
  await alone.kill()
  await writeFile(alone.options.peersFile, JSON.stringify({ C: ['127.0.0.1', alone.options.port] }))
  await alone.start()
  await trial.cluster.untilLinked()
  await untilSettled(trial.cluster)
  await trial.judge()
})

test('of two voters that are asked to leave at once one waits its turn, and publishers hardly notice', async () => {
  await using trial = await Trial.start({ nodes: 5 })
  await untilSettled(trial.cluster)
  const leader = await trial.untilLed()
  const { voters = [] } = (await trial.order(leader)) ?? {}
  const leaving = voters.filter((id) => id !== leader.id)
  const staying = trial.ids.filter((id) => !leaving.includes(id))
  await using load = await trial.load(staying.map((id) => trial.cluster.node(id)))
  await load.untilAcknowledged(staying, 20)
  for (let left = leaving; left.length > 0; ) {
    const answers = await Promise.allSettled(left.map((id) => leader.admin.removeMember(id)))
    const removed = left.filter((_id, at) => answers[at]?.status === 'fulfilled')
    assert.ok(removed.length > 0)
    for (const answer of answers)
      if (answer.status === 'rejected')
        assert.ok(answer.reason instanceof NodeRefusal && answer.reason.code === 'NODE_NEEDED')
    left = left.filter((id) => !removed.includes(id))
  }
  for (const id of leaving) {
    const node = trial.cluster.node(id)
    trial.cluster.forget(node)
    assert.equal((await node.exit).code, 2)
  }
  await load.untilAcknowledged(staying, 20)
  await load.stop()
  const outcomes = staying.flatMap((id) => load.receipts(id).map(({ append }) => append.outcome))
  assert.deepEqual([...new Set(outcomes)], ['ok'])
  await trial.judge()
})
