// A frame larger than a link takes comes whole, or not at all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../node/core/common/ids.ts'
import { protocolLimits } from '../../node/core/common/limits.ts'
import { cutFrame, FrameParts } from '../../node/groups/frame-parts.ts'

const seed = 20261129
const [a, b] = ['A', 'B'] as [NodeId, NodeId]
const allocate = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab)

function frameOf(bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes)
  for (let at = 4; at < bytes; at += 997) frame[at] = at % 251
  frame[0] = 9
  return frame
}

test('leaves a frame as it is that a link takes', () => {
  const frame = frameOf(protocolLimits.frameBytesMax)
  assert.deepEqual(cutFrame(frame, allocate), [frame])
  assert.equal(new FrameParts(allocate).take(a, frame), frame)
})

test('puts a frame together from parts that a link takes, from several nodes at once, also where their bytes are used again', () => {
  fc.assert(
    fc.property(fc.integer({ min: protocolLimits.frameBytesMax + 1, max: 5_000_000 }), (bytes) => {
      const parts = new FrameParts(allocate)
      const frame = frameOf(bytes)
      const cut = cutFrame(frame, allocate)
      let whole: unknown
      for (const part of cut) {
        assert.ok(part.length <= protocolLimits.frameBytesMax)
        for (const node of [a, b]) {
          const brought = part.slice()
          const taken = parts.take(node, brought)
          brought.fill(0)
          if (part !== cut.at(-1)) assert.equal(taken, 'waits')
          else whole = taken
        }
      }
      assert.ok(whole instanceof Uint8Array && Buffer.compare(whole, frame) === 0)
    }),
    { seed, numRuns: 10 },
  )
})

test('drops a frame of which a part is lost, and takes the next one', () => {
  const parts = new FrameParts(allocate)
  const cut = cutFrame(frameOf(3_000_000), allocate)
  const last = cut.length - 1
  const take = (numbers: readonly number[]): unknown[] =>
    numbers.map((at) => parts.take(a, cut[at] as Uint8Array))
  for (const lost of cut.keys())
    assert.ok(take([...cut.keys()].filter((at) => at !== lost)).every((taken) => taken === 'waits'))
  assert.ok(
    take([0, 1, 1, 2, 3, 4, last]).every((taken) => taken === 'waits'),
    'a part that comes twice',
  )
  const small = frameOf(100)
  assert.equal(parts.take(a, cut[0] as Uint8Array), 'waits')
  assert.equal(parts.take(a, small), small, 'a whole frame between parts')
  const passed = take([...cut.keys()].slice(1)).at(-1)
  assert.ok(passed instanceof Uint8Array && passed.length === 3_000_000)
  parts.take(a, cut[0] as Uint8Array)
  parts.forget(a)
  assert.ok(
    take([1, 2, 3, 4, last]).every((taken) => taken === 'waits'),
    'a link is gone, and a part with it',
  )
  const whole = take([...cut.keys()]).at(-1)
  assert.ok(whole instanceof Uint8Array && Buffer.compare(whole, frameOf(3_000_000)) === 0)
})

test('refuses a frame that is larger than any state, and takes the next one', () => {
  const parts = new FrameParts(allocate)
  const part = frameOf(524_292)
  part[1] = 1
  let taken: unknown = 'waits'
  let number = 0
  while (taken === 'waits' && number < 1000) {
    part[2] = ++number & 0xff
    part[3] = number >> 8
    taken = parts.take(a, part)
  }
  assert.equal(taken, undefined)
  assert.equal(number, 512)
  const small = frameOf(100)
  assert.equal(parts.take(a, small), small)
})

test('says nothing of frames without a head', () => {
  const parts = new FrameParts(allocate)
  for (let bytes = 0; bytes < 4; bytes++) {
    const short = new Uint8Array(bytes).fill(9)
    assert.equal(parts.take(a, short), short)
  }
})
