// The command tree: global options, every command, and how each way to end becomes an exit code. Kept apart from
// cluster.ts so that tests run commands inside their own process.

import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { registerCommands } from '../commands/registry.ts'
import { checkout } from '../runtime/installation.mjs'
import { parseList, parseTimeout } from './arguments.ts'
import { type Act, Context, type World } from './context.ts'
import { CommandError, type ExitCode, exitCodes, toErrorCode, toMessage } from './outcome.ts'
import { schemaVersion } from './terminal.ts'

const nodeTimeoutMs = 5000

/** Runs one command line (without `node` and script) and returns its exit code. */
export async function runCommandLine(words: readonly string[], world: World): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const act: Act = async (command, body) => {
    const context = new Context(world, command.optsWithGlobals())
    exitCode = (await body(context)) ?? exitCodes.ok
  }
  const program = buildProgram(act, world)
  try {
    await program.parseAsync(words, { from: 'user' })
    return world.signal.aborted ? exitCodes.interrupted : exitCode
  } catch (error) {
    return reportFailure(error, words, world)
  }
}

/** The whole command tree. */
export function buildProgram(act: Act, world: World): Command {
  const program = new Command('herald')
    .description('Drives a Herald cluster: on this machine or in containers.')
    .version(readVersion(), '--version', 'print the version')
    .addOption(
      new Option('--target <fleet>', 'where the nodes run').choices(['local', 'compose']).default('local'),
    )
    .option('--only <nodes>', 'only these nodes, as A,B,C', parseList)
    .addOption(
      new Option('--timeout <duration>', 'how long a node may take to answer')
        .argParser(parseTimeout)
        .default(nodeTimeoutMs, '5s'),
    )
    .option('--json', 'print JSON: one document, or one a line for streams', false)
    .option('--quiet', 'no progress on standard error', false)
    .option('--yes', 'do not ask before something is deleted or stopped', false)
    .option('--debug', 'print the stack of an unexpected error', false)
    .option('--no-color', 'no colours (NO_COLOR is honoured too)')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'herald: ')),
    })
    .showSuggestionAfterError()
    .exitOverride()
  registerCommands(program, act)
  return program
}

function reportFailure(error: unknown, words: readonly string[], world: World): ExitCode {
  if (world.signal.aborted) return exitCodes.interrupted
  const isJson = hasFlag(words, '--json')
  if (error instanceof CommanderError) return reportMisuse(error, isJson ? words : undefined, world)
  const known = error instanceof CommandError ? error : undefined
  const exitCode = known?.exitCode ?? exitCodes.failure
  const code = known?.code ?? readCode(error)
  const next = known?.next ?? readAction(error)
  const message = toMessage(error)
  if (isJson) printError(world, words, { code: code ?? toErrorCode(exitCode), message, next })
  // The system's own messages begin with their code.
  const isNamed = code === undefined || message.startsWith(`${code}: `)
  world.stderr.write(`herald: ${isNamed ? '' : `${code}: `}${message}\n`)
  if (next !== undefined) world.stderr.write(`        ${next}\n`)
  if (hasFlag(words, '--debug') && error instanceof Error) world.stderr.write(`${error.stack}\n`)
  return exitCode
}

/** What commander ends with: help and version, which were asked for, or a mistake that it has written to standard error. `words`: under --json. */
function reportMisuse(error: CommanderError, words: readonly string[] | undefined, world: World): ExitCode {
  if (error.exitCode === 0) return exitCodes.ok
  const message =
    error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '')
  const code = toErrorCode(exitCodes.usage)
  if (words !== undefined) printError(world, words, { code, message, next: 'see --help of the command' })
  return exitCodes.usage
}

/** The error as the one document of the command, or as one more line of a stream. */
function printError(
  { stdout }: World,
  words: readonly string[],
  error: { readonly code: string; readonly message: string; readonly next: string | undefined },
): void {
  const isStream = hasFlag(words, 'subscribe') || hasFlag(words, '--watch')
  stdout.write(`${JSON.stringify({ schemaVersion, error }, undefined, isStream ? 0 : 2)}\n`)
}

/** Whether the words have a flag; commander may have stopped before it came to it. */
function hasFlag(words: readonly string[], flag: string): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end < 0 ? undefined : end).includes(flag)
}

function readCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What the error registry says to do about a HeraldError of the client library. */
function readAction(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('action' in error)) return undefined
  return typeof error.action === 'string' ? error.action : undefined
}

function readVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(`${checkout}package.json`, 'utf8'))
  return manifest.version
}
