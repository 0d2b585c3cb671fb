// The ends of journal lines: what is not as it was written is told from what is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { readSeal, sealLine } from '../../node/core/common/line-seal.ts'

const texts = ['{"t":"stop"}', '{"t":"sub","sub":"Grüße"}', '{"t":"sub","sub":"順序 🙂 \\ud800"}', '{"":0}']

test('a line with its end is JSON, with its number and the CRC-32 of its UTF-8 before it', () => {
  for (const [index, text] of texts.entries()) {
    const line = sealLine(text, index + 1)
    const { line: number, crc32: sum, ...rest } = JSON.parse(line)
    assert.deepEqual([rest, number, readSeal(line)], [JSON.parse(text), index + 1, index + 1])
    const body = line.slice(0, line.lastIndexOf(',"crc32"'))
    assert.equal(Number.parseInt(sum, 16), crc32(body))
  }
  assert.equal(readSeal(sealLine('{"t":"x"}', Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER)
})

test('whatever bit of a line turns over, it is broken, no JSON, or says what it said', () => {
  for (const text of texts) {
    const bytes = Buffer.from(sealLine(text, 1234))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const rotten = Buffer.from(bytes)
      rotten.writeUInt8(rotten.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const line = rotten.toString()
      if (readSeal(line) === 'broken') continue
      assert.equal(readSeal(line), 'none', line)
      const what = read(line)
      if (what !== undefined) assert.deepEqual({ ...what, line: 1234 }, { ...JSON.parse(text), line: 1234 })
    }
  }
})

test('a line of an earlier version has no end', () => {
  for (const text of [...texts, '', '{}', '{"crc32":"00000000"}']) assert.equal(readSeal(text), 'none')
})

test('a line that has an end and no number is broken', () => {
  const body = '{"t":"stop"'
  assert.equal(readSeal(`${body},"crc32":"${crc32(body).toString(16).padStart(8, '0')}"}`), 'broken')
})

/** Without what the end has; undefined for what is no JSON. */
function read(line: string): object | undefined {
  try {
    const fields: Record<string, unknown> = JSON.parse(line)
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => !/^[0-9a-f]{8}$/.test(`${value}`)))
  } catch {
    return undefined
  }
}
