// The client library's entry point for browsers.

import { Client } from './client.ts'
import type { ConnectOptions } from './options.ts'
import { browserEnvironment } from './transport-browser.ts'

export * from './public.ts'

/**
 * Connects to a cluster: to any node of it, of which one or more WebSocket addresses are given (`ws://host:port`). The client
 * learns the others from the node and reconnects to any of them.
 *
 * @throws HeraldError CONFIG_INVALID for options out of range or addresses that are none; CLIENT_DISCONNECTED if no
 *   node could be reached within `connectTimeoutMs`; the signal's reason if it aborts first.
 */
export async function connect(
  urls: string | readonly string[],
  options: ConnectOptions = {},
): Promise<Client> {
  options.signal?.throwIfAborted()
  return await new Client(browserEnvironment(), urls, options).start()
}
