// A process in a namespace that sends numbered datagrams to another one, and prints the numbers that it gets, and every error that the
// network tells it. Started as a program, it has its address from the first argument, and whom it talks to from standard input.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Site } from '../cluster-node.ts'

const paceMs = 5

export class Talker implements AsyncDisposable {
  /** How many datagrams it got. */
  heard = 0
  /** What it printed of others. */
  readonly errors: string[] = []
  readonly #host: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #port: Promise<string>

  constructor({ host, launcher }: Site) {
    const [file = '', ...words] = [...launcher, process.execPath, fileURLToPath(import.meta.url), host]
    this.#host = host
    this.#child = spawn(file, words)
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#port = promise
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        if (line.startsWith('port ')) resolve(line.slice('port '.length))
        else if (line === 'heard') this.heard++
        else this.errors.push(line)
      })
    }
  }

  async talkTo(other: Talker): Promise<void> {
    this.#child.stdin.write(`${other.#host} ${await other.#port}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

function talk(host: string): void {
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  const socket = createSocket('udp4')
  socket.on('message', () => print('heard'))
  socket.on('error', ({ message }) => print(message))
  socket.bind(0, host, () => print(`port ${socket.address().port}`))
  createInterface({ input: process.stdin }).once('line', (line) => {
    const [other = '', port = ''] = line.split(' ')
    // What is connected hears also what the network answers in place of the other.
    socket.connect(Number(port), other, () => {
      setInterval(() => socket.send('hello', (error) => error && print(error.message)), paceMs)
    })
  })
}

if (import.meta.main) talk(process.argv[2] ?? '')
