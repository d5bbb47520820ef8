import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { packTar } from 'modern-tar'
import t from 'tap'
import { FhirError } from '../../src/fhir/outcome.js'
import { partsOf } from '../../src/load/parts.js'
import { formOf, isFirst, rankOf, sourcesOf } from '../../src/load/sources.js'
import { unitsOf, type Unit } from '../../src/load/units.js'
import { StartError } from '../../src/start-error.js'

const ANNA = '{"resourceType":"Patient","id":"anna"}'
const BORIS = '{"resourceType":"Patient","id":"boris"}'
const CLINIC = '{"resourceType":"Organization","id":"clinic"}'
const PULSE = '{"resourceType":"Observation","id":"pulse"}'
// city/Adán.json (pulse), city/Organization.json (clinic), city/Patient.ndjson (anna, boris); made with tar and xz.
const CITY_TAR_XZ = '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/APBdADGaSvCBjZVDi2ex3ywPchrw9nSAzD+XjPX4juJLVDkF609Lxct50CZgZz0D6LxnR3UuH27TA1m9QbT+75gjClAHgUJu3qagm7iz7lld+JqEcw3IW4uaLavPCOY1QEc3RcOx/hKm0pkmjck90P3eFTgTuDSFQGIJ2jkafV+k6+Fn1af/M8yT2qBQFhhVispmryzh9N7Wa5VPwhN8SDwrIt6Q8R0blFB0cTksjjgikxXBet7Nt92wEP5wiz3b5cdvJWMa5fnQU6uvdV+qZHQLUJOVPJKoXiWXcPOIbx3vJ4nA48D26+Dhr7u3V2xIPVkAQAC//xTvkSV2dgABjAKAUAAAlcsCUbHEZ/sCAAAAAARZWg=='

const READING = { onBytes: () => {}, leavesOut: () => false }

async function unitsAt (...paths: string[]): Promise<Unit[]> {
  const units: Unit[] = []
  for (const source of sourcesOf(paths)) {
    for await (const part of partsOf(source, READING)) {
      for await (const unit of unitsOf(part)) units.push(unit)
    }
  }
  return units
}
const textsOf = (units: readonly Unit[]) => units.map(({ texts }) => texts)
const tar = async (...files: Array<[name: string, body: string | Uint8Array]>): Promise<Uint8Array> =>
  await packTar(files.map(([name, body]) => ({ header: { name, size: Buffer.byteLength(body), type: 'file' as const }, body })))

t.test('a folder is read with all that is in it, people and places first', async t => {
  const folder = t.testdir({
    a: { 'Ann_Lee.json': PULSE, 'notes.txt': 'not for us' },
    'Observation.ndjson': PULSE,
    'Patient.000.ndjson': ANNA,
    'practitionerInformation1.json': '{}',
    'hospitalInformation1.json': CLINIC
  })

  const sources = sourcesOf([folder])

  t.same(sources.map(({ path }) => path.slice(folder.length + 1)), ['hospitalInformation1.json', 'practitionerInformation1.json', 'Patient.000.ndjson', 'Observation.ndjson', 'a/Ann_Lee.json'])
})

t.test('a file that is named twice is read once', async t => {
  const folder = t.testdir({ 'a.json': ANNA })

  t.equal(sourcesOf([folder, join(folder, 'a.json')]).length, 1)
})

t.test('what is not there or no input is refused by name', async t => {
  const folder = t.testdir({ 'notes.txt': 'not for us', empty: {} })

  t.throws(() => sourcesOf([join(folder, 'nowhere')]), StartError)
  t.throws(() => sourcesOf([join(folder, 'notes.txt')]), /holds nothing to load/)
  t.throws(() => sourcesOf([join(folder, 'empty')]), /holds nothing to load/)
})

t.test('a name says what is in a file', async t => {
  t.same(formOf('x.ndjson.gz'), { form: 'ndjson', packing: 'gz' })
  t.same(formOf('x.tgz'), { form: 'tar', packing: 'gz' })
  t.same(formOf('x.tar.xz'), { form: 'tar', packing: 'xz' })
  t.equal(formOf('x.xml'), undefined)
  t.equal(rankOf('fhir/Practitioner.ndjson'), 1)
  t.equal(rankOf('MedicationRequest.ndjson'), 3)
})

