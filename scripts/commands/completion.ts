// `herald completion`: a script for the shell, made from commander's own tree of commands and options, so that it cannot
// fall behind. One table of "words typed so far" to "words that may follow" serves all three shells.

import { type Command, InvalidArgumentError, type Option } from 'commander'
import type { Act } from '../cli/context.ts'
import { example } from '../cli/example.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/** Words that may follow a command path such as `stream add`. */
interface Place {
  readonly path: string
  readonly candidates: readonly { readonly word: string; readonly meaning: string }[]
}

export function registerCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .description('print a completion script for the shell')
    .argument('<shell>', shells.join(', '), parseShell)
    .addHelpText('after', example('source <(herald completion bash)', 'herald completion fish | source'))
    .action((shell: Shell, _options: object, command: Command) =>
      act(command, async ({ terminal }) => {
        const script = toScript(shell, listPlaces(program))
        if (terminal.json) terminal.document({ shell, script })
        else terminal.line(script)
        return undefined
      }),
    )
}

function parseShell(text: string): Shell {
  const shell = shells.find((name) => name === text)
  if (shell === undefined) throw new InvalidArgumentError(`"${text}" is not one of ${shells.join(', ')}.`)
  return shell
}

function listPlaces(program: Command): readonly Place[] {
  const globals = program.options.map(toCandidate)
  const visit = (command: Command, path: readonly string[]): readonly Place[] => {
    const children = command.commands.map((child) => ({ word: child.name(), meaning: child.description() }))
    const help = { word: '--help', meaning: 'display help' }
    const own = command === program ? [] : command.options.map(toCandidate)
    const place = { path: path.join(' '), candidates: [...children, ...own, ...globals, help] }
    return [place, ...command.commands.flatMap((child) => visit(child, [...path, child.name()]))]
  }
  return visit(program, [])
}

function toCandidate(option: Option): { readonly word: string; readonly meaning: string } {
  return { word: option.long ?? option.flags, meaning: option.description }
}

function toScript(shell: Shell, places: readonly Place[]): string {
  switch (shell) {
    case 'bash':
      return toBash(places)
    case 'zsh':
      return toZsh(places)
    case 'fish':
      return toFish(places)
  }
}

/** Shell code that finds the longest command path among the words typed; `place` holds it (zsh
 * keeps `path` for itself). */
function toPathSearch(places: readonly Place[], words: string): string {
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`)
  return `  local place="" word
  for word in ${words}; do
    case "\${place:+$place }$word" in
      ${known.join('|')}) place="\${place:+$place }$word" ;;
    esac
  done`
}

function toBash(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, candidates }) => `    "${path}") words="${candidates.map(({ word }) => word).join(' ')}" ;;`,
  )
  return `_herald() {
  local words=""
${toPathSearch(places, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  case "$place" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _herald herald`
}

function toZsh(places: readonly Place[]): string {
  const cases = places.map(({ path, candidates }) => {
    const items = candidates.map(({ word, meaning }) => quote(`${word.replaceAll(':', '\\:')}:${meaning}`))
    return `    "${path}") candidates=(${items.join(' ')}) ;;`
  })
  return `#compdef herald
_herald() {
  local -a candidates
${toPathSearch(places, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$place" in
${cases.join('\n')}
  esac
  _describe 'herald' candidates
}
compdef _herald herald`
}

function toFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, candidates }) =>
    candidates.map(({ word, meaning }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
      return `complete -c herald -f -n '__herald_at "${path}"' ${what} -d ${quote(meaning)}`
    }),
  )
  return `function __herald_at
  set -l known ${places
    .filter(({ path }) => path !== '')
    .map(({ path }) => `"${path}"`)
    .join(' ')}
  set -l path ""
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$path $word")
    contains -- "$next" $known; and set path "$next"
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
