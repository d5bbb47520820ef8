// The database goes away under the running server, or its disk is full: said as such, nothing acknowledged is lost, and it recovers by itself.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openCluster } from '../../src/embedded/cluster.js'
import { AS_ROOT, ask, dataFolder, start, tokenFor, type Running } from './process.js'

const PATIENCE = 60_000
const patient = (family: string): object => ({ resourceType: 'Patient', name: [{ family }] })

async function eventually (what: string, holds: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + PATIENCE
  while (!await holds()) {
    if (Date.now() > until) throw new Error(`it does not become so: ${what}`)
    await pause(50)
  }
}

/** What was acknowledged, and everything else that was answered. */
interface Written { readonly acknowledged: Map<string, string>, readonly refused: Awaited<ReturnType<typeof ask>>[] }

/** Writes over a few connections, until it is told to stop. */
function writing (url: string, headers: Record<string, string>): { readonly written: Written, readonly stop: () => Promise<void> } {
  const written: Written = { acknowledged: new Map(), refused: [] }
  const end = new AbortController()
  const lane = async (name: number): Promise<void> => {
    for (let turn = 0; !end.signal.aborted; turn++) {
      const family = `${name}-${turn}`
      const reply = await ask(`${url}/fhir/Patient`, headers, 'POST', patient(family))
      if (reply.status === 201) written.acknowledged.set(reply.json.id, family)
      else {
        written.refused.push(reply)
        await pause(50)
      }
    }
  }
  const lanes = [0, 1, 2, 3].map(lane)
  return {
    written,
    stop: async () => {
      end.abort()
      await Promise.all(lanes)
    }
  }
}

async function allThere (t: Test, url: string, headers: Record<string, string>, { acknowledged }: Written): Promise<void> {
  for (const [id, family] of acknowledged) {
    const { status, json } = await ask(`${url}/fhir/Patient/${id}`, headers)
    if (status !== 200 || json.name[0].family !== family) t.fail(`${id} was acknowledged and answers ${status}`)
  }
  t.pass(`${acknowledged.size} acknowledged writes are there`)
}

const alive = ({ child }: Running): boolean => child.exitCode === null && child.signalCode === null

t.test('a database that goes away is told of with 503, and back it is used again', async t => {
  const dataDir = dataFolder(t)
  const open = async () => await openCluster({ dataDir, settings: { shared_buffers: '128MB' }, say: () => {} })
  let cluster = await open()
  t.teardown(async () => { await cluster.stop() })
  const settings = { DATA_DIR: dataFolder(t), DATABASE_URL: cluster.url }
  const server = await start(t, settings)
  const { url } = server
  const headers = await tokenFor(settings, '--client', 'test')
  const { json: { id } } = await ask(`${url}/fhir/Patient`, headers, 'POST', patient('Sokolova'))
  const { written, stop } = writing(url, headers)
  await eventually('writes are acknowledged', async () => written.acknowledged.size > 20)

  await cluster.stop()

  await eventually('writes are refused', async () => written.refused.length > 8)
  for (const reply of [await ask(`${url}/fhir/Patient/${id}`, headers), await ask(`${url}/fhir/_history`, headers), await ask(`${url}/fhir/Patient/${id}`, headers, 'DELETE'), ...written.refused]) {
    t.equal(reply.status, 503, reply.text)
    t.match(reply.headers.get('retry-after'), /^\d+$/)
    t.match(reply.json, { resourceType: 'OperationOutcome', issue: [{ code: 'transient', diagnostics: /database|audit/ }] })
  }
  t.equal((await ask(`${url}/readyz`)).status, 503)
  t.equal((await ask(`${url}/livez`)).status, 200)
  t.equal((await ask(`${url}/fhir/metadata`)).status, 200)
  t.ok(alive(server))

  const before = written.acknowledged.size
  cluster = await open()

  await eventually('writes are acknowledged again', async () => written.acknowledged.size > before + 20)
  await stop()
  t.equal((await ask(`${url}/readyz`)).status, 200)
  t.equal((await ask(`${url}/fhir/Patient/${id}`, headers)).status, 200)
  await allThere(t, url, headers, written)
  t.ok(alive(server))
})

/** A small disk under a folder; undefined where none can be mounted. */
function smallDisk (t: Test, folder: string): string | undefined {
  try {
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=711', 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    return undefined
  }
  t.teardown(() => { execFileSync('umount', ['-l', folder]) })
  return folder
}

/** Takes all room of a disk but this share of it. Answers a function that gives it back. */
function filled (folder: string, share: number): () => void {
  const { bsize, blocks, bavail } = statfsSync(folder)
  const ballast = join(folder, `ballast-${share}`)
  execFileSync('fallocate', ['-l', String(Math.floor(bavail - blocks * share) * bsize), ballast])
  return () => { rmSync(ballast) }
}

const whyNot = AS_ROOT && process.platform === 'linux' ? false : 'only root can mount a small disk'

t.test('a disk that fills up ends the writes and not the reads', { skip: whyNot }, async t => {
  const DATA_DIR = smallDisk(t, dataFolder(t))
  if (DATA_DIR === undefined) return t.pass('SKIP: this root may not mount')
  const server = await start(t, { DATA_DIR })
  const { url } = server
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const { json: { id } } = await ask(`${url}/fhir/Patient`, headers, 'POST', patient('Sokolova'))
  const write = async () => await ask(`${url}/fhir/Patient`, headers, 'POST', patient('Petrova'))
  const read = async () => await ask(`${url}/fhir/Patient/${id}`, headers)
  const { written, stop } = writing(url, headers)
  await eventually('writes are acknowledged', async () => written.acknowledged.size > 20)

  const release = filled(DATA_DIR, 0.04)

  await eventually('writes are refused', async () => written.refused.length > 4)
  await stop()
  for (const reply of [...written.refused, await write(), await ask(`${url}/fhir/Patient/${id}`, headers, 'DELETE')]) {
    t.match(reply, { status: 503, json: { resourceType: 'OperationOutcome', issue: [{ diagnostics: /^the storage is almost full/ }] } })
    t.match(reply.headers.get('retry-after'), /^\d+$/)
  }
  for (let turn = 0; turn < 500; turn++) if ((await read()).status !== 200) t.fail('a read is refused')
  t.match((await ask(`${url}/fhir`, headers, 'POST', {
    resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `Patient/${id}` } }, { request: { method: 'POST', url: 'Patient' }, resource: patient('Orlova') }]
  })).json, { entry: [{ response: { status: /^200/ } }, { response: { status: /^503/ } }] })

  const empty = filled(DATA_DIR, 0)
  for (let turn = 0; turn < 50; turn++) if (![200, 503].includes((await read()).status)) t.fail('a read is answered neither with what is there nor with 503')
  t.equal((await write()).status, 503)
  t.ok(alive(server))

  empty()
  release()

  await eventually('writes are acknowledged again', async () => (await write()).status === 201)
  t.equal((await read()).status, 200)
  await allThere(t, url, headers, written)
  t.ok(alive(server))
})
