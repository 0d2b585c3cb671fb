// Log lines for people: time, level, event and fields on one line. Machines get JSON.

import type { DestinationStream } from 'pino'

const hidden = new Set(['level', 'time', 'node', 'cluster', 'event'])

/** A destination that turns pino's JSON lines into short text. */
export function prettyStream(output: { write(text: string): unknown }): DestinationStream {
  return {
    write(line: string): void {
      const fields = JSON.parse(line) as Record<string, unknown>
      const time = new Date(Number(fields['time'])).toISOString().slice(11, 23)
      const details = Object.entries(fields)
        .filter(([name]) => !hidden.has(name))
        .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      const level = String(fields['level']).padEnd(5)
      output.write(`${time} ${level} ${fields['node']} ${fields['event']} ${details.join(' ')}\n`)
    },
  }
}
