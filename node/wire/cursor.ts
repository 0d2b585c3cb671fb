// Cursors: where a subscription stands, as text that a client passes around unread. `v1.` and base64url of
// `{"stream":{"A#1x2y":17}}`: per stream and origin, the last sequence that was delivered.

import type { Refusal } from '../core/common/errors.ts'
import { fromOrigin, type Origin } from '../core/common/ids.ts'
import { tryReadText, writeText } from './text.ts'

/** Last delivered sequence by stream name and origin. */
export type Cursor = ReadonlyMap<string, ReadonlyMap<Origin, number>>

const prefix = 'v1.'
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Value of each base64url character by its code; 255 where a character is not one. */
const values = new Uint8Array(128).fill(255)
for (let index = 0; index < 64; index++) values[alphabet.charCodeAt(index)] = index

export function encodeCursor(cursor: Cursor): string {
  const streams: [string, Record<string, number>][] = []
  for (const [stream, vector] of cursor) streams.push([stream, Object.fromEntries(vector)])
  return prefix + toBase64url(JSON.stringify(Object.fromEntries(streams)))
}

export function decodeCursor(text: string): Cursor | Refusal {
  if (!text.startsWith(prefix)) return invalid(text, 'does not start with v1.')
  const json = fromBase64url(text.slice(prefix.length))
  const value = json === undefined ? undefined : tryParse(json)
  if (!isRecord(value)) return invalid(text, 'is not the base64url of a JSON object')
  const cursor = new Map<string, Map<Origin, number>>()
  for (const [stream, entries] of Object.entries(value)) {
    if (!isRecord(entries)) return invalid(text, `has no origins for stream ${JSON.stringify(stream)}`)
    const vector = new Map<Origin, number>()
    for (const [origin, sequence] of Object.entries(entries)) {
      if (fromOrigin(origin) === undefined) return invalid(text, `names ${JSON.stringify(origin)}`)
      if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 0) {
        return invalid(text, `has no valid sequence for ${origin}`)
      }
      vector.set(origin as Origin, sequence)
    }
    cursor.set(stream, vector)
  }
  return cursor
}

/** What is behind either of two subscribers: of each origin the higher sequence. */
export function mergeCursors(one: Cursor, other: Cursor): Cursor {
  const merged = new Map<string, Map<Origin, number>>()
  for (const [stream, vector] of [...one, ...other]) {
    const known = merged.get(stream) ?? new Map<Origin, number>()
    for (const [origin, sequence] of vector) known.set(origin, Math.max(sequence, known.get(origin) ?? 0))
    merged.set(stream, known)
  }
  return merged
}

function invalid(text: string, why: string): Refusal {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return { refused: 'CURSOR_INVALID', reason: `cursor ${JSON.stringify(shown)} ${why}` }
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function toBase64url(text: string): string {
  const scratch = new Uint8Array(text.length * 3)
  const length = writeText(scratch, 0, text)
  let encoded = ''
  for (let at = 0; at < length; at += 3) {
    const left = length - at
    const word =
      ((scratch[at] as number) << 16) |
      (left > 1 ? (scratch[at + 1] as number) << 8 : 0) |
      (left > 2 ? (scratch[at + 2] as number) : 0)
    encoded += alphabet.charAt(word >>> 18) + alphabet.charAt((word >>> 12) & 63)
    if (left > 1) encoded += alphabet.charAt((word >>> 6) & 63)
    if (left > 2) encoded += alphabet.charAt(word & 63)
  }
  return encoded
}

function fromBase64url(encoded: string): string | undefined {
  if (encoded.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((encoded.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (let index = 0; index < encoded.length; index++) {
    const value = values[encoded.charCodeAt(index)] ?? 255
    if (value === 255) return undefined
    word = ((word << 6) | value) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = word >>> bits
  }
  return tryReadText(bytes)
}
