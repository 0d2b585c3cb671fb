// Folders that the user names.

import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CommandError, exitCodes } from '../cli/outcome.ts'

/**
 * Makes a folder with those above it; one that exists is fine. Node's own `recursive` never comes back where the system
 * says that the folder above does not exist although it does, as in /proc.
 */
export async function makeFolder(path: string): Promise<void> {
  const problem = await tryMake(path)
  if (problem === undefined) return
  if (problem.code !== 'ENOENT' || dirname(path) === path) throw toRefusal(path, problem)
  await makeFolder(dirname(path))
  const second = await tryMake(path)
  if (second !== undefined) throw toRefusal(path, second)
}

function toRefusal(path: string, problem: NodeJS.ErrnoException): CommandError {
  return new CommandError(exitCodes.failure, `${path} cannot be made: ${problem.message}`, {
    next: 'give a folder that is yours to write, or one that does not exist yet',
    cause: problem,
  })
}

/** Whether there is such a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

/** Undefined when the folder is there afterwards. */
async function tryMake(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await mkdir(path)
    return undefined
  } catch (error) {
    return (await isFolder(path)) ? undefined : (error as NodeJS.ErrnoException)
  }
}
