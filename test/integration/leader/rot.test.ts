// Logs that are not what was written: damage keeps a node from starting, so that it never votes on what it has forgotten, and a write that
// did not end is cut off.

import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
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
}

/** Starts the node and asserts that it refuses, naming the place, before anybody could hear of it. */
async function assertRefuses(node: ClusterNode, where: string): Promise<void> {
  const lines = node.log.length
  node.spawn()
  const { code } = await node.exit
  const said = node.log.slice(lines)
  const told = said.find((line) => line.startsWith('DATA_DAMAGED: ')) ?? said.join('\n')
  assert(told.startsWith(`DATA_DAMAGED: ${where}`), told)
  assert.equal(code, 2)
  assert(!said.some((line) => line.includes('"event":"listening"')), 'it has not taken part in anything')
}

test('a node with a damaged log refuses to start and names the place; with its log it catches up', async () => {
  await using trial = await Trial.start()
  await using load = await trial.load()
  await load.untilAcknowledged(trial.ids, 50)
  // The one that leads has the most votes to remember.
  const victim = await trial.untilLed()
  const others = trial.ids.filter((id) => id !== victim.id)
  await victim.kill()
  const rot = new LogRot(victim)
  await rot.split(fileCount)
  await rot.keep()
  for (const damage of Object.values(damages)) {
    await assertRefuses(victim, await damage(rot))
    await load.untilAcknowledged(others, 20)
    await rot.putBack()
  }
  await victim.start()
  await trial.untilCaughtUp(victim)
  await load.untilAcknowledged(trial.ids, 30)
  await load.stop()
  await trial.judge()
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
