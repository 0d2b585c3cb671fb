// Whether a publication may be sent at all. Topics that were valid once are remembered, so that a publisher's usual
// topics cost one lookup.

import { protocolLimits } from '../node/core/common/limits.ts'
import type { PublishRefusal } from '../node/core/common/publish-endings.ts'
import { topicProblem } from '../node/core/stream/topic.ts'
import { ackLevels } from '../node/wire/batch-header.ts'
import { deadlineMsMax, type PublishOptions } from './options.ts'

/** Topics remembered; when full, all are forgotten, which costs one check each. */
const topicsMax = 4096

export class TopicCheck {
  /** The last valid topic, which is mostly the next one's; means nothing while `#valid` is empty. */
  #last = ''
  readonly #valid = new Set<string>()

  /** Why the topic is not valid; undefined if it is. */
  problem(topic: string): PublishRefusal | undefined {
    if (topic === this.#last && this.#valid.size > 0) return undefined
    if (!this.#valid.has(topic)) {
      if (typeof topic !== 'string') {
        return { refused: 'TOPIC_INVALID', reason: `topic is a ${typeof topic}, not a string` }
      }
      const problem = topicProblem(topic)
      if (problem !== undefined) return problem
      if (this.#valid.size >= topicsMax) this.#valid.clear()
      this.#valid.add(topic)
    }
    this.#last = topic
    return undefined
  }
}

/** Why a payload is too large; undefined if it is not. Strings are measured only when they could be. */
export function payloadProblem(payload: string | Uint8Array): PublishRefusal | undefined {
  const bytes = typeof payload === 'string' ? utf8Length(payload) : payload.length
  if (bytes <= protocolLimits.payloadBytesMax) return undefined
  return {
    refused: 'PAYLOAD_TOO_LARGE',
    reason: `payload has ${bytes} bytes, at most ${protocolLimits.payloadBytesMax} are allowed`,
  }
}

/** Why headers or key cannot be sent; undefined if they can. Throws a TypeError for what is no text. */
export function optionsProblem(options: PublishOptions): PublishRefusal | undefined {
  const { headers, key, time, deadlineMs, ack } = options
  if (ack !== undefined && !ackLevels.includes(ack))
    throw new RangeError(`ack is ${JSON.stringify(ack)}, not ${ackLevels.join(', ')}`)
  if (time !== undefined && !Number.isFinite(time))
    throw new RangeError(`time is ${time}, not a finite number`)
  if (deadlineMs !== undefined && !isDeadline(deadlineMs))
    throw new RangeError(`deadlineMs is ${deadlineMs}, not 1..${deadlineMsMax}`)
  if (key !== undefined) {
    if (typeof key !== 'string') throw new TypeError('key is not a string')
    const bytes = utf8Length(key)
    if (bytes > protocolLimits.keyBytesMax) {
      return {
        refused: 'KEY_TOO_LARGE',
        reason: `key has ${bytes} bytes, at most ${protocolLimits.keyBytesMax} are allowed`,
      }
    }
  }
  return headers === undefined ? undefined : headersProblem(headers)
}

function isDeadline(value: unknown): boolean {
  return typeof value === 'number' && value >= 1 && value <= deadlineMsMax
}

function headersProblem(headers: Readonly<Record<string, string>>): PublishRefusal | undefined {
  const entries = Object.entries(headers)
  const refuse = (reason: string): PublishRefusal => ({ refused: 'HEADERS_TOO_LARGE', reason })
  if (entries.length > protocolLimits.headerCountMax) {
    return refuse(`has ${entries.length} headers, at most ${protocolLimits.headerCountMax} are allowed`)
  }
  let bytes = 0
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw new TypeError(`header ${JSON.stringify(name)} is not a string`)
    const nameBytes = utf8Length(name)
    if (nameBytes > 255) return refuse(`has a header name of ${nameBytes} bytes, at most 255 are allowed`)
    bytes += 3 + nameBytes + utf8Length(value)
  }
  if (bytes <= protocolLimits.headerBytesMax) return undefined
  return refuse(`has ${bytes} bytes of headers, at most ${protocolLimits.headerBytesMax} are allowed`)
}

/** Bytes of a text in UTF-8; lone surrogates become U+FFFD, three bytes. */
function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(index + 1))) {
      // The pair takes four bytes: two were counted as units, two are added here.
      index++
    }
  }
  return bytes
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
