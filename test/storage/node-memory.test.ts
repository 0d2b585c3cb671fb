// What a node has saved of its own subscriptions never says more than its journal, and a journal that cannot be written is seen.

import assert from 'node:assert/strict'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Logger } from 'pino'
import type { Broker } from '../../node/broker/broker.ts'
import type { NodeSubscriptions } from '../../node/broker/node-subscriptions.ts'
import type { NodeConfig } from '../../node/config/node-config.ts'
import { Counters } from '../../node/core/common/counters.ts'
import type { NodeId } from '../../node/core/common/ids.ts'
import { NodeMemory } from '../../node/memory.ts'
import type { LinkStatus } from '../../node/net/ports.ts'
import { DataDirectory } from '../../node/storage/data-directory.ts'
import { readSubscriptions, recoverSubscriptions } from '../../node/storage/subscriptions-file.ts'
import { createBroker } from '../broker/test-broker.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const sub = 'A#1:1:orders.>'
const origin = 'B#1'

const { broker } = createBroker()

/** A memory, and one subscription that is delivered to. */
class Fixture {
  readonly directory: DataDirectory
  readonly memory: NodeMemory
  readonly counters: Counters
  /** Names of the events that were logged as errors. */
  readonly errors: string[]
  #passed = 0

  private constructor(directory: DataDirectory, memory: NodeMemory, counters: Counters, errors: string[]) {
    this.directory = directory
    this.memory = memory
    this.counters = counters
    this.errors = errors
  }

  static async open(context: TestContext): Promise<Fixture> {
    const path = await temporaryDirectory(context)
    const node = 'A' as NodeId
    const directory = await DataDirectory.open({
      path,
      node,
      cluster: 'herald',
      nowMs: 1,
      drawMember: () => 1,
    })
    const tunables = { journalFileBytes: 1_000_000, journalFilesMax: 4 }
    const config = { cluster: 'herald', nodeId: node, tunables } as NodeConfig
    const counters = new Counters()
    const errors: string[] = []
    const error = ({ event }: { readonly event: string }): void => void errors.push(event)
    const memory = await NodeMemory.open(config, directory, { error } as unknown as Logger, counters)
    context.after(() => memory.close(broker))
    return new Fixture(directory, memory, counters, errors)
  }

