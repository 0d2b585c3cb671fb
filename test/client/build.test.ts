// The library as people install it: compiled to JavaScript with declarations, imported by its package name from
// node_modules, where Node strips no types.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FakeNode } from './fake-node.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')

const program = `
import { connect, type PublishResult, type Subscription } from 'herald'
const client = await connect(process.argv[2] as string)
const subscription: Subscription = await client.subscribe('a.>')
const result: PublishResult = await client.publish('a.b', 'hello', { headers: { trace: '1' } })
await subscription.unsubscribe()
await client.drain()
console.log(result.status)
`

test('the built package type-checks and works from node_modules', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'herald-build-'))
  try {
    const installed = join(directory, 'node_modules/herald')
    await mkdir(installed, { recursive: true })
    await copyFile(join(root, 'package.json'), join(installed, 'package.json'))
    await symlink(join(root, 'node_modules/ws'), join(directory, 'node_modules/ws'))
    await symlink(join(root, 'node_modules/@types'), join(directory, 'node_modules/@types'))
    await run(process.execPath, [
      compiler,
      '-p',
      join(root, 'tsconfig.build.json'),
      '--outDir',
      join(installed, 'dist'),
    ])
    await writeFile(join(directory, 'program.ts'), program)
    await writeFile(join(directory, 'package.json'), '{"type":"module"}')
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
    ]
    await run(process.execPath, [compiler, ...options, '--types', 'node', 'program.ts'], { cwd: directory })
    await using node = await FakeNode.listen()
    const { stdout } = await run(process.execPath, ['program.js', node.url], { cwd: directory })
    assert.equal(stdout, 'acknowledged\n')
  } finally {
    await rm(directory, { recursive: true })
  }
})
