// As much of a NATS server (docs.nats.io, client protocol) as the benchmark's driver needs, which treats one message of the measured
// phase in a wrong way.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { RunningServers } from '../../bench/drivers/driver.ts'
import { readNumber, readPhase } from '../../bench/payload.ts'

/** What becomes of a payload: what subscribers get in its place. */
export type Fault = (payload: Buffer) => readonly Buffer[]

/** Applies a fault to the message with a number of a phase, and leaves all others alone. */
export function faultAt(phase: number, number: number, fault: Fault): Fault {
  return (payload) =>
    readPhase(payload) === phase && readNumber(payload) === number ? fault(payload) : [payload]
}

/** Starts a server on a free port of loopback. */
export async function startFaultyServer(fault: Fault): Promise<RunningServers> {
  const subscribers = new Map<Socket, { readonly subject: string; readonly id: string }>()
  const publish = (subject: string, payload: Buffer): void => {
    for (const [socket, { subject: wanted, id }] of subscribers) {
      if (wanted !== subject) continue
      for (const bytes of fault(payload))
        socket.write(`MSG ${subject} ${id} ${bytes.length}\r\n${bytes.toString('latin1')}\r\n`, 'latin1')
    }
  }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => subscribers.delete(socket))
    socket.write(
      'INFO {"server_id":"faulty","version":"2.10.0","proto":1,"headers":true,"max_payload":1048576}\r\n',
    )
    let unread: Buffer = Buffer.alloc(0)
    socket.on('data', (data) => {
      unread = Buffer.concat([unread, data])
      for (let end = unread.indexOf('\r\n'); end >= 0; end = unread.indexOf('\r\n')) {
        const [verb = '', subject = '', second = ''] = unread.toString('latin1', 0, end).split(' ')
        const bodyStart = end + 2
        const bodyBytes = verb === 'PUB' ? Number(second) + 2 : 0
        if (unread.length < bodyStart + bodyBytes) return
        if (verb === 'PING') socket.write('PONG\r\n')
        if (verb === 'SUB') subscribers.set(socket, { subject, id: second })
        if (verb === 'PUB') publish(subject, unread.subarray(bodyStart, bodyStart + bodyBytes - 2))
        unread = unread.subarray(bodyStart + bodyBytes)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    urls: [`nats://127.0.0.1:${address.port}`],
    pids: [process.pid],
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
