// Binds an HTTP server to its address, with the one failure that operators meet turned into a code.

import type { Server } from 'node:http'
import { HeraldError } from '../core/common/errors.ts'

/** Starts listening and resolves with the port. Throws HeraldError PORT_IN_USE, or CONFIG_INVALID for a bad address. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      const inUse = 'code' in error && error.code === 'EADDRINUSE'
      const reason = inUse ? 'the port is taken' : error.message
      const message = `cannot listen on ${host}:${port}: ${reason}`
      reject(new HeraldError(inUse ? 'PORT_IN_USE' : 'CONFIG_INVALID', message, { cause: error }))
    }
    server.once('error', onError)
    server.listen({ host, port, backlog: 511 }, () => {
      server.off('error', onError)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
