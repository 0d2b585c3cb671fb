// Whether faults are valid programs: one that names what does not exist fails everywhere, and a test that notices it says nothing. All are
// checked at once, each as a file beside the one that it breaks.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Mutant, plant } from './mutant.ts'
import type { WorkingCopy } from './working-copy.ts'

/** A fault may leave things unused, and conditions that are always or never true. */
const flags = ['--noEmit', '--pretty', 'false', '--noUnusedLocals', 'false', '--noUnusedParameters', 'false']

/** What is said of the project without any fault. */
export const projectItself = ''

/** A file beside the one that a fault breaks: with the fault, or, without a name, as it is. */
interface Beside {
  readonly file: string
  readonly name: string | undefined
}

/** What the compiler says of faults, by their names; those that it says nothing of are not there. */
export async function findTypeErrors(
  copy: WorkingCopy,
  mutants: readonly Mutant[],
): Promise<ReadonlyMap<string, string>> {
  const errors = await compile(copy, mutants)
  const rest = mutants.filter(({ name }) => !errors.has(name))
  // It looks at types only where all syntax is sound.
  if (errors.size === 0 || errors.has(projectItself) || rest.length === 0) return errors
  return new Map([...errors, ...(await findTypeErrors(copy, rest))])
}

async function compile(copy: WorkingCopy, mutants: readonly Mutant[]): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, Beside>()
  const put = async (file: string, name: string | undefined, source: string): Promise<void> => {
    const path = file.replace(/\.ts$/, `.${name ?? 'unchanged'}.ts`)
    await writeFile(join(copy.path, path), source)
    paths.set(path, { file, name })
  }
  for (const mutant of mutants) {
    const { file, name } = mutant
    const source = await readFile(join(copy.path, file), 'utf8').catch(() => '')
    const faulty = plant(mutant, source)
    if (typeof faulty !== 'string') continue
    await put(file, name, faulty)
    await put(file, undefined, source)
  }
  const compiler = spawn(join(copy.path, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json', ...flags], {
    cwd: copy.path,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(compiler, 'close')
  const said = await text(compiler.stdout)
  const [code] = await ended
  for (const path of paths.keys()) await rm(join(copy.path, path))
  const all = [...said.matchAll(/^([^\s(]+)\((\d+),\d+\): error (.*)$/gm)].map(
    ([, path = '', line, message = '']) => ({ path, line, message, beside: paths.get(path) }),
  )
  // What a class says of its own type is wrong in any file beside its own, with or without a fault.
  const unchanged = new Set(
    all.flatMap(({ beside, message }) => (beside?.name === undefined ? [`${beside?.file} ${message}`] : [])),
  )
  const errors = new Map<string, string>()
  for (const { path, line, message, beside } of all) {
    if (beside === undefined) errors.set(projectItself, `${path} line ${line}: ${message}`)
    else if (beside.name === undefined || unchanged.has(`${beside.file} ${message}`)) continue
    else if (!errors.has(beside.name)) errors.set(beside.name, `line ${line}: ${message}`)
  }
  if (code !== 0 && all.length === 0)
    errors.set(projectItself, `the compiler has ended with ${code}: ${said}`)
  return errors
}
