// The registry of settings as text: for `--help`, and as the tables of docs/configuration.md, which a test compares.

import { formatTunable } from './setting-value.ts'
import { type OptionEntry, options, toEnvironmentName } from './settings.ts'
import { type TunableEntry, tunables } from './tunables.ts'

/** What `--help` prints. */
export function formatHelp(): string {
  const entries: readonly OptionEntry[] = Object.values(options)
  const rows = entries.map((entry): readonly [string, string] => {
    const fallback = entry.fallback === undefined ? ' Required.' : ` Default: ${entry.fallback}.`
    return [`--${entry.flag} ${entry.value}`, `${entry.meaning}${fallback}`]
  })
  rows.push(['-h, --help', 'Shows this.'], ['--version', 'Shows the version.'])
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  const lines = rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`)
  return [
    'Usage: node node/main.ts --node-id ID --peers FILE [options]',
    '',
    'Runs one node of a Herald cluster.',
    '',
    ...lines,
    '',
    'Every option is also an environment variable, such as HERALD_NODE_ID. Limits and retention are set in the',
    'configuration file; docs/configuration.md has them all.',
    '',
    'Example: node node/main.ts --node-id A --port 8000 --peers peers.json',
    '',
  ].join('\n')
}

/** The table of options in docs/configuration.md. */
export function formatOptionsTable(): string {
  const entries: readonly OptionEntry[] = Object.values(options)
  return formatTable(
    ['option', 'environment', 'key', 'meaning', 'default', 'reason'],
    entries.map((entry) => [
      `\`--${entry.flag} ${entry.value}\``,
      `\`${toEnvironmentName(entry.flag)}\``,
      entry.key === undefined ? '-' : `\`${entry.key}\``,
      entry.meaning,
      entry.fallback ?? 'required',
      entry.reason,
    ]),
  )
}

/** The table of tunables in docs/configuration.md. */
export function formatTunablesTable(): string {
  const entries: readonly TunableEntry[] = Object.values(tunables)
  return formatTable(
    ['key', 'environment', 'meaning', 'default', 'bounds', 'reason'],
    entries.map((entry) => [
      `\`${entry.key}\``,
      `\`${toEnvironmentName(entry.key)}\``,
      entry.meaning,
      formatTunable(entry.fallback, entry),
      `${formatTunable(entry.minimum, entry)} to ${formatTunable(entry.maximum, entry)}`,
      entry.reason,
    ]),
  )
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}
