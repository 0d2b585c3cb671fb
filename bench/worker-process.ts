// The main process's handle on a publisher or subscriber.

import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Received } from './receiver.ts'
import type { ProgressNote, PublishRequest, Sent, WorkerAnswer, WorkerRequest } from './worker-protocol.ts'

const workerScript = join(import.meta.dirname, 'worker.ts')

export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>

  /** `nodeOptions` go to Node itself, for profiling. */
  constructor(nodeOptions: readonly string[]) {
    this.#child = fork(workerScript, [], { execArgv: [...nodeOptions] })
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()))
  }

  /** Calls back with every progress that a subscriber tells. */
  onProgress(listener: (note: ProgressNote) => void): void {
    this.#child.on('message', (message) => {
      const note = message as WorkerAnswer | ProgressNote
      if (note.op === 'progress') listener(note)
    })
  }

  /** Tells a publisher how far its subscribers are. */
  tell(note: ProgressNote): void {
    if (this.#child.connected) this.#child.send(note)
  }

  /** Sends a request and waits for its answer; throws what the worker failed with. */
  async ask(request: WorkerRequest): Promise<WorkerAnswer> {
    const child = this.#child
    const answer = await new Promise<WorkerAnswer>((resolve) => {
      const onExit = (code: number | null): void =>
        resolve({ op: 'failed', message: `the worker ended with ${code}` })
      child.once('exit', onExit)
      const onMessage = (message: unknown): void => {
        const answer = message as WorkerAnswer | ProgressNote
        if (answer.op === 'progress') return
        child.off('exit', onExit)
        child.off('message', onMessage)
        resolve(answer)
      }
      child.on('message', onMessage)
      child.send(request)
    })
    if (answer.op === 'failed') throw new Error(answer.message)
    return answer
  }

  async publish(request: PublishRequest): Promise<Sent> {
    const answer = await this.ask(request)
    if (answer.op !== 'sent') throw new Error(`a publisher answered ${answer.op}`)
    return answer.sent
  }

  /** Acknowledgements of a steady publisher after a time: how many, and the longest pause before one of them. */
  async acknowledged(
    sinceMs: number,
  ): Promise<{ readonly count: number; readonly longestPauseMs: number; readonly failures: number }> {
    const answer = await this.ask({ op: 'acknowledged', sinceMs })
    if (answer.op !== 'acknowledged') throw new Error(`a publisher answered ${answer.op}`)
    return answer
  }

  /** Messages of this phase so far. */
  async count(): Promise<number> {
    const answer = await this.ask({ op: 'count' })
    return answer.op === 'count' ? answer.received : 0
  }

  /** The phase's result once everything has come or nothing comes any more. */
  async finish(sent: number): Promise<{ received: Received; failures: number; cpuMs: number }> {
    const answer = await this.ask({ op: 'finish', sent })
    if (answer.op !== 'received') throw new Error(`a subscriber answered ${answer.op}`)
    return answer
  }

  /** Closes the connection and ends the process; one that does not answer is killed. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.connected)
      await this.ask({ op: 'close' }).catch(() => this.#child.kill('SIGKILL'))
    await this.#exited
  }
}
