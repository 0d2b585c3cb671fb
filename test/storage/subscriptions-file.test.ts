// Subscriptions and cursors survive a restart; what is not theirs is refused.

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { JournalLine } from '../../node/core/common/journal-lines.ts'
import { sealLine } from '../../node/core/common/line-seal.ts'
import { recoverVectors } from '../../node/storage/journal-recovery.ts'
import { toVectorsValue } from '../../node/storage/saved-vectors.ts'
import { toSealedText } from '../../node/storage/sealed-file.ts'
import {
  findForgotten,
  readSubscriptions,
  recoverSubscriptions,
  type SavedSubscription,
  SubscriptionsFile,
} from '../../node/storage/subscriptions-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function got(sub: string, stream: string, origin: string, from: number, to: number): JournalLine {
  return { t: 'got', at: 1, sub, stream, origin, from, to, n: to - from + 1, first: 1, last: 1 }
}

function toText(lines: readonly JournalLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

async function makeDirectories(
  context: TestContext,
): Promise<{ readonly data: string; readonly journal: string }> {
  const data = await temporaryDirectory(context)
  const journal = join(data, 'journal')
  await mkdir(journal)
  return { data, journal }
}

async function recoveredValue(options: Parameters<typeof recoverVectors>[0]): Promise<unknown> {
  const { vectors } = await recoverVectors(options)
  return Object.fromEntries([...vectors].map(([sub, vector]) => [sub, toVectorsValue(vector)]))
}

const saved: SavedSubscription = {
  sub: 'A/1',
  patterns: ['orders.>'],
  since: 1234.5,
  vectors: new Map([
    [
      'orders',
      new Map([
        ['B#1', 10],
        ['__proto__', 3],
      ]),
    ],
    ['__proto__', new Map([['B#1', 1]])],
  ]),
}

test('reads back what was saved, names of any kind included', async (context) => {
  const { data } = await makeDirectories(context)
  const state = { subscriptions: [saved], journal: { file: 3, offset: 77 } }
  await new SubscriptionsFile(data).save(() => state)
  assert.deepEqual(await readSubscriptions(data), state)
})

test('holds nothing before it was saved', async (context) => {
  const { data, journal } = await makeDirectories(context)
  assert.equal(await readSubscriptions(data), undefined)
  const nothing = { subscriptions: [], tornLines: 0 }
  assert.deepEqual(await recoverSubscriptions(data, journal), { ...nothing, isSaved: false })
  await new SubscriptionsFile(data).save(() => ({ subscriptions: [], journal: undefined }))
  assert.deepEqual(await recoverSubscriptions(data, journal), { ...nothing, isSaved: true })
})

test('refuses a damaged file with its name', async (context) => {
  const item = { sub: 'a', patterns: ['a'], since: 1, vectors: {} }
  const damaged = [
    ...[{ v: 2, subscriptions: [] }, { v: 1 }],
    { v: 1, subscriptions: [{ ...item, sub: 1 }] },
    { v: 1, subscriptions: [{ ...item, patterns: [1] }] },
    { v: 1, subscriptions: [{ ...item, vectors: { s: { o: -1 } } }] },
    { v: 1, subscriptions: [{ ...item, vectors: { s: 1 } }] },
  ]
  const { data } = await makeDirectories(context)
  for (const text of ['', '{"v":1', ...damaged.map(toSealedText)]) {
    await writeFile(join(data, 'subscriptions.json'), text)
    await assert.rejects(
      readSubscriptions(data),
      { code: 'DATA_DAMAGED', message: /subscriptions\.json/ },
      text,
    )
  }
})

test('recovers what the journal knows after the checkpoint', async (context) => {
  const { data, journal } = await makeDirectories(context)
  const before = toText([got('A/1', 'orders', 'B#1', 1, 10), got('A/1', 'orders', 'Z#1', 1, 99)])
  const after = toText([
    got('A/1', 'orders', 'B#1', 11, 14),
    got('A/2', 'orders', 'B#1', 1, 500),
    { t: 'gap', at: 1, sub: 'A/1', stream: 'orders', origin: 'B#1', from: 15, to: 20, reason: 'lost' },
    { t: 'base', at: 1, sub: 'A/1', stream: 'orders', origin: 'C#1', seq: 7 },
    { t: 'retention', at: 1, stream: 'orders', origin: 'B#1', to: 1000 },
  ])
  await writeFile(join(journal, '000001.ndjson'), toText([got('A/1', 'orders', 'Y#1', 1, 1)]))
  await writeFile(join(journal, '000002.ndjson'), before + after)
  await writeFile(join(journal, '000003.ndjson'), toText([got('A/1', 'orders', 'D#1', 1, 2)]))
  const checkpoint = { file: 2, offset: before.length }
  await new SubscriptionsFile(data).save(() => ({ subscriptions: [saved], journal: checkpoint }))
  const { subscriptions } = await recoverSubscriptions(data, journal)
  assert.equal(subscriptions.length, 1)
  const orders = subscriptions[0]?.vectors.get('orders')
  assert.deepEqual(
    new Map([...(orders ?? [])]),
    new Map([
      ['B#1', 20],
      ['__proto__', 3],
      ['C#1', 7],
      ['D#1', 2],
    ]),
  )
  assert.deepEqual(
    await recoveredValue({ directory: journal, after: undefined, subs: new Set(['A/1', 'none']) }),
    { 'A/1': { orders: { 'Y#1': 1, 'B#1': 20, 'Z#1': 99, 'C#1': 7, 'D#1': 2 } }, none: {} },
  )
})

test('goes on behind what the journal says, and not behind what a disk has made of it', async (context) => {
  const { journal } = await makeDirectories(context)
  const lines = [got('A/1', 's', 'B#1', 1, 2), got('A/1', 's', 'B#1', 3, 10)]
  const text = lines.map((line, index) => `${sealLine(JSON.stringify(line), index + 1)}\n`).join('')
  await writeFile(join(journal, '000001.ndjson'), text.replace('"to":10', '"to":90'))
  const found = await recoverVectors({ directory: journal, after: undefined, subs: new Set(['A/1']) })
  assert.equal(found.vectors.get('A/1')?.get('s')?.get('B#1'), 2)
  assert.equal(found.tornLines, 1)
})

test('finds in the journal which subscriptions of the node went with their file, and how far they were', async (context) => {
  const { journal } = await makeDirectories(context)
  const begun = (sub: string, kind: 'node' | 'client', stream: string): JournalLine => {
    return { t: 'sub', at: 1, sub, kind, patterns: ['>'], stream }
  }
  const lines = [
    ...[begun('A/1', 'node', 'x'), begun('A/1', 'node', 'y'), begun('A/2', 'node', 'x')],
    ...[begun('A#1/1', 'client', 'x'), got('A/1', 'x', 'B#1', 1, 7), got('A#1/1', 'x', 'B#1', 1, 9)],
    { t: 'end', at: 2, sub: 'A/2', stream: 'x', seqs: {} } as const,
  ]
  await writeFile(join(journal, '000001.ndjson'), toText(lines))
  assert.deepEqual(await findForgotten(journal, 5), [
    { t: 'end', at: 5, sub: 'A/1', stream: 'x', seqs: { 'B#1': 7 } },
    { t: 'end', at: 5, sub: 'A/1', stream: 'y', seqs: {} },
  ])
})

test('never lowers what the file knows', async (context) => {
  const { data, journal } = await makeDirectories(context)
  await writeFile(join(journal, '000001.ndjson'), toText([got('A/1', 'orders', 'B#1', 1, 4)]))
  await new SubscriptionsFile(data).save(() => ({ subscriptions: [saved], journal: undefined }))
  const { subscriptions } = await recoverSubscriptions(data, journal)
  assert.equal(subscriptions[0]?.vectors.get('orders')?.get('B#1'), 10)
})

test('tolerates a last line torn at any byte, and counts it', async (context) => {
  const { journal } = await makeDirectories(context)
  const whole = toText([got('A/1', 'orders', 'B#1', 1, 10)])
  const last = toText([got('A/1', 'orders', 'B#ü', 1, 5)])
  const bytes = Buffer.from(last)
  for (let length = 0; length <= bytes.length; length++) {
    await writeFile(
      join(journal, '000001.ndjson'),
      Buffer.concat([Buffer.from(whole), bytes.subarray(0, length)]),
    )
    const found = await recoverVectors({ directory: journal, after: undefined, subs: new Set(['A/1']) })
    const isWhole = length >= bytes.length - 1
    assert.equal(found.tornLines, isWhole || length === 0 ? 0 : 1, `${length} bytes`)
    assert.equal(found.vectors.get('A/1')?.get('orders')?.get('B#ü'), isWhole ? 5 : undefined)
    assert.equal(found.vectors.get('A/1')?.get('orders')?.get('B#1'), 10)
  }
})

test('skips a line that is longer than any the writer makes, and reads what follows', async (context) => {
  const { journal } = await makeDirectories(context)
  const lines = [`"${'x'.repeat(3_000_000)}"\n`, toText([got('A/1', 's', 'B#1', 1, 2)])]
  await writeFile(join(journal, '000001.ndjson'), lines.join(''))
  const found = await recoverVectors({ directory: journal, after: undefined, subs: new Set(['A/1']) })
  assert.equal(found.vectors.get('A/1')?.get('s')?.get('B#1'), 2)
  assert.equal(found.tornLines, 0)
})

test('recovers nothing from a journal that is not there', async (context) => {
  const directory = join(await temporaryDirectory(context), 'none')
  const { vectors } = await recoverVectors({ directory, after: undefined, subs: new Set(['A/1']) })
  assert.equal(vectors.get('A/1')?.size, 0)
})
