// Where a command's words go: data to standard output, progress and diagnostics to standard error, so that a pipe gets
// data only. Colours follow NO_COLOR, FORCE_COLOR and the stream itself (util.styleText).

import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** The standard streams of the process, or a test's. */
export interface StandardStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
}

export interface TerminalOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly colour: boolean
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Version of the shape of every JSON document that commands print. */
export const schemaVersion = 1

/** The two output streams of a command. */
export class Terminal {
  readonly json: boolean
  readonly streams: StandardStreams
  readonly #quiet: boolean
  readonly #colour: boolean

  constructor(streams: StandardStreams, options: TerminalOptions) {
    this.streams = streams
    this.json = options.json
    this.#quiet = options.quiet
    this.#colour = options.colour
  }

  /** True when a person sees standard output as it comes, so that it may be redrawn. */
  get isInteractive(): boolean {
    return this.streams.stdout.isTTY === true && !this.json
  }

  /** One line of data for people; nothing under --json. */
  line(text = ''): void {
    if (!this.json) this.streams.stdout.write(`${text}\n`)
  }

  /** The one JSON document of a command; nothing without --json. */
  document(value: object): void {
    if (this.json) this.streams.stdout.write(`${JSON.stringify({ schemaVersion, ...value }, undefined, 2)}\n`)
  }

  /** One line of a JSON stream. Resolves when the reader of standard output takes more. */
  async record(value: object): Promise<void> {
    await this.write(`${JSON.stringify(value)}\n`)
  }

  /** Text as it is, with back-pressure. Returns also when the reader has gone away. */
  async write(text: string): Promise<void> {
    const { stdout } = this.streams
    if (stdout.write(text) || !stdout.writable) return
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const event of ['drain', 'error', 'close']) stdout.once(event, resolve)
    await promise
    for (const event of ['drain', 'error', 'close']) stdout.off(event, resolve)
  }

  /** Progress on standard error, unless --quiet. */
  progress(text: string): void {
    if (!this.#quiet) this.streams.stderr.write(`${text}\n`)
  }

  /** What must be seen even under --quiet, on standard error. */
  warn(text: string): void {
    this.streams.stderr.write(`${this.paint('yellow', text, 'stderr')}\n`)
  }

  /** Text in a colour where the stream shows colours. */
  paint(style: Style, text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    if (!this.#colour) return text
    return styleText(style, text, { stream: this.streams[stream], validateStream: true })
  }
}
