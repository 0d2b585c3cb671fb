// Streams that are removed and made again, on a node that hears of it in any order: the catalog and the log of the group come to it each in
// its own time. What was acknowledged on the new one is there, and nothing of the one before.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { definitionOf, RemadeStream } from './remade-stream.ts'

const again: Partial<StreamDefinition> = { behind: 1, made: 3 }

/** The node has heard of the removal, and of a message of the new stream, but not of that stream. */
async function behindTheRemoval(): Promise<RemadeStream> {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish()
  assert.equal(host.held, 1)
  host.remove(1)
  await host.publishElsewhere()
  assert.equal(host.held, 0)
  return host
}

test('what is published on the new stream before the node hears of it is there', async () => {
  const host = await behindTheRemoval()
  host.onSecond()
  await host.define(definitionOf('leader', again))
  assert.equal(host.held, 1)
})

test('the same where the new stream has gone to gossip mode by then', async () => {
  const host = await behindTheRemoval()
  await host.switchTo('gossip', again)
  host.onSecond()
  await host.define(definitionOf('gossip', again))
  assert.equal(host.held, 1)
})

test('and where it has gone to gossip mode and back', async () => {
  const host = await behindTheRemoval()
  await host.switchTo('gossip', again)
  host.onSecond()
  await host.switchTo('leader', again)
  await host.publish()
  await host.define(definitionOf('leader', again))
  assert.equal(host.held, 1)
  await host.publish()
  assert.equal(host.held, 2)
})

test('and where a floor of the group has come meanwhile', async () => {
  const host = await behindTheRemoval()
  host.restore()
  await host.define(definitionOf('leader', again))
  await host.publish()
  assert.equal(host.held, 2)
})

test('a node that hears of the new stream alone drops what the one before had, in both modes', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish()
  await host.switchTo('gossip')
  await host.publish()
  assert.equal(host.held, 2)
  await host.define(definitionOf('gossip', again))
  assert.equal(host.held, 0)
  await host.publish()
  assert.equal(host.held, 1)
})

test('a stream in leader mode goes on behind the numbers of one in gossip mode, of which nothing has a place in it', async () => {
  for (const isHeard of [true, false]) {
    const host = new RemadeStream()
    await host.define(definitionOf('gossip'))
    const got = host.subscribe()
    await host.publish('old 1')
    await host.publish('old 2')
    if (isHeard) host.remove(0)
    await host.define(definitionOf('leader', { behind: 0, made: 3 }))
    await host.publish('new 1')
    await host.switchTo('leader', { behind: 0, made: 3 })
    await host.publish('new 2')
    assert.equal(host.ledgered.last, 1)
    assert.equal(host.held, 2)
    assert.deepEqual(got, ['old 1', 'old 2', 'new 1', 'new 2'], `heard: ${isHeard}`)
  }
})

test('who reads all the time gets also what came before the node knew of the new stream, and its mode had changed', async () => {
  for (const modes of [[], ['gossip'], ['gossip', 'leader']] as const) {
    const host = new RemadeStream()
    await host.define(definitionOf('leader'))
    const got = host.subscribe()
    await host.publish('old')
    host.remove(1)
    await host.publishElsewhere()
    for (const mode of modes) {
      await host.switchTo(mode, again)
      host.onSecond()
    }
    await host.define(definitionOf(modes.at(-1) ?? 'leader', again))
    await host.publish('later')
    assert.deepEqual(got, ['old', 'new', 'later'], modes.join())
  }
})

test('who reads all the time reads on where its node hears of the new stream alone, in both modes', async () => {
  for (const [mode, behind] of [
    ['gossip', 0],
    ['leader', 1],
  ] as const) {
    const host = new RemadeStream()
    await host.define(definitionOf(mode))
    const got = host.subscribe()
    await host.publish('old')
    await host.define(definitionOf(mode, { behind, made: 3 }))
    await host.publish('new')
    assert.deepEqual(got, ['old', 'new'], mode)
  }
})

test('who waits for the group while its stream is replaced gets everything of the new one, once', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish('old')
  const { leader } = host.broker
  const { whenCurrent } = leader
  const answers: (() => void)[] = []
  leader.whenCurrent = (_stream, callback) => void answers.push(() => callback(true))
  const got = host.subscribe(1)
  leader.whenCurrent = whenCurrent
  await host.publishElsewhere()
  await host.switchTo('gossip', again)
  await host.define(definitionOf('gossip', again))
  await host.publish('later')
  for (const answer of answers) answer()
  await host.publish('last')
  assert.deepEqual(got, ['new', 'later', 'last'])
})

test('who waits for the group while its stream is replaced by one with other topics does not read that', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish('old')
  const { leader, subscribers } = host.broker
  const { whenCurrent } = leader
  const answers: (() => void)[] = []
  leader.whenCurrent = (_stream, callback) => void answers.push(() => callback(true))
  host.subscribe(1)
  leader.whenCurrent = whenCurrent
  await host.define(definitionOf('leader', { ...again, topics: ['other.>'] }))
  for (const answer of answers) answer()
  const reads = [...subscribers].flatMap(({ streams }) => streams.map(({ name }) => name))
  assert.deepEqual(reads, ['default'])
})

