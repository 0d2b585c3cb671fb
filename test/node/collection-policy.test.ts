// When a node lets V8 collect: seldom under load, and once it has become quiet.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { CollectionPolicy } from '../../node/collection-policy.ts'

const mebibyte = 2 ** 20

/** A node whose memory is what the test says; notes collections and every change of the growth. */
class Quietable {
  heapBytes = 0
  externalBytes = 0
  collections = 0
  scavenges = 0
  readonly growth: number[] = []
  readonly memory = new CollectionPolicy({
    heapBytes: () => this.heapBytes,
    heldBytes: () => this.externalBytes,
    setGrowth: (percent) => this.growth.push(percent),
    scavenge: () => {
      this.scavenges++
    },
    collect: () => {
      this.collections++
    },
  })
}

test('lets the heap grow by 32 MiB under load, and leaves growth to V8 at rest and in a large heap', () => {
  const node = new Quietable()
  let insertedBytes = 0
  const second = (heapMebibytes: number, newBytes: number): void => {
    node.heapBytes = heapMebibytes * mebibyte
    insertedBytes += newBytes
    node.memory.onSecond(insertedBytes, 0)
  }
  second(16, 60_000)
  assert.deepEqual(node.growth, [])
  second(8, 100_000)
  second(16, 100_000)
  second(17, 100_000)
  second(64, 10 * mebibyte)
  second(65, 10 * mebibyte)
  second(32, 10 * mebibyte)
  second(32, 0)
  assert.deepEqual(node.growth, [300, 200, 150, 50, 0, 100, 0])
})

test('scavenges after every sixteen MiB that come within a second, and leaves slower ones to V8', () => {
  const node = new Quietable()
  for (let taken = 0; taken < 64; taken++) node.memory.onKept(mebibyte)
  assert.equal(node.scavenges, 4)
  for (let second = 1; second < 100; second++) {
    node.memory.onKept(15 * mebibyte)
    node.memory.onSecond(second * 15 * mebibyte, 0)
  }
  assert.equal(node.scavenges, 4)
})

test('V8 knows the flags that a node sets', () => {
  const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  assert.match(stdout, /^ +--heap-growing-percent /m)
  if (process.version.startsWith('v24.'))
    assert.match(stdout, /^ +--external-memory-accounted-in-global-limit /m)
})

test('collects nothing while messages come, however slowly retention fills', () => {
  const node = new Quietable()
  for (let second = 1; second < 300; second++) {
    node.externalBytes = (20 + second) * mebibyte
    node.memory.onSecond(second * 500_000, second * 500_000)
  }
  assert.equal(node.collections, 0)
})

test('a stream that is removed is neither load nor rest', () => {
  const node = new Quietable()
  node.heapBytes = 16 * mebibyte
  node.externalBytes = 200 * mebibyte
  node.memory.onSecond(50 * mebibyte, 0)
  node.memory.onSecond(10 * mebibyte, 0)
  assert.deepEqual(node.growth, [200])
  assert.equal(node.collections, 0)
})

test('collects once when the flood is over and more is held than retained', () => {
  const node = new Quietable()
  node.externalBytes = 200 * mebibyte
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 0, 'the flood still goes on')
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 1)
  node.externalBytes = 40 * mebibyte
  node.memory.onSecond(500 * mebibyte, 32 * mebibyte)
  assert.equal(node.collections, 1)
})

test('does not try again where a collection gave nothing back', () => {
  const node = new Quietable()
  node.externalBytes = 200 * mebibyte
  for (let second = 0; second < 10; second++) node.memory.onSecond(0, 32 * mebibyte)
  assert.equal(node.collections, 1)
})

test('leaves alone what is about as much as is retained', () => {
  const node = new Quietable()
  node.externalBytes = 63 * mebibyte
  for (let second = 0; second < 3; second++) node.memory.onSecond(0, 32 * mebibyte)
  assert.equal(node.collections, 0)
})

test('collects once when it comes to rest, after its start as after every load', () => {
  const node = new Quietable()
  let insertedBytes = 0
  const pass = (seconds: number, newBytes: number): void => {
    for (let second = 0; second < seconds; second++) {
      insertedBytes += newBytes
      node.memory.onSecond(insertedBytes, 0)
    }
  }
  pass(4, 0)
  assert.equal(node.collections, 0)
  pass(60, 0)
  assert.equal(node.collections, 1)
  pass(10, 100_000)
  assert.equal(node.collections, 1)
  pass(60, 0)
  assert.equal(node.collections, 2)
  for (let time = 0; time < 10; time++) {
    pass(1, 100_000)
    pass(4, 0)
  }
  assert.equal(node.collections, 2, 'short pauses are no rest')
})

test("frees what nobody holds with V8's own collector", async () => {
  const memory = new CollectionPolicy()
  let waste: Uint8Array[] = []
  for (let index = 0; index < 64; index++) waste.push(new Uint8Array(mebibyte))
  const held = process.memoryUsage().arrayBuffers
  waste = []
  memory.onSecond(0, 0)
  for (let turn = 0; turn < 200 && process.memoryUsage().arrayBuffers > held / 2; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  assert(process.memoryUsage().arrayBuffers < held / 2, `${held} bytes before and after: ${waste.length}`)
})
