// The short way for whole binary messages, next to the library's receiver, which is the judge of what a frame is.

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Writable } from 'node:stream'
import { test } from 'node:test'
import { FrameLane, layLane } from '../../node/core/common/frame-lane.ts'
import { type Random, randomBelow, seededRandom } from '../../node/core/common/random.ts'
import { Receiver } from './ws-receiver.ts'

const payloadBytesMax = 70_000
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

interface FrameOptions {
  readonly isFinal?: boolean
  readonly mask?: Buffer | undefined
  readonly reservedBits?: number
}

/** What nobody has written shows. */
function allocate(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(0xee)
}

/** A frame by RFC 6455 §5.2. */
function toFrame(opcode: number, payload: Buffer, options: FrameOptions = {}): Buffer {
  const { isFinal = true, mask, reservedBits = 0 } = options
  const { length } = payload
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  header[0] = (isFinal ? 0x80 : 0) | reservedBits | opcode
  header[1] = (mask === undefined ? 0 : 0x80) | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (header.length === 4) header.writeUInt16BE(length, 2)
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2)
  if (mask === undefined) return Buffer.concat([header, payload])
  return Buffer.concat([header, mask, payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))])
}

/** Writes what a receiver emits into a list. */
function listen(masked: boolean): { readonly receiver: Writable; readonly heard: string[] } {
  const heard: string[] = []
  const receiver = new Receiver({ isServer: masked, maxPayload: payloadBytesMax })
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    heard.push(`${isBinary ? 'binary' : 'text'} ${data.toString('base64')}`),
  )
  receiver.on('ping', (data: Buffer) => heard.push(`ping ${data.toString('base64')}`))
  receiver.on('pong', (data: Buffer) => heard.push(`pong ${data.toString('base64')}`))
  return { receiver, heard }
}

/** A lane in front of a receiver, both telling the same list. */
function listenWithLane(masked: boolean): {
  readonly lane: FrameLane
  readonly heard: string[]
  readonly taken: () => number
} {
  const { receiver, heard } = listen(masked)
  let taken = 0
  const lane = new FrameLane({
    masked,
    payloadBytesMax,
    allocate,
    onFrame: (payload) => {
      taken++
      heard.push(`binary ${Buffer.from(payload).toString('base64')}`)
    },
    onOther: (bytes) => receiver.write(Buffer.from(bytes)),
    afterRefusals: (callback) => callback(),
  })
  return { lane, heard, taken: () => taken }
}

/** A lane that records what it tells. */
function record(masked = false): {
  readonly lane: FrameLane
  readonly frames: string[]
  readonly other: () => string
  /** The library has told of every refusal. */
  readonly endTurn: () => void
} {
  const frames: string[] = []
  const callbacks: (() => void)[] = []
  const others: Uint8Array[] = []
  const lane = new FrameLane({
    masked,
    payloadBytesMax,
    allocate,
    onFrame: (payload) => frames.push(Buffer.from(payload).toString()),
    onOther: (bytes) => others.push(bytes.slice()),
    afterRefusals: (callback) => callbacks.push(callback),
  })
  const endTurn = (): void => {
    for (const callback of callbacks.splice(0)) callback()
  }
  return { lane, frames, other: () => Buffer.concat(others).toString('hex'), endTurn }
}

/** Frames that a correct other end may send, in any order that it may send them in. */
function randomConversation(random: Random, masked: boolean): Buffer {
  const mask = (): Buffer | undefined => {
    if (!masked) return undefined
    return random() < 0.5 ? Buffer.alloc(4) : Buffer.from([1, 2, 3, 4].map(() => randomBelow(random, 256)))
  }
  const payload = (bytesMax: number): Buffer =>
    Buffer.alloc(randomBelow(random, bytesMax), randomBelow(random, 26) + 97)
  const control = (): Buffer =>
    toFrame(random() < 0.5 ? opcodes.ping : opcodes.pong, payload(126), { mask: mask() })
  const frames: Buffer[] = []
  for (let count = 1 + randomBelow(random, 12); count > 0; count--) {
    const kind = random()
    const opcode = random() < 0.2 ? opcodes.text : opcodes.binary
    if (kind < 0.1) {
      frames.push(control())
    } else if (kind < 0.2) {
      frames.push(toFrame(opcode, payload(300), { isFinal: false, mask: mask() }))
      if (random() < 0.5) frames.push(control())
      frames.push(toFrame(opcodes.continuation, payload(300), { isFinal: false, mask: mask() }))
      frames.push(toFrame(opcodes.continuation, payload(300), { mask: mask() }))
    } else {
      const bytesMax = [2, 126, 130, 1000, payloadBytesMax][randomBelow(random, 5)] ?? 1
      frames.push(toFrame(opcode, payload(bytesMax), { mask: mask() }))
    }
  }
  return Buffer.concat(frames)
}

