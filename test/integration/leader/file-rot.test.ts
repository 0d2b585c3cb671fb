// Every kind of file in a data directory, rotten on one node after another while the others work: the node goes on without harm, or refuses
// to start and names the file. Nothing that was acknowledged is lost, and the check accuses nobody.

import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ClusterNode } from '../cluster-node.ts'
import { until } from '../until.ts'
import { printedRandom, rotFile, rots } from './file-rot.ts'
import type { Load } from './load.ts'
import { LogRot } from './log-rot.ts'
import { Trial } from './trial.ts'

/** One node after the other, each killed under load; the next one only when this one has what all have and votes again. */
class Victims {
  readonly #trial: Trial
  readonly #load: Load
  #count = 0

  constructor(trial: Trial, load: Load) {
    this.#trial = trial
    this.#load = load
  }

  /**
   * Kills a node, has something done to it and what it needs to be started, and waits until it is as before. Where `mayStop`, it may first
   * hear from the others that it lacks what it had acknowledged, stop, and begin anew with its next start.
   */
  async next(
    onKilled: (victim: ClusterNode) => Promise<void>,
    { mayStop = false }: { readonly mayStop?: boolean } = {},
  ): Promise<ClusterNode> {
    const { nodes } = this.#trial.cluster
    const victim = nodes[this.#count++ % nodes.length]
    assert(victim !== undefined)
    await this.#load.untilAcknowledged(this.#trial.ids, 20)
    await victim.kill()
    await onKilled(victim)
    if (!(await this.#isBack(victim))) {
      assert(mayStop, victim.log.slice(-10).join('\n'))
      assert.match(
        victim.log.join('\n'),
        /"event":"failed","code":"DATA_DAMAGED","reason":"group \d+: the log ends at entry \d+, and \d+ was acknowledged/,
      )
      await victim.start()
      assert(await this.#isBack(victim))
      assert((await victim.status()).member.damage !== undefined)
    }
    return victim
  }

  /** False if it ends instead. */
  async #isBack(victim: ClusterNode): Promise<boolean> {
    let hasEnded = false
    void victim.exit.then(() => {
      hasEnded = true
    })
    // Who is about to end answers nothing any more. Who leads a group tells how far it must have come: who knows the leader has been told.
    const isBack = async (): Promise<boolean> => {
      const [{ member }, { leader }] = await Promise.all([victim.status(), victim.admin.members()])
      if (member.state !== 'settled' || leader === undefined) return false
      await this.#trial.untilCaughtUp(victim)
      return true
    }
    await until(`${victim.id} has everything and votes`, () => {
      return hasEnded || isBack().catch(() => hasEnded)
    })
    return !hasEnded
  }
}

/** Starts a node that must refuse, and name the file and what to do. */
async function assertRefuses(victim: ClusterNode, path: string, what: string): Promise<void> {
  const lines = victim.log.length
  victim.spawn()
  assert.deepEqual(await victim.exit, { code: 2, signal: null }, what)
  const said = victim.log.slice(lines)
  const at = said.findIndex((line) => line.startsWith(`DATA_DAMAGED: ${path} `))
  assert(at >= 0, `${what}: ${said.join('\n')}`)
  assert.match(said[at + 1] ?? '', /^Restore the file that is named, or remove it/)
}

async function newestJournal({ options }: ClusterNode): Promise<string> {
  const folder = join(options.dataPath, 'journal')
  const names = (await readdir(folder)).sort()
  return join(folder, names.at(-1) ?? '')
}

for (const name of ['identity.json', 'catalog.json', 'subscriptions.json'])
  test(`a node whose ${name} has rotted refuses to start, and goes on with the others once it is removed`, async (context) => {
    const random = printedRandom(context)
    await using trial = await Trial.start()
    await using load = await trial.load()
    const victims = new Victims(trial, load)
    for (const rot of rots)
      await victims.next(async (victim) => {
        const path = join(victim.options.dataPath, name)
        await assertRefuses(victim, path, await rotFile(path, rot, random))
        await rm(path)
        await victim.start()
        if (name === 'subscriptions.json') {
          assert.deepEqual(await victim.admin.subscriptions(), [])
          await victim.admin.changeSubscription('PUT', 'orders.>')
        }
        await assertSameStreams(trial)
      })
    await load.untilAcknowledged(trial.ids, 20)
    await load.stop()
    await trial.judge()
  })

/** All nodes know the same streams. */
async function assertSameStreams(trial: Trial): Promise<void> {
  await until('all know the same streams', async () => {
    const all = await Promise.all(trial.cluster.nodes.map(({ admin }) => admin.streams()))
    return new Set(all.map((streams) => JSON.stringify(streams))).size === 1 && (all[0]?.length ?? 0) === 2
  })
}

test('a journal that has rotted holds up no node, and the check accuses nobody of it', async (context) => {
  const random = printedRandom(context)
  await using trial = await Trial.start()
  await using load = await trial.load()
  const victims = new Victims(trial, load)
  for (const rot of [...rots, ...rots])
    await victims.next(async (victim) => {
      context.diagnostic(await rotFile(await newestJournal(victim), rot, random))
      await victim.start()
    })
  await load.untilAcknowledged(trial.ids, 20)
  await load.stop()
  await trial.judge()
})

test('a log that has rotted anywhere is set aside, or loses what was never noted, and the node learns the rest', async (context) => {
  const random = printedRandom(context)
  await using trial = await Trial.start()
  await using load = await trial.load()
  const victims = new Victims(trial, load)
  const isWhole: boolean[] = []
  for (const rot of rots) {
    const victim = await victims.next(
      async (killed) => {
        const [file = ''] = await new LogRot(killed).files()
        context.diagnostic(await rotFile(file, rot, random))
        isWhole.push(await endsWithWrite(file, new LogRot(killed)))
        killed.log.length = 0
        killed.spawn()
      },
      { mayStop: true },
    )
    const isTold = victim.log.some((line) => /"log-set-aside"|"log-tail-cut"/.test(line))
    assert(isTold || isWhole.at(-1) === true, victim.log.join('\n'))
  }
  await load.untilAcknowledged(trial.ids, 20)
  await load.stop()
  await trial.judge()
})

/** Where a log was cut between two writes it looks like one that never had the second. */
async function endsWithWrite(file: string, rot: LogRot): Promise<boolean> {
  const [last] = (await rot.writes(file)).slice(-1)
  return last?.end === (await stat(file)).size
}

test('what else lies in a data directory may rot as it likes', async (context) => {
  const random = printedRandom(context)
  await using trial = await Trial.start()
  await using load = await trial.load()
  const victims = new Victims(trial, load)
  for (const rot of rots)
    await victims.next(async (victim) => {
      const { dataPath } = victim.options
      await setLogAside(victim)
      await appendFile(join(dataPath, 'lock'), 'what a disk has put here')
      await writeFile(join(dataPath, 'logs', 'node.log'), 'a line of a log\n')
      await writeFile(join(dataPath, 'catalog.json.17-3.tmp'), '{"v":1}')
      for (const path of await filesNobodyReads(dataPath))
        context.diagnostic(await rotFile(path, rot, random))
      await victim.start()
    })
  await load.untilAcknowledged(trial.ids, 20)
  await load.stop()
  await trial.judge()
})

/** Starts a node with a log that is damaged, so that it keeps that aside, and kills it again. */
async function setLogAside(victim: ClusterNode): Promise<void> {
  const rot = new LogRot(victim)
  const [file = ''] = await rot.files()
  const [first] = await rot.writes(file)
  await rot.flip(file, (first?.end ?? 0) - 1)
  await victim.start()
  await victim.kill()
}

async function filesNobodyReads(dataPath: string): Promise<readonly string[]> {
  const aside = join(dataPath, 'log.damaged-1')
  const names = (await readdir(aside)).map((name) => join(aside, name))
  assert(names.some((name) => name.endsWith('damage.json')))
  const others = ['lock', 'lock.json', 'logs/node.log', 'catalog.json.17-3.tmp'].map((name) =>
    join(dataPath, name),
  )
  const sizes = await Promise.all(
    [...names, ...others].map(async (path) => [path, (await readFile(path)).length] as const),
  )
  return sizes.flatMap(([path, bytes]) => (bytes > 0 ? path : []))
}
