// Control messages, the small binary frames and cursors: what one end writes the other reads, and nothing else passes.

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Boot, Origin, StreamId } from '../../node/core/common/ids.ts'
import {
  controlUnitsMax,
  decodeAcknowledgement,
  decodeClientControl,
  decodeCredit,
  decodeNodeControl,
  decodeProgress,
  decodeSelect,
  encodeAcknowledgement,
  encodeClientControl,
  encodeCredit,
  encodeNodeControl,
  encodeProgress,
  encodeSelect,
  isRefusal,
  type NodeControl,
  type PublishOutcome,
} from '../../node/wire/control.ts'
import { decodeCursor, encodeCursor } from '../../node/wire/cursor.ts'

const seed = 20260101

const cursor = encodeCursor(new Map([['orders', new Map([['A#1x' as Origin, 17]])]]))

test('a subscribe is read with its defaults', () => {
  assert.deepEqual(decodeClientControl('{"op":"subscribe","id":1,"patterns":["a.>"],"extra":[]}'), {
    op: 'subscribe',
    id: 1,
    patterns: ['a.>'],
    from: 'now',
    name: undefined,
  })
  const full = {
    op: 'subscribe',
    id: 2 ** 31 - 1,
    patterns: ['a', '*.b'],
    from: { cursor },
    name: 'billing-1.x_y',
    credit: { messages: 1, bytes: 2 },
  } as const
  assert.deepEqual(decodeClientControl(encodeClientControl(full)), full)
  assert.deepEqual(decodeClientControl('{"op":"unsubscribe","id":3}'), { op: 'unsubscribe', id: 3 })
})

test('the first is another word for the earliest', () => {
  const text = '{"op":"subscribe","id":1,"patterns":["a"],"from":"first"}'
  assert.deepEqual(decodeClientControl(text), decodeClientControl(text.replace('first', 'earliest')))
})

const badClientTexts: [string, RegExp, string?, number?][] = [
  ['', /is not JSON/],
  ['[]', /is not an object/],
  ['null', /is not an object/],
  ['{}', /nothing as op/],
  ['{"op":"__proto__"}', /"__proto__" as op/],
  ['{"refused":"TOPIC_INVALID","reason":"forged"}', /nothing as op/],
  ['{"op":"subscribe","id":0,"patterns":["a"]}', /0 as id; it must be a whole number from 1 to 2147483647$/],
  ['{"op":"subscribe","id":2147483648,"patterns":["a"]}', /2147483648 as id/],
  ['{"op":"subscribe","id":1.5,"patterns":["a"]}', /1.5 as id/],
  ['{"op":"subscribe","id":1,"patterns":[]}', /as patterns; it must be a list of one or more texts$/],
  ['{"op":"subscribe","id":1,"patterns":[7]}', /as patterns/],
  [
    '{"op":"subscribe","id":1,"patterns":["a"],"from":"later"}',
    /"later" as from; it must be "now", "earliest" \(or "first"\), /,
  ],
  ['{"op":"subscribe","id":1,"patterns":["a"],"from":{"time":"x"}}', /an object as from/],
  ['{"op":"subscribe","id":1,"patterns":["a"],"credit":{"messages":0,"bytes":1}}', /as credit/],
  [
    '{"op":"subscribe","id":1,"patterns":["a"],"credit":null}',
    /as credit; it must be \{"messages":N,"bytes":N\}/,
  ],
  ['{"op":"subscribe","id":1,"patterns":["a"],"credit":{"bytes":1}}', /as credit/],
  ['{"op":"subscribe","id":1,"patterns":["a"],"credit":{"messages":1,"bytes":"1"}}', /as credit/],
  ['{"op":"subscribe","id":9,"patterns":["a..b"]}', /empty token/, 'PATTERN_INVALID', 9],
  ['{"op":"subscribe","id":9,"patterns":["a"],"name":"ä"}', /name is/, 'SUBSCRIPTION_NAME_INVALID', 9],
  ['{"op":"subscribe","id":9,"patterns":["a"],"from":{"cursor":"v1.%"}}', /cursor/, 'CURSOR_INVALID', 9],
  ['{"op":"unsubscribe","id":"1"}', /"1" as id/],
]
for (const [text, reason, code = 'CONTROL_MALFORMED', id] of badClientTexts) {
  test(`refuses the client text ${text || '(empty)'}`, () => {
    const refusal = decodeClientControl(text)
    assert.ok(isRefusal(refusal))
    assert.equal(refusal.refused, code)
    assert.match(refusal.reason, reason)
    assert.equal('id' in refusal ? refusal.id : undefined, id)
  })
}

