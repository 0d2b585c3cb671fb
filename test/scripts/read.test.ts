// `herald read` against a fake node: it ends where the order ended when it was asked, whatever of that comes as messages.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type StreamId, toStreamId } from '../../node/core/common/ids.ts'
import { numberBatch, placeBatch } from '../../node/wire/batch-header.ts'
import { encodeProgress } from '../../node/wire/control.ts'
import { encodeCursor } from '../../node/wire/cursor.ts'
import {
  batchOf,
  boot,
  type FakeConnection,
  origin,
  FakeNode as Server,
  streamId,
} from '../client/fake-node.ts'
import { FakeCluster, type Outcome } from './fake-cluster.ts'

const other = toStreamId('other')

/** Runs `herald read` against a node whose stream ends at this offset, and sequence. `serve` is what it sends to the subscriber. */
async function read(
  last: number,
  words: readonly string[],
  serve: (connection: FakeConnection, id: number) => void = () => undefined,
  sequence: number = last,
): Promise<Outcome & { readonly subscribed: readonly object[] }> {
  await using cluster = await FakeCluster.start(1)
  await using server = await Server.listen()
  const node = cluster.node('A')
  node.ends = { last, sequences: { [origin]: sequence } }
  node.clientPort = Number(new URL(server.url).port)
  await cluster.saveState()
  const running = cluster.run('read', 'a.b', ...words)
  const controls = (): FakeConnection['controls'] => server.connections.at(-1)?.controls ?? []
  let isOver = false
  const over = running.finally(() => {
    isOver = true
  })
  const asked = server.until(() => controls().some(({ op }) => op === 'subscribe'))
  await Promise.race([asked, over])
  const request = controls().find(({ op }) => op === 'subscribe')
  if (!isOver && request?.op === 'subscribe') serve(server.last, request.id)
  return { ...(await over), subscribed: controls().filter(({ op }) => op === 'subscribe') }
}

/** Messages `m<first>` … of a stream, one a record, whose offsets are their sequences unless another is given. */
function send(
  connection: FakeConnection,
  first: number,
  count: number,
  stream: StreamId = streamId,
  offset: number = first,
): void {
  const frame = unplaced(first, count, stream)
  placeBatch(frame, 1, offset)
  connection.sendFrame(frame)
}

/** The same as gossip mode has them. */
function unplaced(first: number, count: number, stream: StreamId = streamId): Uint8Array {
  const records = Array.from({ length: count }, (_, at) => ({ topic: 'a.b', payload: `m${first + at}` }))
  const frame = batchOf(records, first)
  numberBatch(frame, stream, boot, first, 0)
  return frame
}

function gap(connection: FakeConnection, id: number, from: number, to: number): void {
  connection.send({ op: 'gap', id, stream: 'default', origin, from, to, reason: 'retention' })
}

test('read prints what lies between the offset and the end, and no more', async () => {
  const { exitCode, stdout, subscribed } = await read(4, ['--from', '2'], (connection) =>
    send(connection, 2, 5),
  )
  assert.deepEqual([exitCode, stdout], [0, 'a.b\tm2\na.b\tm3\na.b\tm4\n'])
  assert.deepEqual(
    subscribed.map((request) => 'from' in request && request.from),
    [{ offset: 2 }],
  )
})

test('read ends where retention has dropped the rest, or everything', async () => {
  const part = await read(6, [], (connection, id) => {
    send(connection, 1, 3)
    gap(connection, id, 4, 6)
  })
  assert.deepEqual([part.exitCode, part.stdout], [0, 'a.b\tm1\na.b\tm2\na.b\tm3\n'])
  assert.match(part.stderr, /gap: 4-6 of .* will not come \(retention\)/)
  const none = await read(6, [], (connection, id) => gap(connection, id, 1, 6))
  assert.deepEqual([none.exitCode, none.stdout], [0, ''])
})

test('read ends where what is left is for other topics, or is behind it from the beginning', async () => {
  const passed = await read(6, [], (connection, id) => {
    send(connection, 1, 1)
    connection.sendFrame(encodeProgress({ subscription: id, stream: streamId, boot, sequence: 6 }))
  })
  assert.deepEqual([passed.exitCode, passed.stdout], [0, 'a.b\tm1\n'])
  const cursor = encodeCursor(new Map([['default', new Map([[origin, 6]])]]))
  const begun = await read(6, [], (connection, id) => connection.confirm(id, cursor))
  assert.deepEqual([begun.exitCode, begun.stdout], [0, ''])
})

test('read says where the stream was in gossip mode, and how much has no offset', async () => {
  const serve = (connection: FakeConnection): void => {
    send(connection, 1, 2)
    connection.sendFrame(unplaced(3, 4))
    send(connection, 7, 1, streamId, 3)
  }
  const { stdout, stderr } = await read(3, [], serve, 7)
  assert.equal(stdout, 'a.b\tm1\na.b\tm2\na.b\tm7\n')
  assert.match(
    stderr,
    /^here stream default was in gossip mode: 4 messages without an offset \(herald subscribe a\.b --from first shows them\)$/m,
  )
})

test('read takes no offset of another stream for the end of its own', async () => {
  const { stdout } = await read(3, [], (connection) => {
    connection.send({ op: 'stream', number: other, name: 'other' })
    send(connection, 1, 9, other)
    send(connection, 1, 3)
  })
  assert.equal(stdout, 'a.b\tm1\na.b\tm2\na.b\tm3\n')
})

test('read of an empty stream, and from behind the end, ends at once and asks for nothing', async () => {
  for (const [last, from] of [
    [0, '1'],
    [7, '8'],
  ] as const) {
    const { exitCode, stdout, subscribed } = await read(last, ['--from', from])
    assert.deepEqual([exitCode, stdout, subscribed], [0, '', []])
  }
})

test('read of a stream in gossip mode exits 1 and says why, and what to do', async () => {
  await using cluster = await FakeCluster.start(1)
  const { exitCode, stderr } = await cluster.run('read', 'a.b')
  assert.equal(exitCode, 1)
  assert.match(stderr, /OFFSET_NEEDS_ORDER: .*gossip mode\n +Begin now, at the earliest/)
})
