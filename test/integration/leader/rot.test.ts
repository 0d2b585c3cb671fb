// Logs that are not what was written, or not there: the node never votes on what it has forgotten, but learns as another member. A write
// that did not end is cut off.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { LogRot } from './log-rot.ts'
import { Trial } from './trial.ts'

/** So many files make one that is in the middle. */
const fileCount = 3

/** Does something to the log of a node; returns how the node must say where. */
type Damage = (rot: LogRot) => Promise<string>

/** In the write in the middle of the file in the middle. */
async function place(
  rot: LogRot,
): Promise<{ readonly file: string; readonly start: number; readonly end: number }> {
  const file = (await rot.files())[1] ?? ''
  const writes = await rot.writes(file)
  const { start, end } = writes[Math.floor(writes.length / 2)] ?? { start: 0, end: 0 }
  return { file, start, end }
}

const damages: Readonly<Record<string, Damage>> = {
  'a bit that turned over in the body of a write': async (rot) => {
    const { file, start, end } = await place(rot)
    await rot.flip(file, end - 1)
    return `${file} from byte ${start}: writes `
  },
  'a bit that turned over in the length of a write': async (rot) => {
    const { file, start } = await place(rot)
    await rot.flip(file, start + 6)
    return `${file} from byte ${start}: writes `
  },
  'a file that was cut in the middle': async (rot) => {
    const { file, start, end } = await place(rot)
    await rot.cut(file, end - 1)
    return `${file} from byte ${start}: writes `
  },
  'a first file that is missing': async (rot) => {
    const [file = ''] = await rot.files()
    await rot.remove(file)
    return `${dirname(file)}: its first file, with write 1, is missing`
  },
  'a file in the middle that is missing': async (rot) => {
    const [before = '', file = ''] = await rot.files()
    const last = (await rot.writes(before)).at(-1)
    await rot.remove(file)
    return `${before} from byte ${last?.end}: writes `
  },
  'a last file that is missing': async (rot) => {
    const [before = '', file = ''] = (await rot.files()).slice(-2)
    const last = (await rot.writes(before)).at(-1)
    await rot.remove(file)
    return `${before} from byte ${last?.end}: writes `
  },
}

/** Starts the node and asserts that it begins anew, says why, and keeps what it found. */
async function assertBeginsAnew(node: ClusterNode, where: string): Promise<void> {
  const lines = node.log.length
  await node.start()
  const told = node.log.slice(lines).find((line) => line.includes('"event":"log-set-aside"')) ?? ''
  const { reason, path } = JSON.parse(told === '' ? '{}' : told)
  assert(String(reason).startsWith(where), `${reason} does not begin with ${where}`)
  assert(existsSync(path))
  const { member } = await node.status()
  assert.equal(member.damage, reason)
}

/** Resolves when a node votes wherever it is to. */
async function untilSettled(node: ClusterNode): Promise<void> {
  await until(`${node.id} votes again`, async () => (await node.status()).member.state === 'settled')
}

test('a node with a damaged log keeps it aside, learns as another member, and votes again', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  for (const [what, damage] of Object.entries(damages)) {
    // The one that leads has the most votes to remember.
    const victim = await trial.untilLed()
    const others = trial.ids.filter((id) => id !== victim.id)
    await victim.kill()
    const rot = new LogRot(victim)
    await rot.split(fileCount)
    const where = await damage(rot)
    await load.untilAcknowledged(others, 20)
    await assertBeginsAnew(victim, where)
    await trial.untilCaughtUp(victim)
    await untilSettled(victim)
    assert.ok((await readdir(victim.options.dataPath)).includes('log.damaged-1'), what)
  }
  await load.untilAcknowledged(trial.ids, 30)
  await load.stop()
  await trial.judge()
})

