// What a FrameWriter lays onto a socket, read back by the library's receiver.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameWriter } from '../../node/core/common/frame-writer.ts'
import { Receiver } from './ws-receiver.ts'

/** A socket that keeps what is written to it, and a writer on it whose callback ends when the test says so. */
class TestSink {
  readonly writes: Uint8Array[] = []
  readonly callbacks: ((() => void) | undefined)[] = []
  corked = 0
  writableEnded = false
  endCallback: () => void = () => assert.fail('nothing was written')
  written = 0
  readonly writer: FrameWriter

  constructor(masked: boolean) {
    this.writer = new FrameWriter({
      sink: this,
      masked,
      copyBytesMax: 4096,
      afterCallback: (flush) => {
        this.endCallback = flush
      },
      onWritten: () => this.written++,
    })
  }

  get writableLength(): number {
    return this.writes.reduce((sum, bytes) => sum + bytes.length, 0)
  }

  write(bytes: Uint8Array, onWritten?: () => void): void {
    assert(this.corked > 0, 'written while corked')
    this.writes.push(bytes)
    this.callbacks.push(onWritten)
  }

  cork(): void {
    this.corked++
  }

  uncork(): void {
    this.corked--
  }
}

for (const masked of [false, true]) {
  test(`messages of every length arrive as they were, in their order; masked: ${masked}`, () => {
    const lengths = [0, 1, 125, 126, 127, 4095, 4096, 4097, 65_535, 65_536, 200_000, 3]
    const sink = new TestSink(masked)
    const sent = lengths.map((length, index) => Buffer.alloc(length, index + 97))
    for (const [index, payload] of sent.entries()) {
      if (index % 3 === 2) sink.writer.writeText(payload)
      else sink.writer.writeBinary(payload)
    }
    sink.endCallback()
    assert.equal(sink.corked, 0)
    const heard: [Buffer, boolean][] = []
    const receiver = new Receiver({ isServer: masked })
    receiver.on('message', (data: Buffer, isBinary: boolean) => heard.push([data, isBinary]))
    receiver.write(Buffer.concat(sink.writes))
    assert.deepEqual(
      heard,
      sent.map((payload, index) => [payload, index % 3 !== 2]),
    )
  })
}

test('small messages of one callback are one write, and their bytes are free at once', () => {
  const sink = new TestSink(false)
  const payload = Buffer.from('small')
  let freed = 0
  for (let count = 0; count < 10; count++) sink.writer.writeBinary(payload, () => freed++)
  assert.equal(freed, 10)
  assert.equal(sink.writer.bufferedBytes, 70)
  payload.fill('x')
  sink.endCallback()
  assert.equal(sink.writes.length, 1)
  assert.equal(Buffer.from(sink.writes[0] ?? []).toString('latin1'), '\x82\x05small'.repeat(10))
  sink.callbacks[0]?.()
  assert.equal(sink.written, 1)
})

test('a large message is written by reference, and its bytes are free when the kernel has them', () => {
  const sink = new TestSink(false)
  const payload = Buffer.alloc(5000)
  let isFree = false
  sink.writer.writeBinary(payload, () => {
    isFree = true
  })
  sink.endCallback()
  assert.deepEqual(
    sink.writes.map((bytes) => bytes.length),
    [4, 5000],
  )
  assert.equal(sink.writes[1], payload)
  assert.equal(isFree, false)
  sink.callbacks[1]?.()
  assert.equal(isFree, true)
})

test('connections that take turns in one slab keep their frames apart', () => {
  const sinks = [new TestSink(false), new TestSink(true)]
  for (let count = 0; count < 1000; count++)
    for (const [index, { writer }] of sinks.entries()) writer.writeBinary(Buffer.alloc(40, 97 + index))
  for (const [index, sink] of sinks.entries()) {
    sink.endCallback()
    const receiver = new Receiver({ isServer: index === 1 })
    let messages = 0
    receiver.on('message', (data: Buffer) => {
      assert.equal(data.toString(), String.fromCharCode(97 + index).repeat(40))
      messages++
    })
    receiver.write(Buffer.concat(sink.writes))
    assert.equal(messages, 1000)
  }
})

test('nothing is written to a socket that was ended meanwhile', () => {
  const sink = new TestSink(false)
  sink.writer.writeBinary(Buffer.from('late'))
  sink.writableEnded = true
  let freed = 0
  for (const bytes of [10, 5000]) sink.writer.writeBinary(Buffer.alloc(bytes), () => freed++)
  sink.endCallback()
  assert.deepEqual(sink.writes, [])
  assert.equal(freed, 2)
  assert.equal(sink.corked, 0)
})