test('an older definition that wins is no other stream: what was acknowledged stays, and nothing ends', async () => {
  for (const mode of ['gossip', 'leader'] as const) {
    const host = new RemadeStream()
    await host.define(definitionOf(mode, { behind: 0, made: 3 }))
    await host.publish()
    const ended: string[] = []
    const stream = (name: string, _topics: unknown, isDeleted: boolean): unknown =>
      isDeleted && ended.push(name)
    Object.assign(host.broker.ports.recorder, { stream })
    await host.define(definitionOf(mode, { copies: 1 }))
    assert.deepEqual([host.held, ended], [1, []], mode)
  }
})

/** What happens to the stream, wherever that is; the node applies it in this order. */
type LogEvent = 'publish' | 'switch' | 'floor' | 'second'

/** What the catalog says of it, in this order; a removal may be overtaken by what follows. */
type CatalogEvent = { readonly removed: number } | { readonly behind: number; readonly made: number }

/** From the first message on: what happens between two removals. */
const lives = fc.array(
  fc.array(fc.constantFrom<LogEvent>('publish', 'publish', 'switch', 'floor', 'second'), { maxLength: 6 }),
  {
    minLength: 1,
    maxLength: 4,
  },
)

/** The events of all lives, and what the catalog says between them. */
function toEvents(events: readonly (readonly LogEvent[])[]): {
  readonly log: readonly LogEvent[]
  readonly catalog: readonly CatalogEvent[]
  readonly due: number
} {
  const log: LogEvent[] = []
  const catalog: CatalogEvent[] = []
  let [last, behind, version] = [1, 0, 1]
  for (const [life, some] of events.entries()) {
    if (life > 0) {
      behind = last
      catalog.push({ removed: behind }, { behind, made: version + 2 })
      version += 2
    }
    log.push(...some)
    last += some.filter((event) => event === 'publish').length
  }
  return { log, catalog, due: last - behind }
}

async function happen(host: RemadeStream, event: LogEvent): Promise<void> {
  if (event === 'publish') await host.publishElsewhere()
  else if (event === 'floor') host.restore()
  else if (event === 'second') host.onSecond()
  else {
    await host.switchTo('gossip')
    await host.switchTo('leader')
  }
}

async function hear(host: RemadeStream, event: CatalogEvent): Promise<void> {
  if ('removed' in event) host.remove(event.removed)
  else await host.define(definitionOf('leader', event))
}

test('in whatever order a node hears of it, it has what is behind the last removal, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.infiniteStream(fc.nat({ max: 3 })), async (events, choices) => {
      const { log, catalog, due } = toEvents(events)
      const host = new RemadeStream()
      await host.define(definitionOf('leader'))
      await host.publish()
      let [logAt, catalogAt] = [0, 0]
      while (logAt < log.length || catalogAt < catalog.length) {
        const choice = choices.next().value
        const event = catalog[catalogAt]
        if (logAt < log.length && (choice > 1 || event === undefined))
          await happen(host, log[logAt++] as LogEvent)
        else {
          catalogAt++
          // The catalog has the last word alone for whoever was away.
          const isOvertaken = choice === 0 && event !== undefined && 'removed' in event
          if (event !== undefined && !isOvertaken) await hear(host, event)
        }
      }
      assert.equal(host.held, due)
      await host.publish()
      assert.equal(host.held, due + 1)
    }),
    { seed: 20261130, numRuns: 200 },
  )
})

/** The node has removed it behind three messages; somebody else did when it had one, and has made it again. */
async function removedFurther(afterMs: number): Promise<RemadeStream> {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  for (const text of ['a', 'b', 'c']) await host.publish(text)
  host.remove(3)
  host.now += afterMs
  host.onSecond()
  await host.define(definitionOf('leader', { behind: 1, made: 9 }))
  host.onSecond()
  assert.equal(host.broker.streams.definitionOf('orders')?.behind, 1)
  return host
}

test('what is behind the end that a new stream says is its own, though a removal of the one before said more', async () => {
  const host = await removedFurther(9_000)
  const got = host.subscribe(0)
  await host.publish('d')
  assert.deepEqual(got, ['gap A#1 1-1', 'b', 'c', 'd'])
})

test('where that was dropped before the node heard of the new one, it is told to be gone, there alone', async () => {
  const host = await removedFurther(10_000)
  const got = host.subscribe(0)
  await host.publish('d')
  assert.deepEqual(got, ['gap A#1 1-3', 'd'])
})

test('also to who was there before all of it, with what the one before had', async () => {
  const host = new RemadeStream()
  await host.define(definitionOf('leader'))
  await host.publish('old')
  host.remove(3)
  const got = host.subscribe()
  host.now += 10
  for (let messages = 0; messages < 2; messages++) await host.publishElsewhere()
  host.now += 10_000
  host.onSecond()
  await host.define(definitionOf('leader', { behind: 1, made: 9 }))
  await host.publishElsewhere()
  assert.deepEqual(got, ['gap B#2 1-2', 'gap A#1 1-1', 'new'])
})