/** The same bytes in pieces, small ones and large ones. */
function* cut(random: Random, bytes: Buffer): Generator<Buffer> {
  const pieceMax = [3, 40, 5000, 65_536][randomBelow(random, 4)] ?? 1
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + randomBelow(random, pieceMax)
    // A copy, as every read of a socket is: masks are taken off in place.
    yield Buffer.from(bytes.subarray(at, end))
    at = end
  }
}

for (const masked of [false, true]) {
  test(`tells what the library alone tells, in its order, however the frames are cut; masked: ${masked}`, () => {
    let taken = 0
    for (let index = 0; index < 100; index++) {
      const seed = `frame lane ${masked} ${index}`
      const random = seededRandom(seed)
      const bytes = randomConversation(random, masked)
      const alone = listen(masked)
      alone.receiver.write(Buffer.from(bytes))
      const both = listenWithLane(masked)
      for (const piece of cut(random, bytes)) both.lane.push(piece)
      assert.deepEqual(both.heard, alone.heard, `seed "${seed}"`)
      taken += both.taken()
    }
    assert(taken > 20, `the short way was taken ${taken} times`)
  })
}

test('hands every byte over at once that is not of a message it takes, also half a header', () => {
  const bytes = toFrame(opcodes.binary, Buffer.alloc(66_000), { mask: Buffer.from([1, 2, 3, 4]) })
  const { lane, other } = record(true)
  for (let end = 1; end <= 20; end++) {
    lane.push(bytes.subarray(end - 1, end))
    assert.equal(other(), bytes.subarray(0, end).toString('hex'))
  }
})

const good = toFrame(opcodes.binary, Buffer.from('good'))
const refused: Record<string, Buffer> = {
  'a reserved bit': toFrame(opcodes.binary, Buffer.from('bad'), { reservedBits: 0x40 }),
  'an opcode that nobody knows': toFrame(3, Buffer.from('bad')),
  'a mask where there should be none': toFrame(opcodes.binary, Buffer.from('bad'), { mask: Buffer.alloc(4) }),
  'too long a message': toFrame(opcodes.binary, Buffer.alloc(payloadBytesMax + 1)),
  'a message inside another': Buffer.concat([
    toFrame(opcodes.binary, Buffer.from('begun'), { isFinal: false }),
    toFrame(opcodes.binary, Buffer.from('bad')),
  ]),
  'text that is no UTF-8': toFrame(opcodes.text, Buffer.from([0xff])),
  'a long ping': toFrame(opcodes.ping, Buffer.alloc(126)),
  'a ping in fragments': toFrame(opcodes.ping, Buffer.from('bad'), { isFinal: false }),
  'the end of a message that never began': toFrame(opcodes.continuation, Buffer.from('bad')),
}

for (const [what, bad] of Object.entries(refused)) {
  test(`leaves ${what} to the library, and takes nothing behind it before that could speak`, async () => {
    const { receiver } = listen(false)
    const refusal = new Promise((resolve) => receiver.on('error', resolve))
    const { lane, frames, other } = record()
    lane.push(Buffer.concat([good, bad, good]))
    lane.push(good)
    assert.deepEqual(frames, ['good'])
    assert.equal(other(), Buffer.concat([bad, good, good]).toString('hex'))
    receiver.write(Buffer.from(other(), 'hex'))
    assert((await refusal) instanceof Error)
  })
}

test('takes messages again when the library has had nothing to say about a ping', () => {
  const { lane, frames, other, endTurn } = record()
  const ping = toFrame(opcodes.ping, Buffer.from('hello'))
  lane.push(Buffer.concat([good, ping]))
  endTurn()
  lane.push(good)
  assert.deepEqual(frames, ['good', 'good'])
  assert.equal(other(), ping.toString('hex'))
})