test('the last write of a log that is quiet, or of a node that was stopped, is missed where it has changed or is gone', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  await load.stop()
  const [quiet, stopped] = trial.cluster.nodes
  assert(quiet !== undefined && stopped !== undefined)
  const lastOf = async (rot: LogRot) => {
    const file = (await rot.files()).at(-1) ?? ''
    const write = (await rot.writes(file)).at(-1) ?? { number: 0, start: 0, end: 0 }
    return {
      file,
      ...write,
      where: `${file} from byte ${write.start}: writes ${write.number} to ${write.number} `,
    }
  }
  const rot = new LogRot(quiet)
  await until('the last write is noted', async () => (await rot.noted()) === (await lastOf(rot)).number)
  await quiet.kill()
  const changed = await lastOf(rot)
  await rot.flip(changed.file, changed.end - 1)
  await assertBeginsAnew(quiet, changed.where)
  await trial.untilCaughtUp(quiet)
  await untilSettled(quiet)
  await stopped.stop()
  const gone = await lastOf(new LogRot(stopped))
  await new LogRot(stopped).cut(gone.file, gone.start)
  await assertBeginsAnew(stopped, gone.where)
  await trial.untilCaughtUp(stopped)
  await untilSettled(stopped)
  await trial.judge()
})

test('a node whose log and identity are gone learns everything again, and nothing that was acknowledged is lost', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  for (const victim of trial.cluster.nodes) {
    await victim.kill()
    // Journal and subscriptions stay, so that the check can tell.
    for (const name of ['identity.json', 'log', 'catalog.json'])
      await rm(join(victim.options.dataPath, name), { recursive: true })
    await victim.start()
    await trial.untilCaughtUp(victim)
    await untilSettled(victim)
    await load.untilAcknowledged(trial.ids, 20)
  }
  await load.stop()
  await trial.judge()
})

test('without the disk of one and the process of another nobody leads, and what was acknowledged is there when the other is', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  const leader = await trial.untilLed()
  const [wiped, other] = trial.cluster.nodes.filter((node) => node !== leader)
  assert(wiped !== undefined && other !== undefined)
  await load.stop()
  await Promise.all(trial.cluster.nodes.map((node) => node.kill()))
  await rm(join(wiped.options.dataPath, 'log'), { recursive: true })
  for (const node of [wiped, other]) await node.start()
  await trial.cluster.untilLinked(wiped.id, other.id)
  assert.match(String((await wiped.status()).member.damage), /the log is missing$/)
  await using client = await trial.cluster.connect(other.id)
  // Longer than any election takes: who has a majority of votes would lead by now.
  const { append } = await trial.publish(client, 'without a majority')
  assert.notEqual(append.outcome, 'ok')
  assert.equal((await wiped.status()).member.state, 'outside')
  await leader.start()
  await untilSettled(wiped)
  await trial.judge()
})

test('where all logs are damaged at once nobody leads or begins anew by itself, until the nodes are told that they are new', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  await load.stop()
  const { nodes } = trial.cluster
  // Twice: at the second start nothing is damaged any more.
  for (const node of nodes) {
    await node.kill()
    await rm(join(node.options.dataPath, 'log'), { recursive: true })
  }
  for (let start = 0; start < 2; start++) {
    for (const node of nodes) await node.kill()
    for (const node of nodes) await node.start()
    await trial.cluster.untilLinked()
    await using client = await trial.cluster.connect('A')
    // Longer than any election takes.
    const { append } = await trial.publish(client, `start ${start}`)
    assert.notEqual(append.outcome, 'ok')
    for (const node of nodes) assert.equal((await node.status()).member.state, 'outside')
  }
  for (const node of nodes) {
    await node.kill()
    await rm(join(node.options.dataPath, 'identity.json'))
  }
  for (const node of nodes) await node.start()
  await Promise.all(nodes.map(untilSettled))
})

test('a write that did not end when the power failed is cut off, and the node catches up', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  for (const victim of trial.cluster.nodes) {
    await load.untilAcknowledged(trial.ids, 20)
    await victim.kill()
    const rot = new LogRot(victim)
    await rot.tear((await rot.files()).at(-1) ?? '')
    await victim.start()
    assert.match(victim.log.join('\n'), /"event":"log-tail-cut","file":"\d{16}\.log","bytes":\d+/)
    await trial.untilCaughtUp(victim)
  }
  await load.untilAcknowledged(trial.ids, 20)
  await load.stop()
  await trial.judge()
})
