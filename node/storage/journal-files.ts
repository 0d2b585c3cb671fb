// Names and places in a journal: `journal/000001.ndjson`, `000002.ndjson`, … Numbers only rise, and a file is only
// ever appended to, so that a copy fetched earlier stays a prefix of the file and (file, offset) names a place forever.

import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A place in a journal: everything before it is in the files. */
export interface JournalPosition {
  readonly file: number
  readonly offset: number
}

const fileNamePattern = /^(\d{6,15})\.ndjson$/

export function toJournalFileName(number: number): string {
  return `${String(number).padStart(6, '0')}.ndjson`
}

/** The number in a journal's file name; undefined if the name is not one. */
export function fromJournalFileName(name: string): number | undefined {
  const digits = fileNamePattern.exec(name)?.[1]
  if (digits === undefined) return undefined
  const number = Number(digits)
  return toJournalFileName(number) === name && number > 0 ? number : undefined
}

/** Numbers of the journal files in a folder, rising. A folder that does not exist has none. */
export async function listJournalFiles(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw cause
  })
  const numbers: number[] = []
  for (const name of names) {
    const number = fromJournalFileName(name)
    if (number !== undefined) numbers.push(number)
  }
  return numbers.sort((left, right) => left - right)
}

/** Size of a journal file, and whether its last line has no end: the process or the machine died while writing it. */
export async function inspectJournalFile(
  directory: string,
  number: number,
): Promise<{ readonly bytes: number; readonly isTorn: boolean }> {
  const path = join(directory, toJournalFileName(number))
  const { size } = await stat(path)
  if (size === 0) return { bytes: 0, isTorn: false }
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return { bytes: size, isTorn: bytesRead === 1 && buffer[0] !== 0x0a }
  } finally {
    await handle.close()
  }
}
