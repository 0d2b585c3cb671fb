// A copy of the project in a temporary folder, in which a fault can be planted while nobody else sees it.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Mutant, plant } from './mutant.ts'

/** What is not copied: nobody's sources. */
const leftOut = new Set(['node_modules', '.git', '.herald', 'dist', 'reports', 'coverage'])

export class WorkingCopy implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Copies a project as it is now, committed or not; its packages are linked. */
  static async of(project: string): Promise<WorkingCopy> {
    const copy = new WorkingCopy(await mkdtemp(join(tmpdir(), 'herald-mutants-')))
    const filter = (source: string): boolean => source === project || !leftOut.has(basename(source))
    await cp(project, copy.path, { recursive: true, filter })
    await symlink(join(project, 'node_modules'), join(copy.path, 'node_modules'))
    return copy
  }

  /** Does something while the fault is there. */
  async with<Result>(
    mutant: Mutant,
    run: () => Promise<Result>,
  ): Promise<Result | { readonly problem: string }> {
    const path = join(this.path, mutant.file)
    const content = await readFile(path, 'utf8').catch(() => '')
    const faulty = plant(mutant, content)
    if (typeof faulty !== 'string') return faulty
    await writeFile(path, faulty)
    try {
      return await run()
    } finally {
      await writeFile(path, content)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}