  deliver(to: number): void {
    this.memory.recorder.delivered(sub, 'orders', origin, this.#passed + 1, to, 1)
    this.#passed = to
  }

  async save(): Promise<void> {
    const vectors = (): unknown => new Map([['orders', new Map([[origin, this.#passed]])]])
    const saved = (): unknown => [{ sub, pattern: 'orders.>', since: 1, vectors: vectors() }]
    await this.memory.saveSubscriptions({ saved } as NodeSubscriptions)
  }

  /** Where the subscription goes on if the process ends now. */
  async recovered(): Promise<number | undefined> {
    const { path, journalPath } = this.directory
    const { subscriptions } = await recoverSubscriptions(path, journalPath)
    return subscriptions[0]?.vectors.get('orders')?.get(origin)
  }
}

test('a delivery while subscriptions are being saved is not lost by a crash after it', async (context) => {
  const fixture = await Fixture.open(context)
  fixture.deliver(5)
  const saving = fixture.save()
  fixture.deliver(8)
  await saving
  assert.equal(await fixture.recovered(), 5)
  await fixture.memory.recorder.flush()
  assert.equal(await fixture.recovered(), 8)
  assert.deepEqual(fixture.errors, [])
})

test('every line before the saved place in the journal is contained in the saved positions', async (context) => {
  const fixture = await Fixture.open(context)
  const { path, journalPath } = fixture.directory
  for (let round = 1; round <= 20; round++) {
    fixture.deliver(round * 10)
    const saving = fixture.save()
    fixture.deliver(round * 10 + 5)
    const flushing = fixture.memory.recorder.flush()
    await saving
    const { journal, subscriptions } = (await readSubscriptions(path)) ?? {}
    assert(journal !== undefined && subscriptions !== undefined)
    const text = await readFile(join(journalPath, '000001.ndjson'), 'utf8')
    const lines = text.slice(0, journal.offset).split('\n').filter(Boolean)
    const told = Math.max(0, ...lines.map((line) => Number(JSON.parse(line).to)))
    const saved = subscriptions[0]?.vectors.get('orders')?.get(origin) ?? 0
    assert(told <= saved, `round ${round}: the journal says ${told}, the file ${saved}`)
    await flushing
  }
})

test('a journal that cannot be written is failing until it can, and its lost lines are counted', async (context) => {
  const { directory, memory, counters, errors } = await Fixture.open(context)
  const lose = async (): Promise<void> => {
    memory.recorder.line({ t: 'lost', at: 1, sub, stream: 'orders' })
    await memory.recorder.flush()
  }
  assert.deepEqual(memory.journal, { state: 'ok' })
  // A folder in the place of the file: it cannot be opened for writing, for root neither.
  const file = join(directory.journalPath, '000001.ndjson')
  await mkdir(file)
  for (const _ of [1, 2]) await lose()
  assert.equal(memory.journal.state, 'failing')
  assert.match(memory.journal.reason ?? '', /cannot be written: EISDIR/)
  assert.equal(counters.get('journalLinesDropped'), 2)
  assert.deepEqual(errors, ['journal-failed'])
  await rm(file, { recursive: true })
  await lose()
  assert.deepEqual(memory.journal, { state: 'ok' })
  assert.equal(counters.get('journalLinesDropped'), 2)
  assert.match(await readFile(file, 'utf8'), /^\{"t":"dropped",.*"lines":2,.*\}\n\{"t":"lost"/)
})

test('how far origins have their places is written where it has moved, and at the stop', async (context) => {
  const { directory, memory } = await Fixture.open(context)
  const places = new Map([
    ['A#1', 3],
    ['B#1', 7],
  ])
  const leader = {
    *placed(): Generator<object> {
      for (const [each, to] of places) yield { stream: 'orders', origin: each, to }
    },
  }
  const { streams, queues } = broker
  const placing = { origin: 'A#1', streams, queues, leader, subscribers: [] } as unknown as Broker
  memory.onSecond(1, placing, [])
  memory.onSecond(2, placing, [])
  places.set('A#1', 5)
  memory.onSecond(3, placing, [])
  places.set('A#1', 6)
  await memory.close(placing)
  const text = await readFile(join(directory.journalPath, '000001.ndjson'), 'utf8')
  const lines = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.filter(({ t }) => t === 'placed').map(({ stream, origin: each, to }) => [stream, each, to]),
    [
      ['orders', 'A#1', 3],
      ['orders', 'B#1', 7],
      ['orders', 'A#1', 5],
      ['orders', 'A#1', 6],
    ],
  )
  assert.equal(lines.at(-1)?.t, 'stop')
})

test('the clock of a peer is written as soon as it is known, then every ten seconds, and again in a new file', async (context) => {
  const { directory, memory } = await Fixture.open(context)
  const linked = (clockOffsetMs: number | undefined): LinkStatus =>
    ({ peer: 'B', state: 'up', clockOffsetMs, clockErrorMs: clockOffsetMs }) as LinkStatus
  const told = async (): Promise<readonly unknown[]> =>
    (await linesOf(directory, memory)).flatMap(({ t, offsetMs }) => (t === 'clock' ? [offsetMs] : []))
  memory.onSecond(1000, quiet, [linked(undefined)])
  assert.deepEqual(await told(), [])
  memory.onSecond(2000, quiet, [linked(7)])
  memory.onSecond(11_999, quiet, [linked(8)])
  assert.deepEqual(await told(), [7])
  memory.onSecond(12_000, quiet, [linked(9)])
  memory.beginJournal(quiet)
  memory.onSecond(13_000, quiet, [linked(10)])
  assert.deepEqual(await told(), [7, 9, 10])
})

test('what is left of no origin any more is written at a flush, and again in a new file', async (context) => {
  const { directory, memory } = await Fixture.open(context)
  const state = { origin: 'A#1', goneTo: 0 }
  const replica = { name: 'orders', definition: { topics: ['orders.>'] }, origins: new Map([[1, state]]) }
  const dropping = { ...quiet, streams: { replicas: [replica] } } as unknown as Broker
  const told = async (): Promise<readonly unknown[]> =>
    (await linesOf(directory, memory)).flatMap(({ t, to }) => (t === 'retention' ? [to] : []))
  memory.onSecond(1000, dropping, [])
  assert.deepEqual(await told(), [])
  state.goneTo = 5
  await memory.flush(dropping)
  memory.onSecond(2000, dropping, [])
  assert.deepEqual(await told(), [5])
  memory.beginJournal(dropping)
  memory.onSecond(3000, dropping, [])
  assert.deepEqual(await told(), [5, 5])
})

/** A broker for which there is nothing to tell. */
const quiet = {
  origin: 'A#1',
  streams: { replicas: [] },
  queues: broker.queues,
  leader: { placed: () => [] },
  subscribers: [],
} as unknown as Broker

async function linesOf(
  { journalPath }: DataDirectory,
  memory: NodeMemory,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await memory.recorder.flush()
  const text = await readFile(join(journalPath, '000001.ndjson'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
