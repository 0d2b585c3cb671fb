// Topics: dot-separated tokens, `orders.eu.created`. A token is any text without dots, spaces, control characters
// and the wildcards `*` and `>`; comparison is by code units, nothing is folded or normalised.

import type { Refusal } from '../common/errors.ts'
import { protocolLimits } from '../common/limits.ts'

/** Why a topic is not valid, with the position (0-based, in characters); undefined if it is. */
export function topicProblem(topic: string): Refusal<'TOPIC_INVALID'> | undefined {
  return nameProblem(topic, 'TOPIC_INVALID', 'topic')
}

/**
 * The rules that topics and patterns share. `wildcards` tells whether `*` and `>` may stand as whole tokens.
 * The bytes of the name are at most three times its code units, so the common short name is not measured.
 */
export function nameProblem<Code extends 'TOPIC_INVALID' | 'PATTERN_INVALID'>(
  name: string,
  code: Code,
  what: 'topic' | 'pattern',
): Refusal<Code> | undefined {
  const refuse = (reason: string): Refusal<Code> => ({
    refused: code,
    reason: `${what} ${quote(name)}: ${reason}`,
  })
  if (name.length === 0) return refuse('is empty')
  if (name.length * 3 > protocolLimits.topicBytesMax && utf8Length(name) > protocolLimits.topicBytesMax) {
    return refuse(`has ${utf8Length(name)} bytes, at most ${protocolLimits.topicBytesMax} are allowed`)
  }
  let tokens = 1
  let tokenStart = 0
  for (let index = 0; index <= name.length; index++) {
    const unit = index < name.length ? name.charCodeAt(index) : dot
    if (unit === dot) {
      if (index === tokenStart) return refuse(`has an empty token at position ${tokenStart}`)
      if (index < name.length) tokens++
      tokenStart = index + 1
      continue
    }
    const problem = unitProblem(name, index, unit, what)
    if (problem !== undefined) return refuse(problem)
  }
  if (tokens > protocolLimits.topicTokensMax) {
    return refuse(`has ${tokens} tokens, at most ${protocolLimits.topicTokensMax} are allowed`)
  }
  return undefined
}

const dot = 46
const star = 42
const rest = 62

function unitProblem(
  name: string,
  index: number,
  unit: number,
  what: 'topic' | 'pattern',
): string | undefined {
  if (unit <= 32 || (unit >= 127 && unit <= 160))
    return `has a space or control character at position ${index}`
  if (unit >= 0xd800 && unit <= 0xdfff && !isWellPaired(name, index, unit)) {
    return `has a lone surrogate at position ${index}`
  }
  if (unit !== star && unit !== rest) return undefined
  const found = `has ${name.charAt(index)} at position ${index}`
  if (what === 'topic') return `${found}; only patterns may have wildcards`
  const alone =
    (index === 0 || name.charCodeAt(index - 1) === dot) &&
    (index === name.length - 1 || name.charCodeAt(index + 1) === dot)
  if (!alone) return `${found}, inside a token; it must be a whole token`
  if (unit === rest && index !== name.length - 1) return `${found}, before the end; it must be the last token`
  return undefined
}

function isWellPaired(name: string, index: number, unit: number): boolean {
  const other = unit <= 0xdbff ? name.charCodeAt(index + 1) : name.charCodeAt(index - 1)
  return unit <= 0xdbff ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other <= 0xdbff
}

function utf8Length(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3
  }
  return bytes
}

/** A name for messages: quoted, and cut when it is long. */
function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}
