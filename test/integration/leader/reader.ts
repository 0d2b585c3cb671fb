// A subscriber in a process of its own, so that it can be killed: it prints what it gets, one JSON line each, and has worked on a message
// when its line is written. Started as a program, it reads its options from the first argument.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect, type SubscribeOptions } from '../../../client/index.ts'

export interface ReaderOptions {
  readonly url: string
  readonly patterns: string
  readonly subscribe: SubscribeOptions
}

/** What a reader printed of one delivery. */
export interface ReaderLine {
  readonly kind: 'message' | 'gap'
  readonly topic?: string
  readonly text?: string
  readonly from?: number
  readonly to?: number
}

export class Reader implements AsyncDisposable {
  readonly lines: ReaderLine[] = []
  /** Resolves once it is subscribed. */
  readonly subscribed: Promise<void>
  /** Resolves with the code, once the node has ended it. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>

  constructor(options: ReaderOptions) {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    this.#exit = once(child, 'exit')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.subscribed = promise
    promise.catch(() => undefined)
    const ended = Promise.withResolvers<string>()
    this.ended = ended.promise
    void this.#exit.then(() => reject(new Error('the reader ended before it was subscribed')))
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'subscribed') resolve()
      else if (line.startsWith('ended ')) ended.resolve(line.slice('ended '.length))
      else this.lines.push(JSON.parse(line))
    })
  }

  get texts(): string[] {
    return this.lines.flatMap(({ text }) => text ?? [])
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

async function read({ url, patterns, subscribe }: ReaderOptions): Promise<void> {
  const client = await connect(url, { reconnect: { maxMs: 200 } })
  const subscription = await client.subscribe(patterns, subscribe, (delivery) => {
    const line: ReaderLine =
      delivery.kind === 'gap'
        ? { kind: 'gap', from: delivery.from, to: delivery.to }
        : { kind: 'message', topic: delivery.topic, text: delivery.text() }
    return new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()))
  })
  process.stdout.write('subscribed\n')
  const error = await subscription.closed
  process.stdout.write(`ended ${error?.code}\n`)
}

if (import.meta.main) await read(JSON.parse(process.argv[2] ?? ''))
