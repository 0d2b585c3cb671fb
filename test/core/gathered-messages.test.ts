// Memory of messages that come in several reads: who is asked for it, and when it is given back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameLane } from '../../node/core/common/frame-lane.ts'

/** A binary message of 126 to 65,535 bytes, by RFC 6455 §5.2. */
function toMessage(text: string): Buffer {
  const header = Buffer.from([0x82, 126, 0, 0])
  header.writeUInt16BE(text.length, 2)
  return Buffer.concat([header, Buffer.from(text)])
}

/** A lane whose owner has memory for so many messages at a time. */
class Scene {
  readonly frames: string[] = []
  /** What the library was given. */
  readonly others: Buffer[] = []
  free: number
  /** Whether the library ends the connection over what it is given. */
  endsAtOthers = false
  readonly lane: FrameLane

  constructor(free: number) {
    this.free = free
    this.lane = new FrameLane({
      masked: false,
      payloadBytesMax: 70_000,
      onFrame: (payload) => this.frames.push(Buffer.from(payload).toString()),
      allocate: (bytes) => (this.free-- > 0 ? new Uint8Array(bytes).fill(0xee) : undefined),
      recycle: () => this.free++,
      onOther: (bytes) => {
        this.others.push(Buffer.from(bytes))
        if (this.endsAtOthers) this.lane.stop()
      },
      afterRefusals: (callback) => callback(),
    })
  }
}

const text = 'gathered '.repeat(100)
const whole = toMessage(text)

test('memory is given back once the message was told', () => {
  const scene = new Scene(1)
  for (let round = 0; round < 3; round++) {
    scene.lane.push(whole.subarray(0, 500))
    assert.equal(scene.free, 0)
    scene.lane.push(whole.subarray(500))
    assert.equal(scene.free, 1)
  }
  assert.deepEqual(scene.frames, [text, text, text])
  assert.deepEqual(scene.others, [])
})

test('memory is given back where the rest of a message does not come, once', () => {
  const scene = new Scene(1)
  scene.lane.push(whole.subarray(0, 500))
  scene.lane.stop()
  scene.lane.stop()
  assert.equal(scene.free, 1)
  scene.lane.push(whole.subarray(500))
  assert.deepEqual([scene.frames, scene.others], [[], []])
})

test("a message for which there is no memory is the library's, and what follows is taken again", () => {
  const scene = new Scene(0)
  scene.lane.push(whole.subarray(0, 500))
  scene.lane.push(Buffer.concat([whole.subarray(500), whole]))
  assert.deepEqual(scene.frames, [text])
  assert.deepEqual(Buffer.concat(scene.others), whole)
})

test('nothing is told, whole or in part, behind what made the library end it', () => {
  for (const end of [500, whole.length]) {
    const scene = new Scene(1)
    // A message whose header comes in two reads is the library's.
    scene.lane.push(whole.subarray(0, 3))
    scene.endsAtOthers = true
    scene.lane.push(Buffer.concat([whole.subarray(3), whole.subarray(0, end)]))
    assert.deepEqual(scene.frames, [])
    assert.equal(scene.free, 1)
  }
})
