// What a fresh checkout needs before any TypeScript can run: the dependencies of the lockfile, and a Node that
// strips types (24.12 or later, not 25). Plain JavaScript without dependencies, because it must run on Node 18.
//
// "Installed" is decided by content: npm leaves a copy of the lockfile's entries in node_modules/.package-lock.json,
// and that copy is compared with the lockfile entry by entry. Times of files say nothing after a `git checkout`.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout. */
export const checkout = fileURLToPath(new URL('../../', import.meta.url))

const runtimeFolder = join(checkout, 'scripts', 'runtime')
const privateNode = join(runtimeFolder, 'node_modules', '.bin', 'node')

/** A reason why Herald cannot run here, with what to do about it; shown without a stack. */
export class InstallationError extends Error {}

/** True for the versions in `engines` of package.json: ^24.12.0 || >=26. */
export function isSupportedNode(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  if (!Number.isInteger(major) || !Number.isInteger(minor)) return false
  return (major === 24 && minor >= 12) || major >= 26
}

/**
 * The packages that a lockfile asks for and an installation lacks or has otherwise. A package that is missing because it
 * is optional (made for another system) does not count; one that is there in another version does.
 */
export function findStalePackages(lockfile, installed) {
  const stale = []
  for (const [path, wanted] of Object.entries(lockfile.packages ?? {})) {
    if (path === '') continue
    const found = installed?.packages?.[path]
    if (found === undefined && (wanted.optional === true || wanted.devOptional === true)) continue
    if (found?.version !== wanted.version || found?.integrity !== wanted.integrity) stale.push(path)
  }
  return stale
}

/** What `npm ci` would change in a folder, as package paths; empty when everything is installed. */
export function findMissing(folder) {
  const lockfile = readJson(join(folder, 'package-lock.json'))
  if (lockfile === undefined)
    throw new InstallationError(`${join(folder, 'package-lock.json')} is missing: clone the repository again`)
  return findStalePackages(lockfile, readJson(join(folder, 'node_modules', '.package-lock.json')))
}

/** Installs what is missing; returns the Node to run Herald with. Progress goes to standard error. */
export function prepare() {
  if (findMissing(checkout).length > 0) {
    say('installing the dependencies from the lockfile (once) …')
    install(checkout)
  }
  linkCommand()
  return findNode()
}

/** The environment in which child processes find the chosen Node and the tools of node_modules first. */
export function withNodeFirst(environment, node) {
  const folders = [dirname(node), join(checkout, 'node_modules', '.bin')]
  return { ...environment, PATH: [...folders, environment.PATH ?? ''].join(delimiter) }
}

function findNode() {
  if (isSupportedNode(process.version)) return process.execPath
  if (process.platform === 'win32') {
    throw new InstallationError(
      `Herald needs Node 24.12 or later and this is ${process.version}: install Node 24 from nodejs.org`,
    )
  }
  if (findMissing(runtimeFolder).length > 0 || !existsSync(privateNode)) {
    say(`this Node is ${process.version}; installing a private Node 24 into scripts/runtime (once) …`)
    install(runtimeFolder)
  }
  const answer = spawnSync(privateNode, ['--version'], { encoding: 'utf8' })
  if (answer.status === 0 && isSupportedNode(answer.stdout.trim())) return privateNode
  throw new InstallationError(
    `Herald needs Node 24.12 or later, this is ${process.version}, and there is no private Node for ${process.platform} ${process.arch}: install Node 24`,
  )
}

function install(folder) {
  const options = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const result = spawnSync('npm', [...options, '--prefix', folder], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (result.error)
    throw new InstallationError(`npm cannot be started (${result.error.message}): install npm and try again`)
  if (result.status !== 0)
    throw new InstallationError('npm ci failed (see above): check the network and try again')
}

/** `npx herald` finds commands in node_modules/.bin; npm links those of dependencies there but not the package's own. */
function linkCommand() {
  const link = join(checkout, 'node_modules', '.bin', 'herald')
  if (process.platform === 'win32' || existsSync(link)) return
  mkdirSync(dirname(link), { recursive: true })
  try {
    symlinkSync(join('..', '..', 'scripts', 'herald.mjs'), link)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function say(text) {
  process.stderr.write(`herald: ${text}\n`)
}