t.test('every form and packing gives the same texts', async t => {
  const folder = t.testdir({ 'one.json': ANNA, 'two.ndjson': `${ANNA}\n${BORIS}\n` })
  const lines = `${ANNA}\n${BORIS}`
  writeFileSync(join(folder, 'one.json.gz'), gzipSync(ANNA))
  writeFileSync(join(folder, 'two.ndjson.gz'), Buffer.concat([gzipSync(`${ANNA}\n`), gzipSync(BORIS)]))
  const packed = await tar(['x.json', PULSE], ['Patient.ndjson', lines], ['Organization.json.gz', gzipSync(CLINIC)], ['readme.md', 'no'])
  writeFileSync(join(folder, 'a.tar'), packed)
  writeFileSync(join(folder, 'a.tar.gz'), gzipSync(packed))
  writeFileSync(join(folder, 'a.tgz'), gzipSync(packed))
  writeFileSync(join(folder, 'city.tar.xz'), Buffer.from(CITY_TAR_XZ, 'base64'))

  for (const name of ['one.json', 'one.json.gz']) t.same(textsOf(await unitsAt(join(folder, name))), [[ANNA]], name)
  for (const name of ['two.ndjson', 'two.ndjson.gz']) t.same(textsOf(await unitsAt(join(folder, name))), [[ANNA, BORIS]], name)
  for (const name of ['a.tar', 'a.tar.gz', 'a.tgz']) t.same(textsOf(await unitsAt(join(folder, name))), [[PULSE], [ANNA, BORIS], [CLINIC]], name)
  t.same(textsOf(await unitsAt(join(folder, 'city.tar.xz'))), [[PULSE], [CLINIC], [ANNA, BORIS]])
})

t.test('a member of an archive is named by both', async t => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'city.tar.xz'), Buffer.from(CITY_TAR_XZ, 'base64'))

  const units = await unitsAt(folder)

  t.same(units.map(({ name }) => name.slice(folder.length + 1)), ['city.tar.xz!city/Adán.json', 'city.tar.xz!city/Organization.json', 'city.tar.xz!city/Patient.ndjson'])
  t.equal(new Set(units.map(({ key }) => key)).size, 3)
})

t.test('lines fall into the same units however their bytes arrive', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'я', '"', ' '), maxLength: 30 })
  await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 700 }), fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }), async (texts, sizes) => {
    const all = Buffer.from(texts.map(text => `${text}\n`).join(''))
    async function * bytes () {
      for (let at = 0, turn = 0; at < all.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        yield all.subarray(at, at + size)
        at += size
      }
    }
    const units: Unit[] = []
    for await (const unit of unitsOf({ name: 'x', key: 'x', form: 'ndjson', bytes: bytes() })) units.push(unit)
    return units.flatMap(({ texts }) => texts).join('\n') === texts.join('\n') && units.every(({ line }, index) => line === 1 + index * 256)
  }), { numRuns: 50 })
})

t.test('a line that is no UTF-8 spoils no other', async t => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'x.ndjson'), Buffer.concat([Buffer.from(`${ANNA}\n`), Buffer.from([0xff, 0xfe, 10]), Buffer.from(BORIS)]))

  const [unit] = await unitsAt(folder)

  t.equal(unit?.texts[0], ANNA)
  t.ok(unit?.texts[1] instanceof FhirError)
  t.equal(unit?.texts[2], BORIS)
})

t.test('what is broken in its packing fails by itself, and does not hang', async t => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'x'))
  const packed = Buffer.from(CITY_TAR_XZ, 'base64')
  const broken: Array<[string, Buffer]> = [
    ['a.json.gz', Buffer.from('no gzip at all')], ['cut.json.gz', gzipSync(ANNA.repeat(100)).subarray(0, 30)],
    ['a.tar.xz', Buffer.from('no xz at all, but long enough to be looked at')], ['b.tar.xz', Buffer.concat([packed.subarray(0, 80), Buffer.alloc(40, 7), packed.subarray(120)])],
    ['cut.tar.xz', packed.subarray(0, 200)], ['a.tar', Buffer.alloc(2048, 1)]
  ]
  for (const [name, bytes] of broken) {
    const path = join(folder, 'x', name)
    writeFileSync(path, bytes)
    await t.rejects(unitsAt(path), name)
  }
})

t.test('members of an archive can be left out', async t => {
  const folder = t.testdir()
  const path = join(folder, 'city.tar.xz')
  writeFileSync(path, Buffer.from(CITY_TAR_XZ, 'base64'))
  const read: string[] = []
  let bytes = 0

  for (const source of sourcesOf([path])) {
    for await (const part of partsOf(source, { onBytes: count => { bytes += count }, leavesOut: name => !isFirst(name) })) {
      for await (const unit of unitsOf(part)) read.push(...unit.texts.map(String))
    }
  }

  t.same(read, [CLINIC, ANNA, BORIS])
  t.equal(bytes, Buffer.from(CITY_TAR_XZ, 'base64').length)
})
