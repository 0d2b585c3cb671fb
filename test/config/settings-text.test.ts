// The settings as help and as a page: docs/configuration.md is what the table of settings says.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { options, toEnvironmentName } from '../../node/config/settings.ts'
import { formatHelp, formatOptionsTable, formatTunablesTable } from '../../node/config/settings-text.ts'
import { tunables } from '../../node/config/tunables.ts'

const documentText = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

test('docs/configuration.md holds the tables of the registry', () => {
  assert.ok(documentText.includes(formatOptionsTable()), `expected this table:\n${formatOptionsTable()}`)
  assert.ok(documentText.includes(formatTunablesTable()), `expected this table:\n${formatTunablesTable()}`)
})

test('names every option in the help', () => {
  const help = formatHelp()
  for (const { flag, meaning } of Object.values(options)) {
    assert.ok(help.includes(`--${flag} `), flag)
    assert.ok(help.includes(meaning), flag)
  }
})

test('gives every setting a key and an environment variable of its own', () => {
  const keys = [...Object.values(options), ...Object.values(tunables)].flatMap(({ key }) => key ?? [])
  const names = [
    ...Object.values(options).map(({ flag }) => toEnvironmentName(flag)),
    ...Object.values(tunables).map(({ key }) => toEnvironmentName(key)),
  ]
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.match(name, /^HERALD_[A-Z]+(_[A-Z]+)*$/)
})

test('keeps every default within its own bounds', () => {
  for (const [name, { fallback, minimum, maximum }] of Object.entries(tunables)) {
    assert.ok(fallback >= minimum && fallback <= maximum, name)
  }
})
