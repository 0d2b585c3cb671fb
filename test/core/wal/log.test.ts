// The log of a node: what is durable is read back, and what was lost is told from what never was.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { numberOf, segmentName } from '../../../node/core/wal/scan.ts'
import { headerBytes, sealWrite } from '../../../node/core/wal/write-format.ts'
import { bytesOfWrites, MemoryDisk } from './memory-disk.ts'

const first = segmentName(1)
const twoAFile = { segmentBytes: bytesOfWrites(2) }

test('what was written is read back, in order, over several files and starts', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c', 'd', 'e'], twoAFile)
  assert.deepEqual([...disk.files.keys()].map(numberOf), [1, 3, 5])
  disk.append(['f'])
  const { texts, damages, tail } = disk.open()
  assert.deepEqual([texts, damages, tail], [['a', 'b', 'c', 'd', 'e', 'f'], [], undefined])
  assert.deepEqual([...disk.files.keys()].map(numberOf), [1, 3, 5])
})

test('what comes in one turn, or while a write is under way, is written together', () => {
  const disk = new MemoryDisk()
  const writer = disk.writer()
  const done: string[] = []
  const write = (text: string): void => writer.write([Buffer.from(text)], () => done.push(text))
  write('a')
  write('b')
  disk.endTurn()
  for (const text of ['c', 'd', 'e']) write(text)
  disk.endTurn()
  assert.deepEqual([done, disk.writes], [[], 1])
  disk.finish()
  assert.deepEqual([done, disk.writes], [['a', 'b'], 2])
  disk.finish()
  assert.deepEqual([done, disk.writes], [['a', 'b', 'c', 'd', 'e'], 2])
  assert.deepEqual(disk.open().texts, ['ab', 'cde'])
})

test('what is asked for when something has become durable goes into the next write', () => {
  const disk = new MemoryDisk()
  const writer = disk.writer()
  const done: string[] = []
  writer.write([Buffer.from('a')], () => writer.write([Buffer.from('b')], () => done.push('b')))
  disk.settle()
  assert.deepEqual([done, disk.open().texts], [['b'], ['a', 'b']])
})

test('a log whose last write was cut anywhere keeps everything before it, and goes on', () => {
  const disk = new MemoryDisk().append(['first', 'second', 'third'])
  const whole = disk.bytesOf(first)
  const start = whole.length - headerBytes - 'third'.length
  for (let bytes = start; bytes < whole.length; bytes++) {
    disk.files.set(first, whole.subarray(0, bytes))
    const { texts, damages, start: again } = disk.open()
    assert.deepEqual([texts, damages, again.bytes], [['first', 'second'], [], start], `cut at ${bytes}`)
    assert.deepEqual(disk.append(['next']).open().texts, ['first', 'second', 'next'])
  }
})

test('a tail of zeros is cut off', () => {
  const disk = new MemoryDisk().append(['a'])
  disk.files.set(first, Buffer.concat([disk.bytesOf(first), Buffer.alloc(4096)]))
  const { texts, tail, damages } = disk.open()
  assert.deepEqual([texts, tail?.bytes, damages], [['a'], 4096, []])
})

test('every bit that rots is found; before the last write as damage, which names the writes that are lost', () => {
  const texts = ['one', 'two', 'three']
  const bytes = new MemoryDisk().append(texts).bytesOf(first)
  const ends = [0, 1, 2].map((at) => texts.slice(0, at + 1).join('').length + headerBytes * (at + 1))
  for (let offset = 0; offset < bytes.length; offset++) {
    const disk = new MemoryDisk()
    disk.files.set(first, bytes)
    disk.flip(first, offset, offset % 8)
    const opened = disk.open()
    const hit = ends.findIndex((end) => offset < end)
    assert.deepEqual(
      opened.texts,
      texts.filter((_, at) => at !== hit),
      `bit at ${offset}`,
    )
    const damage = opened.damages.map(({ from, to }) => [from, to])
    assert.deepEqual(damage, hit === 2 ? [] : [[hit + 1, hit + 1]], `bit at ${offset}`)
  }
})

test('an end that is missing before another file is damage, not a torn tail', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c', 'd'], twoAFile)
  for (const bytes of [bytesOfWrites(1), bytesOfWrites(1) + 5]) {
    disk.files.set(first, disk.bytesOf(first).subarray(0, bytes))
    const { texts, damages, tail } = disk.open()
    assert.deepEqual([texts, tail], [['a', 'c', 'd'], undefined])
    assert.deepEqual(damages, [{ file: first, offset: bytesOfWrites(1), from: 2, to: 2 }])
  }
})

test('a torn beginning of a new file is a torn tail', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c'], twoAFile)
  disk.files.set(segmentName(3), disk.bytesOf(segmentName(3)).subarray(0, 7))
  const { texts, damages, tail } = disk.open()
  assert.deepEqual([texts, damages, tail?.bytes], [['a', 'b'], [], 7])
  assert.deepEqual(disk.append(['d']).open().texts, ['a', 'b', 'd'])
})

test('an end that is missing is damage as far as it is noted, and a torn tail beyond', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c', 'd'], twoAFile)
  const second = disk.bytesOf(segmentName(3))
  const judge = (noted: number): unknown => {
    disk.noted = noted
    const { texts, damages, tail } = disk.open()
    return [
      texts.join(''),
      damages.map(({ file, offset, from, to }) => [numberOf(file), offset, from, to]),
      tail,
    ]
  }
  assert.deepEqual(judge(4), ['abcd', [], undefined])
  disk.files.set(segmentName(3), second.subarray(0, -1))
  assert.deepEqual(judge(4), ['abc', [[3, bytesOfWrites(1), 4, 4]], undefined])
  assert.deepEqual(judge(3), [
    'abc',
    [],
    { file: segmentName(3), offset: bytesOfWrites(1), bytes: headerBytes },
  ])
  disk.files.delete(segmentName(3))
  assert.deepEqual(judge(3), ['ab', [[1, bytesOfWrites(2), 3, 3]], undefined])
  assert.deepEqual(judge(2), ['ab', [], undefined])
  disk.files.delete(first)
  assert.deepEqual(judge(2), ['', [[1, 0, 1, 2]], undefined])
})

