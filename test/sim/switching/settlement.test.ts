// Until when the switching world may be unsettled: losses that come one behind the other give it more time, each once to every reader.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type NodeId, toOrigin } from '../../../node/core/common/ids.ts'
import { settlesBy } from '../../../sim/switching/settlement.ts'
import type { SwitchingReader } from '../../../sim/switching/switching-reader.ts'
import { Verdict } from '../../../sim/switching/verdict.ts'

const boot = 1 as Boot
const origin = toOrigin('A' as NodeId, boot)
const one = { number: 1, stream: 'one', session: 1 } as SwitchingReader
const two = { number: 2, stream: 'one', session: 1 } as SwitchingReader

test('there is more time behind a loss that a reader is told, also where another one had been told before', () => {
  let now = 1000
  const verdict = new Verdict(() => now, { hasSilence: true, mayDrop: true, mayMishear: true, copies: 1 })
  const drafts = ['m1', 'm2'].map((id) => ({ id, topic: 'one.x', payloadBytes: 8 }))
  verdict.onPublish(boot, 1, drafts, 'local')
  verdict.onNumbered('one', origin, 1, 2)
  verdict.onPublished()
  const endsAtWhenTold = (at: number, reader: SwitchingReader, from: number, to: number): number => {
    now = at
    verdict.onGap(reader, 'one', origin, from, to)
    return settlesBy(1000, verdict.lossAt)
  }
  assert.equal(settlesBy(1000, verdict.lossAt), 21_000)
  assert.equal(endsAtWhenTold(5000, one, 1, 1), 21_000)
  assert.equal(endsAtWhenTold(20_000, one, 2, 2), 30_000)
  assert.equal(endsAtWhenTold(29_000, two, 1, 2), 39_000)
})
