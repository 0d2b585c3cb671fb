// Loaded into a node under test before its own code (`--import`): leads what the node dials on loopback through a proxy of the
// test. All nodes so share one peers.json with the true addresses, and each link can be cut on its own.
//
// TEST_ROUTES is a JSON object from port to port.

import { Socket } from 'node:net'

const routes = new Map(Object.entries<number>(JSON.parse(process.env['TEST_ROUTES'] ?? '{}')))
const connect: (...given: unknown[]) => Socket = Object(Socket.prototype).connect

Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...given: unknown[]): Socket {
  const options: unknown = Array.isArray(given[0]) ? given[0][0] : given[0]
  if (typeof options === 'object' && options !== null && 'port' in options) {
    options.port = routes.get(String(options.port)) ?? options.port
  }
  return Reflect.apply(connect, this, given)
})
