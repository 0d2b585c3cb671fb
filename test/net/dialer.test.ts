// Where a dialer dials: names may point elsewhere by the next time.

import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Dialer } from '../../node/net/dialer.ts'
import { defaultLinkDurations } from '../../node/net/link-durations.ts'

test('a name is resolved anew at every dial', async (t) => {
  const reached: string[] = []
  const first = await listen(t, '127.0.0.1', 0, reached)
  const { port } = first.address() as AddressInfo
  await listen(t, '127.0.0.2', port, reached)
  const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.1']
  const asked: string[] = []
  t.mock.method(dns, 'lookup', ((
    host: string,
    _options: object,
    callback: (...answer: unknown[]) => void,
  ) => {
    asked.push(host)
    process.nextTick(callback, null, [{ address: addresses[asked.length - 1], family: 4 }])
  }) as typeof dns.lookup)
  const failed = Promise.withResolvers<void>()
  let dials = 0
  const dialer: Dialer = new Dialer({
    address: { host: 'peer.test', port },
    subprotocol: 'herald.peer.v1',
    durations: defaultLinkDurations,
    random: Math.random,
    onOpen: () => assert.fail('nobody shakes hands here'),
    onFailed: () => {
      if (++dials === addresses.length) failed.resolve()
      else dialer.dialNow()
    },
  })
  dialer.dialNow()
  await failed.promise
  dialer.stop()
  assert.deepEqual(asked, ['peer.test', 'peer.test', 'peer.test'])
  assert.deepEqual(reached, addresses)
})

/** A server that ends every connection, and notes the address at which it came. */
async function listen(t: TestContext, host: string, port: number, reached: string[]): Promise<Server> {
  const server = createServer((socket) => {
    reached.push(host)
    socket.on('error', () => undefined)
    socket.destroy()
  })
  server.listen(port, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return server
}
