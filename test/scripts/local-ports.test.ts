// Ports for the nodes of a local cluster: free, and not to be taken by others before their nodes take them.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { isPortFree, reservePorts } from '../../scripts/fleet/local-ports.ts'

/** Where Linux begins to give ports by itself (`net.ipv4.ip_local_port_range`), unless told otherwise; macOS and Windows begin higher. */
const systemPortMin = 32_768
const none = new Array<number>(20).fill(0)

test('ports lie where the system gives none by itself, and are given once', async () => {
  const ports = [...(await reservePorts(none)), ...(await reservePorts(none))]
  assert.equal(new Set(ports).size, 40, 'also where those of before have not been taken yet')
  for (const port of ports) {
    assert(port >= 20_000 && port < systemPortMin, `${port}`)
    assert(await isPortFree(port), `${port} was given back`)
  }
})

test('a wish is kept where it is free, and a port that somebody listens on is passed over', async () => {
  const [port = 0] = await reservePorts([0])
  assert.deepEqual(await reservePorts([port]), [port])
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  assert.equal((server.address() as AddressInfo).port, port)
  assert.equal(await isPortFree(port), false)
  const others = await reservePorts([port, port, ...none])
  assert(!others.includes(port))
  assert.equal(new Set(others).size, others.length)
  server.close()
  await once(server, 'close')
})
