// Topics and patterns against naive oracles: what is valid, and what matches and overlaps what.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matches, overlaps, patternProblem } from '../../../node/core/stream/pattern.ts'
import { topicProblem } from '../../../node/core/stream/topic.ts'

const tokens = ['a', 'b', 'c'] as const
const topic = fc
  .array(fc.constantFrom(...tokens), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('.'))
const pattern = fc
  .tuple(fc.array(fc.constantFrom(...tokens, '*'), { minLength: 0, maxLength: 4 }), fc.boolean())
  .filter(([parts, hasRest]) => parts.length > 0 || hasRest)
  .map(([parts, hasRest]) => [...parts, ...(hasRest ? ['>'] : [])].join('.'))

/** All topics of up to five tokens: longer ones tell nothing new about patterns of up to five. */
function allTopics(): string[] {
  let layer: string[] = ['']
  const topics: string[] = []
  for (let length = 1; length <= 6; length++) {
    layer = layer.flatMap((prefix) => tokens.map((token) => (prefix === '' ? token : `${prefix}.${token}`)))
    topics.push(...layer)
  }
  return topics
}

const universe = allTopics()

function naiveMatches(wanted: string, given: string): boolean {
  const expression = wanted
    .split('.')
    .map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token))
    .join('\\.')
  return new RegExp(`^${expression}$`).test(given)
}

test('matches what a regular expression matches', () => {
  fc.assert(
    fc.property(pattern, topic, (wanted, given) => matches(wanted, given) === naiveMatches(wanted, given)),
  )
})

test('overlaps if and only if some topic matches both', () => {
  fc.assert(
    fc.property(pattern, pattern, (left, right) => {
      const both = universe.some((given) => naiveMatches(left, given) && naiveMatches(right, given))
      return overlaps(left, right) === both && overlaps(right, left) === both
    }),
  )
})

test('accepts ordinary topics and patterns', () => {
  for (const name of ['a', 'orders.eu.created', '__proto__', 'ä.ö', '😀.x']) {
    assert.equal(topicProblem(name), undefined)
    assert.equal(patternProblem(name), undefined)
  }
  for (const name of ['*', '>', 'a.*.c', 'a.>', '*.*.>']) assert.equal(patternProblem(name), undefined)
})

test('refuses invalid topics and says where', () => {
  const reasons = ['', '.a', 'a..b', 'a b', 'a.*', 'a.>', 'a\u0000', '\ud800'].map(
    (name) => topicProblem(name)?.reason,
  )
  assert.deepEqual(reasons, [
    'topic "": is empty',
    'topic ".a": has an empty token at position 0',
    'topic "a..b": has an empty token at position 2',
    'topic "a b": has a space or control character at position 1',
    'topic "a.*": has * at position 2; only patterns may have wildcards',
    'topic "a.>": has > at position 2; only patterns may have wildcards',
    'topic "a\\u0000": has a space or control character at position 1',
    'topic "\\ud800": has a lone surrogate at position 0',
  ])
})

test('refuses invalid patterns and says where', () => {
  const reasons = ['a*', '>.a', 'a.>b'].map((name) => patternProblem(name)?.reason)
  assert.deepEqual(reasons, [
    'pattern "a*": has * at position 1, inside a token; it must be a whole token',
    'pattern ">.a": has > at position 0, before the end; it must be the last token',
    'pattern "a.>b": has > at position 2, inside a token; it must be a whole token',
  ])
})

test('refuses topics of more than 255 bytes or 32 tokens', () => {
  assert.equal(topicProblem('x'.repeat(255)), undefined)
  assert.match(topicProblem('x'.repeat(256))?.reason ?? '', /has 256 bytes, at most 255 are allowed/)
  assert.match(topicProblem('ä'.repeat(128))?.reason ?? '', /has 256 bytes/)
  assert.equal(topicProblem(Array(32).fill('a').join('.')), undefined)
  assert.match(
    topicProblem(Array(33).fill('a').join('.'))?.reason ?? '',
    /has 33 tokens, at most 32 are allowed/,
  )
})