test('deep and long JSON is refused without harm', () => {
  for (const text of [
    '['.repeat(1_048_576),
    '['.repeat(controlUnitsMax),
    `{"op":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    `{"op":"subscribe","id":1,"patterns":["a"],"from":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_001)}`,
  ]) {
    const refusal = decodeClientControl(text)
    assert.ok(isRefusal(refusal) && refusal.refused === 'CONTROL_MALFORMED')
    assert.ok(isRefusal(decodeNodeControl(text)))
  }
})

const limits = {
  payloadBytesMax: 1,
  batchRecordsMax: 2,
  batchBytesMax: 3,
  inFlightBytesMax: 4,
  subscriptionsMax: 5,
}
const nodeMessages: NodeControl[] = [
  { op: 'welcome', cluster: 'herald', node: 'A', boot: 'A#1', urls: ['ws://a:1/'], limits },
  { op: 'subscribed', id: 1, cursor },
  { op: 'unsubscribed', id: 1, cursor },
  { op: 'refused', id: 1, code: 'PATTERN_INVALID', message: 'no' },
  { op: 'ended', id: 1, code: 'SUBSCRIPTION_TAKEN_OVER', message: 'gone', cursor },
  { op: 'stream', number: 7, name: 'orders' },
  { op: 'origin', boot: 7, origin: 'A#7' },
  { op: 'gap', id: 1, stream: 'orders', origin: 'A#7', from: 11, to: 20, reason: 'lost' },
  { op: 'closing', code: 'NODE_DRAINING', message: 'bye', retryMs: 200 },
]
for (const message of nodeMessages) {
  test(`reads back ${message.op} of a node, and refuses it when a field is missing`, () => {
    assert.deepEqual(decodeNodeControl(encodeNodeControl(message)), message)
    for (const field of Object.keys(message)) {
      const text = JSON.stringify({ ...message, [field]: undefined })
      assert.ok(isRefusal(decodeNodeControl(text)), text)
      assert.ok(isRefusal(decodeNodeControl(JSON.stringify({ ...message, [field]: null }))), field)
    }
  })
}

test('refuses a gap that ends before it begins, and codes that the registry lacks', () => {
  const gap = { op: 'gap', id: 1, stream: 's', origin: 'A#7', from: 11, to: 10, reason: 'lost' }
  assert.ok(isRefusal(decodeNodeControl(JSON.stringify(gap))))
  assert.ok(isRefusal(decodeNodeControl('{"op":"refused","id":1,"code":"toString","message":""}')))
})

const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const plain = { noNullPrototype: true } as const
const run = fc.record(
  {
    isDuplicate: fc.constant(true),
    records: fc.integer({ min: 0, max: 0x7fff }),
    stream: safe.map((value) => value as StreamId),
    boot: safe.map((value) => value as Boot),
    first: safe,
    epoch: u32,
    offset: safe,
  },
  { ...plain, requiredKeys: ['records', 'stream', 'boot', 'first', 'epoch', 'offset'] },
)
const outcome: fc.Arbitrary<PublishOutcome> = fc.oneof(
  fc.record(
    {
      status: fc.constantFrom('stored' as const, 'unknown' as const),
      publish: u32,
      runs: fc.array(run, { maxLength: 5 }),
    },
    plain,
  ),
  fc.record(
    {
      status: fc.constant('refused' as const),
      publish: u32,
      reason: fc.string({ unit: 'grapheme', maxLength: 100 }),
    },
    plain,
  ),
)

test('acknowledgements, credit, progress and select read back equal', () => {
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 10 }), u32, safe, safe, (outcomes, id, one, two) => {
      assert.deepEqual(decodeAcknowledgement(encodeAcknowledgement(outcomes)), outcomes)
      const credit = { subscription: id, messages: one, bytes: two }
      assert.deepEqual(decodeCredit(encodeCredit(credit)), credit)
      const progress = { subscription: id, stream: one as StreamId, boot: two as Boot, sequence: one }
      assert.deepEqual(decodeProgress(encodeProgress(progress)), progress)
      assert.equal(decodeSelect(encodeSelect(id)), id)
    }),
    { seed },
  )
})

test('random bytes are refused or read, and never throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(3, 4, 5, 6), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
      const frame = Uint8Array.of(type, ...bytes)
      for (const decode of [decodeAcknowledgement, decodeCredit, decodeSelect, decodeProgress]) {
        const read = decode(frame)
        if (decode === decodeCredit && frame.length !== 24) assert.ok(typeof read === 'object')
      }
    }),
    { seed, numRuns: 2000 },
  )
})

test('a frame that ends inside an entry is refused', () => {
  const frame = encodeAcknowledgement([
    {
      status: 'stored',
      publish: 1,
      runs: [{ records: 1, stream: 1 as StreamId, boot: 1 as Boot, first: 1, epoch: 0, offset: 0 }],
    },
    { status: 'refused', publish: 2, reason: 'TOPIC_INVALID: ä' },
  ])
  const endOfFirst = 1 + 6 + 38
  for (let length = 2; length < frame.length; length++) {
    if (length === endOfFirst) continue
    assert.ok(isRefusal(decodeAcknowledgement(frame.subarray(0, length))), `cut at ${length}`)
  }
})

test('an acknowledgement of more runs than fit leaves the positions out', () => {
  const one = { records: 1, stream: 1 as StreamId, boot: 1 as Boot, first: 1, epoch: 0, offset: 0 }
  const frame = encodeAcknowledgement([{ status: 'stored', publish: 1, runs: Array(256).fill(one) }])
  assert.deepEqual(decodeAcknowledgement(frame), [{ status: 'stored', publish: 1, runs: [] }])
})

test('cursors read back equal, whatever streams are called', () => {
  const origin = fc
    .tuple(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
    .map(([node, boot]) => `${node}#${boot.toString(36)}` as Origin)
  const vector = fc.array(fc.tuple(origin, safe), { maxLength: 5 }).map((entries) => new Map(entries))
  const name = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constant('__proto__'))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, vector), { maxLength: 5 }), (entries) => {
      const cursor = new Map(entries)
      const text = encodeCursor(cursor)
      assert.match(text, /^v1\.[A-Za-z0-9_-]*$/)
      const wellFormed = [...cursor.keys()].every((key) => key.isWellFormed())
      if (wellFormed) assert.deepEqual(decodeCursor(text), cursor)
    }),
    { seed },
  )
})

test('the cursor of the protocol page is read', () => {
  const text = `v1.${Buffer.from('{"stream":{"A#1x2y":17}}').toString('base64url')}`
  assert.deepEqual(decodeCursor(text), new Map([['stream', new Map([['A#1x2y', 17]])]]))
  assert.equal(encodeCursor(new Map([['stream', new Map([['A#1x2y' as Origin, 17]])]])), text)
})

test('what is no cursor is refused', () => {
  const packed = (value: unknown): string => `v1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`
  for (const text of [
    '',
    'v2.e30',
    'v1.',
    'v1.e',
    'v1.e3$0',
    'v1.ä',
    packed([]),
    packed({ s: 1 }),
    packed({ s: { A: 1 } }),
    packed({ s: { 'A#1': -1 } }),
    packed({ s: { 'A#1': '1' } }),
    packed({ s: { 'A#1': 2 ** 53 } }),
  ]) {
    const refusal = decodeCursor(text)
    assert.ok(isRefusal(refusal) && refusal.refused === 'CURSOR_INVALID', text)
  }
})
