// Where settings come from: flags, then environment, then the configuration file. Finds what is given for each, and
// keeps the place, so that a problem and the start-up log can name it. What the values mean is not known here.

import { parseArgs } from 'node:util'
import { parseJsonSource } from './json-source.ts'
import { configProblem, type Problem, showValue } from './problem.ts'
import { type OptionName, options, type SettingName, toEnvironmentName } from './settings.ts'
import { type TunableName, tunables } from './tunables.ts'

/** Everything that a configuration is made from; nothing else is looked at. */
export interface ConfigurationInput {
  /** Arguments after the program's name. */
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Reads a text file; throws if it cannot. */
  readonly readFile: (path: string) => string
  /** Standard output is a terminal. */
  readonly isTerminal: boolean
}

/** What was given for one setting, and where. */
export interface Given {
  readonly value: unknown
  /** `--port`, `HERALD_PORT`, `herald.json: port`. */
  readonly place: string
}

export interface GivenSettings {
  /** Settings that were given anywhere, with the source that wins. */
  readonly settings: ReadonlyMap<SettingName, Given>
  readonly wantsHelp: boolean
  readonly wantsVersion: boolean
}

const fileDepthMax = 3

/** Collects what is given; problems go into the list. */
export function readSettings(input: ConfigurationInput, problems: Problem[]): GivenSettings {
  const flags = readFlags(input.argv, problems)
  const settings = new Map<SettingName, Given>()
  const optionNames = Object.keys(options) as OptionName[]
  const tunableNames = Object.keys(tunables) as TunableName[]
  for (const name of optionNames) {
    const given = flags.values.get(options[name].flag) ?? readEnvironment(input, options[name].flag)
    if (given !== undefined) settings.set(name, given)
  }
  for (const name of tunableNames) {
    const given = readEnvironment(input, tunables[name].key)
    if (given !== undefined) settings.set(name, given)
  }
  const file = settings.get('config')
  if (file !== undefined && !flags.wantsHelp && !flags.wantsVersion) {
    for (const [name, given] of readConfigFile(String(file.value), input, problems)) {
      if (!settings.has(name)) settings.set(name, given)
    }
  }
  return { settings, wantsHelp: flags.wantsHelp, wantsVersion: flags.wantsVersion }
}

interface Flags {
  readonly values: ReadonlyMap<string, Given>
  readonly wantsHelp: boolean
  readonly wantsVersion: boolean
}

/** Not `strict`: parseArgs would stop at the first problem. */
function readFlags(argv: readonly string[], problems: Problem[]): Flags {
  const known: Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  }
  for (const { flag } of Object.values(options)) known[flag] = { type: 'string' }
  const { tokens } = parseArgs({ args: [...argv], options: known, strict: false, tokens: true })
  const values = new Map<string, Given>()
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(configProblem(showValue(token.value), 'not an option'))
    if (token.kind !== 'option') continue
    const type = Object.hasOwn(known, token.name) ? known[token.name]?.type : undefined
    const { rawName: place, value } = token
    if (type === undefined) problems.push(configProblem(showValue(place), 'unknown option; see --help'))
    else if (type === 'boolean') values.set(token.name, { value: true, place })
    else if (value === undefined || value === '' || (!token.inlineValue && value.startsWith('-'))) {
      problems.push(configProblem(place, 'needs a value'))
    } else if (values.has(token.name)) problems.push(configProblem(place, 'is given twice'))
    else values.set(token.name, { value, place })
  }
  return { values, wantsHelp: values.has('help'), wantsVersion: values.has('version') }
}

/** An empty variable counts as not set: that is how Compose passes on one that is not set. */
function readEnvironment(input: ConfigurationInput, flagOrKey: string): Given | undefined {
  const place = toEnvironmentName(flagOrKey)
  const value = input.environment[place]
  return value === undefined || value === '' ? undefined : { value, place }
}

function readConfigFile(
  path: string,
  input: ConfigurationInput,
  problems: Problem[],
): ReadonlyMap<SettingName, Given> {
  const found = new Map<SettingName, Given>()
  const text = tryReadFile(path, input, problems)
  if (text === undefined) return found
  const source = parseJsonSource(text)
  for (const problem of source.problems) problems.push(configProblem(path, problem))
  if (source.value === undefined) return found
  const names = toNamesByKey()
  for (const [key, value] of flatten(source.value, '', names, fileDepthMax)) {
    const name = names.get(key)
    if (name !== undefined) found.set(name, { value, place: `${path}: ${key}` })
    else problems.push(configProblem(key === '' ? path : `${path}: ${showValue(key)}`, 'unknown setting'))
  }
  return found
}

/** Reads a file that a setting names; the problem says why it cannot be read. */
export function tryReadFile(
  path: string,
  input: ConfigurationInput,
  problems: Problem[],
): string | undefined {
  try {
    return input.readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    problems.push(configProblem(path, code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`))
    return undefined
  }
}

function toNamesByKey(): ReadonlyMap<string, SettingName> {
  const names = new Map<string, SettingName>()
  const entries: Readonly<Record<string, { readonly key?: string }>> = { ...options, ...tunables }
  for (const [name, { key }] of Object.entries(entries)) {
    if (key !== undefined) names.set(key, name as SettingName)
  }
  return names
}

/** Dotted keys of nested objects; goes down only where no setting has that key. */
function* flatten(
  value: unknown,
  key: string,
  names: ReadonlyMap<string, SettingName>,
  depthMax: number,
): Generator<readonly [key: string, value: unknown]> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || names.has(key) || depthMax === 0) {
    yield [key, value]
    return
  }
  for (const [name, inner] of Object.entries(value)) {
    yield* flatten(inner, key === '' ? name : `${key}.${name}`, names, depthMax - 1)
  }
}
