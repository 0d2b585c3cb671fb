// Server processes of a measurement: found on the PATH, started in the background, waited for, and ended by their pid. A
// process that ends by itself fails the measurement with the last lines that it wrote.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const startTimeoutMs = 30_000
const stopTimeoutMs = 15_000
const pollMs = 20
const outputBytesMax = 4096

/** What a command prints when asked for its version; undefined if it is not installed. */
export function askVersion(command: string, options: readonly string[], pattern: RegExp): string | undefined {
  const { stdout, stderr, error } = spawnSync(command, options, { encoding: 'utf8' })
  return error === undefined ? (pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown') : undefined
}

/** Servers that run; a benchmark that is interrupted takes them with it. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})

/** One server process. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #command: string
  #output = ''

  constructor(command: string, options: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
    this.#command = command
    this.#child = spawn(command, options, { stdio: ['ignore', 'pipe', 'pipe'], env: environment })
    running.add(this.#child)
    this.#child.once('exit', () => running.delete(this.#child))
    this.#child.on('error', (error) => {
      this.#output += error.message
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.#output = (this.#output + String(chunk)).slice(-outputBytesMax)
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Asks again and again until the answer is true; throws if the process ends or takes too long. */
  async until(isTrue: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    while (!(await isTrue())) {
      if (this.#isOver || performance.now() > deadline) {
        throw new Error(`${this.#command} did not start: ${this.#output.trim()}`)
      }
      await delay(pollMs)
    }
  }

  /** Resolves when somebody listens on the loopback port. */
  async untilListening(port: number): Promise<void> {
    await this.until(() => canConnect(port))
  }

  /** SIGTERM, and after a while SIGKILL. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs)
    await this.#end('SIGTERM')
    clearTimeout(timer)
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ended, or never begun. */
  get #isOver(): boolean {
    const { pid, exitCode, signalCode } = this.#child
    return pid === undefined || exitCode !== null || signalCode !== null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (this.#isOver) return
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill(signal)
    await exited
  }
}

/** Whether somebody listens on the loopback port. */
export async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
