// The format of etcd's test data (cockroachdb/datadriven): `#` comments, a command with arguments, lines of input, `----`, and what is
// expected up to an empty line, or between two pairs of `----` where that has empty lines itself.

/** `key`, `key=value` or `key=(a,b)`; a key alone has no values. */
export interface Argument {
  readonly key: string
  readonly values: readonly string[]
}

export interface CommandLine {
  readonly name: string
  readonly args: readonly Argument[]
}

export interface Step extends CommandLine {
  /** Line of the command, from 1. */
  readonly line: number
  readonly input: readonly string[]
  readonly expected: readonly string[]
}

/** The file is not in the format. */
export class FormatError extends Error {}

const separator = '----'

/** All steps of a file. Throws FormatError. */
export function parseFile(text: string): Step[] {
  const lines = text.split('\n')
  const steps: Step[] = []
  for (let at = 0; at < lines.length; ) {
    const command = lines[at]?.trim() ?? ''
    if (command === '' || command.startsWith('#')) {
      at++
      continue
    }
    const line = at + 1
    const first = readContinued(lines, at)
    const end = lines.indexOf(separator, first.next)
    if (end < 0) throw new FormatError(`line ${line}: no ${separator} after "${command}"`)
    const expected = readExpected(lines, end + 1)
    steps.push({
      ...parseCommand(first.text),
      line,
      input: lines.slice(first.next, end),
      expected: expected.lines,
    })
    at = expected.next
  }
  return steps
}

/** A command's words. Throws FormatError. */
export function parseCommand(text: string): CommandLine {
  const [name = '', ...words] = text.trim().match(/[^\s=]+=\([^)]*\)|[^\s]+/g) ?? []
  return { name, args: words.map(parseArgument) }
}

function parseArgument(word: string): Argument {
  const [, key = word, list, value] = /^([^=]+)=(?:\(([^)]*)\)|(.*))$/.exec(word) ?? []
  if (list !== undefined) return { key, values: list.split(/[\s,]+/).filter((each) => each !== '') }
  return { key, values: value === undefined ? [] : [value] }
}

/** The values of an argument; none where it is missing. */
export function valuesOf(args: readonly Argument[], key: string): readonly string[] {
  return args.find((arg) => arg.key === key)?.values ?? []
}

export function flagOf(args: readonly Argument[], key: string): boolean {
  return valuesOf(args, key)[0] === 'true'
}

/** A command may go on in the next line, behind a backslash. */
function readContinued(
  lines: readonly string[],
  start: number,
): { readonly text: string; readonly next: number } {
  let text = lines[start] ?? ''
  let next = start + 1
  for (; text.endsWith('\\'); next++) text = `${text.slice(0, -1)} ${lines[next] ?? ''}`
  return { text, next }
}

function readExpected(
  lines: readonly string[],
  start: number,
): { readonly lines: readonly string[]; readonly next: number } {
  if (lines[start] !== separator) {
    const end = lines.indexOf('', start)
    return end < 0
      ? { lines: lines.slice(start), next: lines.length }
      : { lines: lines.slice(start, end), next: end }
  }
  for (let end = start + 1; end < lines.length; end++)
    if (lines[end] === separator && lines[end + 1] === separator)
      return { lines: lines.slice(start + 1, end), next: end + 2 }
  throw new FormatError(`line ${start}: no second pair of ${separator}`)
}