test('files that were dropped at the beginning are missed by nobody', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c', 'd'], twoAFile)
  disk.files.delete(first)
  const { texts, damages, start } = disk.open()
  assert.deepEqual([texts, damages, start.next.number], [['c', 'd'], [], 5])
})

test('a file that holds other writes than its name says is damage', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c', 'd'], twoAFile)
  const second = disk.bytesOf(segmentName(3))
  disk.files.clear()
  disk.files.set(segmentName(2), second)
  const { texts, damages } = disk.open()
  assert.deepEqual(texts, ['c', 'd'])
  assert.deepEqual(
    damages.map(({ from, to }) => [from, to]),
    [[2, 2]],
  )
})

test('a write of another place or another log does not pass for the next one', () => {
  const disk = new MemoryDisk().append(['a', 'b', 'c'])
  const [other, copy] = [2, 1].map((log) => new MemoryDisk(log).append(['x', 'y', 'z']).bytesOf(first))
  assert.ok(other !== undefined && copy !== undefined)
  const [start, end] = [bytesOfWrites(1), bytesOfWrites(2)]
  const strangers = [
    other.subarray(start, end),
    copy.subarray(start, end),
    disk.bytesOf(first).subarray(0, start),
  ]
  for (const strange of strangers) {
    const bytes = Buffer.from(disk.bytesOf(first))
    bytes.set(strange, start)
    disk.files.set(first, bytes)
    const { texts, damages } = disk.open()
    assert.deepEqual(texts, ['a', 'c'])
    assert.deepEqual(
      damages.map(({ from, to }) => [from, to]),
      [[2, 2]],
    )
  }
})

test('a torn write that carries whole writes of logs is a torn tail', () => {
  const writes = fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 8 })
  const cut = fc.integer({ min: 1, max: 60 })
  fc.assert(
    fc.property(writes, writes, cut, fc.nat(9), fc.boolean(), (own, others, cutBytes, more, isOwn) => {
      const disk = new MemoryDisk().append(own)
      // Somebody has published what lay in the folder of this node, or of another one whose log is longer.
      const other = new MemoryDisk(2).append([...own, ...others, ...others])
      const chunk = (isOwn ? disk : other).bytesOf(first)
      const before = disk.bytesOf(first)
      const writer = disk.writer()
      writer.write([Buffer.alloc(more), chunk, Buffer.alloc(60)], () => assert.fail('it is acknowledged'))
      disk.endTurn()
      const whole = disk.bytesOf(first)
      disk.files.set(first, whole.subarray(0, whole.length - cutBytes))
      const { texts, damages, tail } = disk.open()
      assert.deepEqual([texts, damages, tail?.offset], [own, [], before.length])
      assert.deepEqual(disk.bytesOf(first), before)
    }),
  )
})

test('a whole write of another log is not what comes next, whatever it names', () => {
  const disk = new MemoryDisk().append(['a'])
  const { log, ...position } = disk.open().start.next
  const sealed = sealWrite([Buffer.from('x')], { ...position, log: log + 1 }, disk.ports.checksum)
  const before = disk.bytesOf(first)
  disk.files.set(first, Buffer.concat([before, sealed.header, Buffer.from('x')]))
  const { texts, tail } = disk.open()
  assert.deepEqual([texts, tail?.offset], [['a'], before.length])
})

test('after a write that failed nothing is acknowledged, and nothing more is tried', () => {
  const disk = new MemoryDisk()
  const failures: unknown[] = []
  const writer = disk.writer({ onFailed: (cause) => failures.push(cause), waitingBytesMax: 1 })
  let acknowledged = 0
  const write = (text: string): void => writer.write([Buffer.from(text)], () => acknowledged++)
  write('a')
  disk.endTurn()
  write('b')
  disk.finish('EIO')
  write('c')
  disk.settle()
  assert.deepEqual([acknowledged, failures, writer.hasFailed, disk.writes], [0, ['EIO'], true, 1])
  // What nobody will write is not kept.
  assert.equal(writer.isFull, false)
})

test('who writes more than the disk takes is told so', () => {
  const disk = new MemoryDisk()
  const writer = disk.writer({ waitingBytesMax: 10 })
  for (const text of ['12345', '67890']) writer.write([Buffer.from(text)], () => undefined)
  assert.equal(writer.isFull, true)
  disk.endTurn()
  assert.equal(writer.isFull, false)
})

test('whatever a power failure leaves of what was not durable, what was acknowledged is there', () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(texts, fc.nat(200), fc.nat(12), (all, moreBytes, finished) => {
      const disk = new MemoryDisk()
      const writer = disk.writer({ segmentBytes: 100 })
      const acknowledged: string[] = []
      for (const [at, text] of all.entries()) {
        writer.write([Buffer.from(text)], () => acknowledged.push(text))
        disk.endTurn()
        if (at < finished) disk.finish()
      }
      disk.crash(moreBytes)
      const { texts: found, damages } = disk.open()
      assert.deepEqual(damages, [])
      assert.deepEqual(found.slice(0, acknowledged.length), acknowledged)
      assert.equal(all.join('').startsWith(found.join('')), true)
    }),
  )
})
