// A stream that was made again, of which the log of the group tells before the catalog does: of its first epoch in gossip mode, and of the one in leader
// mode behind that.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitionOf, RemadeStream } from './remade-stream.ts'
import { lead } from './test-broker.ts'

for (const removal of ['heard of', 'not heard of'] as const)
  for (const mode of ['gossip', 'leader'] as const)
    for (const isPublished of [false, true])
      test(`it is in the epoch in which its group has it (removal ${removal}, made in ${mode} mode, published ${isPublished})`, async () => {
        const host = new RemadeStream()
        await host.define(definitionOf('leader'))
        await host.publish('old')
        const made = 3
        await host.switchTo('gossip', { made })
        await host.switchTo('leader', { made })
        if (isPublished) await host.publish('new 1')
        if (removal === 'heard of') host.remove(1)
        await host.define(definitionOf(mode, { behind: 1, made }))
        await host.pass(3)
        const { broker, ledgered } = host
        const replica = broker.streams.find('orders') ?? assert.fail('it is there')
        const has = [replica.definition.mode, broker.epochs.numberOf(replica), replica.fence]
        assert.deepEqual(has, [ledgered.definition.mode, ledgered.epoch, undefined])
        const got = host.subscribe()
        await lead(broker)
        await host.publish('new 2')
        await host.pass(3)
        assert.deepEqual(got, ['new 2'])
      })