test('takes what follows a message of the library in two reads, but not one in many, which it may refuse', () => {
  for (const [reads, expected] of [
    [2, ['good']],
    [5, []],
  ] as const) {
    const { lane, frames } = record(true)
    const theirs = toFrame(opcodes.binary, Buffer.alloc(96), { mask: Buffer.from([1, 2, 3, 4]) })
    const bytes = Buffer.concat([
      theirs,
      toFrame(opcodes.binary, Buffer.from('good'), { mask: Buffer.alloc(4) }),
    ])
    for (let read = 0; read < reads - 1; read++) lane.push(bytes.subarray(read * 10, (read + 1) * 10))
    lane.push(bytes.subarray((reads - 1) * 10))
    assert.deepEqual(frames, expected)
  }
})

test('gathers a message that comes in many reads into one piece, and takes what follows it', () => {
  for (const masked of [false, true]) {
    const { lane, frames, other } = record(masked)
    const mask = masked ? Buffer.alloc(4) : undefined
    const text = 'gathered '.repeat(100)
    const bytes = Buffer.concat([
      toFrame(opcodes.binary, Buffer.from(text), { mask }),
      toFrame(opcodes.binary, Buffer.from('good'), { mask }),
    ])
    lane.push(bytes.subarray(0, 12))
    for (let at = 12; at < bytes.length; at += 7) lane.push(bytes.subarray(at, at + 7))
    assert.deepEqual(frames, [text, 'good'])
    assert.equal(other(), '')
  }
})

test('leaves messages with a real mask to the library, and takes those behind them', () => {
  const { lane, frames, other } = record(true)
  const zero = toFrame(opcodes.binary, Buffer.from('zero'), { mask: Buffer.alloc(4) })
  const masked = toFrame(opcodes.binary, Buffer.from('masked'), { mask: Buffer.from([0, 0, 0, 1]) })
  lane.push(Buffer.concat([zero, masked, zero]))
  assert.deepEqual(frames, ['zero', 'zero'])
  assert.equal(other(), masked.toString('hex'))
})

test('gives nobody what follows a close frame, in the same read or later', () => {
  const close = toFrame(opcodes.close, Buffer.from([0x03, 0xe8]))
  for (const firstBytes of [1, 3, close.length, close.length + 3]) {
    const { lane, frames, other } = record()
    const bytes = Buffer.concat([close, good, good])
    lane.push(bytes.subarray(0, firstBytes))
    lane.push(bytes.subarray(firstBytes))
    assert.deepEqual(frames, [])
    assert.equal(other(), close.toString('hex'))
  }
})

test('takes nothing once it was stopped, in the middle of a read as well', () => {
  const frames: string[] = []
  const lane: FrameLane = new FrameLane({
    masked: false,
    payloadBytesMax,
    allocate,
    onFrame: (payload) => {
      frames.push(Buffer.from(payload).toString())
      lane.stop()
    },
    onOther: () => assert.fail('the library is given nothing'),
    afterRefusals: () => assert.fail('there is nothing to refuse'),
  })
  lane.push(Buffer.concat([good, good]))
  lane.push(good)
  assert.deepEqual(frames, ['good'])
})

test('a lane is laid in front of the one reader of a socket, and nowhere else', () => {
  const options = {
    masked: false,
    payloadBytesMax,
    allocate,
    onFrame: (payload: Uint8Array) => void heard.push(`frame of ${payload.length}`),
    beforeOther: () => void heard.push('library next'),
    afterRefusals: () => undefined,
  }
  const heard: string[] = []
  const socket = new EventEmitter()
  assert.throws(() => layLane(socket, options), /reads sockets otherwise/)
  socket.on('data', (bytes: Uint8Array) => void heard.push(`library ${bytes.length}`))
  layLane(socket, options)
  socket.emit(
    'data',
    Buffer.concat([toFrame(opcodes.binary, Buffer.alloc(5)), toFrame(opcodes.text, Buffer.alloc(3))]),
  )
  assert.deepEqual(heard, ['frame of 5', 'library next', 'library 5'])
  socket.on('data', () => undefined)
  assert.throws(() => layLane(socket, options), /reads sockets otherwise/)
})
