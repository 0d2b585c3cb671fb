// Why a log was set aside, in damage.json beside its files: the node that has begun anew knows nothing of it any more.

import { join } from 'node:path'
import { readSealedFile, toSealedText } from './sealed-file.ts'
import { writeWholeFile } from './whole-file.ts'

const fileName = 'damage.json'

export async function writeDamageNote(folder: string, reason: string): Promise<void> {
  await writeWholeFile(join(folder, fileName), toSealedText({ reason }))
}

/** The reason; undefined where there is none that can be read. */
export async function readDamageNote(folder: string): Promise<string | undefined> {
  try {
    const { reason } = Object(await readSealedFile(join(folder, fileName)))
    return typeof reason === 'string' ? reason : undefined
  } catch {
    return undefined
  }
}
