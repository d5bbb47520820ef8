// `_text` and `_content`. https://hl7.org/fhir/R4/search.html#content
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { server, type TestServer } from '../server.js'

const div = (text: string): object => ({ text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>` } })
const condition = (id: string, patient: string, more: object): { resourceType: string, id: string } => ({ resourceType: 'Condition', id, subject: { reference: `Patient/${patient}` }, ...more } as never)

const RECORD = [
  { resourceType: 'Patient', id: 'anna', name: [{ family: 'Ivanova' }] },
  { resourceType: 'Patient', id: 'boris' },
  condition('bones', 'anna', { ...div('<p>Metastases in <b>bones</b> and liver, hepatitis A. No fever.</p>'), code: { text: 'Secondary malignant neoplasm' } }),
  condition('chest', 'anna', { ...div('<p>Боли в груди, одышка; ЭКГ без изменений. Тяжёлое течение</p>'), note: [{ text: 'Пациентка жалуется на кашель' }] }),
  condition('cold', 'boris', {
    ...div('<p>Fever and coughing since yesterday &amp; hepatitis B</p>'), code: { coding: [{ system: 'http://snomed.info/sct', code: '82272006', display: 'Common cold' }] },
    contained: [{ resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Chekhov' }] }], asserter: { reference: '#doctor' },
    extension: [{ url: 'http://example.org/secret-url', valueString: 'hydrotherapy' }, { url: 'http://example.org/x', valueUri: 'http://example.org/neverfound' }]
  })
]

const made = async (t: Parameters<typeof server>[0]): Promise<TestServer> => {
  const city = await server(t, { fullText: true })
  await city.put(...RECORD)
  return city
}

const found = async ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}): Promise<string[]> => {
  const reply = await ask('GET', `/fhir/${path}`, undefined, headers)
  if (reply.statusCode === 409) {
    await wait(20)
    return await found({ ask }, path, headers)
  }
  const { entry = [] } = reply.json<{ entry?: readonly { resource: { id: string } }[] }>()
  return reply.statusCode === 200 ? entry.map(({ resource }) => resource.id).sort() : [`${reply.statusCode}`]
}

const TABLE: readonly (readonly [asked: string, ids: readonly string[]])[] = [
  ['_text=fever', ['bones', 'cold']],
  ['_text=FEVERS', ['bones', 'cold']],
  ['_text=fever -bone', ['cold']],
  ['_text=(bone OR liver) and metastases', ['bones']],
  ['_text="no fever"', ['bones']],
  ['_text="hepatitis A"', ['bones']],
  ['_text=hepatitis', ['bones', 'cold']],
  ['_text=cough', ['cold']],
  ['_text=боль грудь', ['chest']],
  ['_text=«боли в груди»', ['chest']],
  ['_text="груди боли"', []],
  ['_text=тяжелая', ['chest']],
  ['_text=ТЯЖЁЛОЕ', ['chest']],
  ['_text=одышка,cough', ['chest', 'cold']],
  ['_text=одышка or cough', ['chest', 'cold']],
  ['_text=кашель', []],
  ['_content=кашель', ['chest']],
  ['_content=одышкой', ['chest']],
  ['_content=neoplasms', ['bones']],
  ['_content="common cold"', ['cold']],
  ['_content=82272006', ['cold']],
  ['_content=chekhov', ['cold']],
  ['_content=hydrotherapy', ['cold']],
  ['_content=neverfound', []],
  ['_content=secret', []],
  ['_content=anna', []],
  ['_text=neoplasm', []],
  ['_text=hepatitis&_content=cold', ['cold']],
  ['_text=hepatitis&subject:Patient.family=ivanova', ['bones']],
  ['subject:Patient._content=ivanova', ['bones', 'chest']],
  ['subject:Patient._text=ivanova', []]
]

const query = (text: string): string => text.split('&').map(each => each.replace(/=(.*)$/s, (_, value: string) => `=${encodeURIComponent(value)}`)).join('&')

t.test('words of the narrative and of the whole resource find it, in English and in Russian', async t => {
  const city = await made(t)

  for (const [asked, ids] of TABLE) t.same(await found(city, `Condition?${query(asked)}`), ids, asked)
  t.same(await found(city, `Patient?${query('_has:Condition:subject:_text=fever')}`), ['anna', 'boris'])
  t.same(await found(city, `?_type=Condition,Patient&${query('_content=ivanova or cold')}`), ['anna', 'cold'])
})

t.test('what a search finds is what was written before it, replaced or deleted', async t => {
  const city = await made(t)
  t.same(await found(city, 'Condition?_text=fever'), ['bones', 'cold'])

  await city.put(condition('cold', 'boris', div('<p>Recovered</p>')))
  t.same(await found(city, 'Condition?_text=fever'), ['bones'])
  t.same(await found(city, 'Condition?_text=recovering'), ['cold'])

  await city.ask('DELETE', '/fhir/Condition/bones')
  t.same(await found(city, 'Condition?_text=fever'), [])

  const both = await city.beside()
  const other = await both.ask('PUT', '/fhir/Condition/late', condition('late', 'anna', div('<p>Influenza</p>')))
  t.equal(other.statusCode, 201)
  t.same(await found(city, 'Condition?_text=influenza'), ['late'])

  await both.close()
  for (let left = 100; left > 0; left--) {
    const { rows: [row] } = await city.pool.query<{ count: string }>('select count(*) from karta.full_text f where not exists (select from karta.current c where c.rid = f.rid)')
    if (row?.count === '0') break
    await wait(50)
  }
  const { rows } = await city.pool.query('select from karta.full_text f where not exists (select from karta.current c where c.rid = f.rid)')
  t.equal(rows.length, 0, 'nothing is kept of what is not current any more')
})

t.test('what was stored before the index was switched on is found when it is complete, and nothing is answered before', async t => {
  const off = await server(t)
  await off.put(...RECORD)
  const { statusCode, body } = await off.ask('GET', '/fhir/Condition?_text=fever')
  t.equal(statusCode, 400)
  t.match(body, /KARTA_FULL_TEXT/)

  const on = await off.beside({ fullText: true })
  await off.pool.query("insert into karta.full_text_progress (since, total, done) values ('3', 100, 42) on conflict (one) do update set place = 0, total = 100, done = 42")
  const early = await on.ask('GET', '/fhir/Condition?_text=fever')
  if (early.statusCode !== 200) t.match(early.body, /\d+ % of what is stored is indexed|about to be made/)

  t.same(await found(on, 'Condition?_text=fever'), ['bones', 'cold'])
})

t.test('pages go in the usual order, and a total counts', async t => {
  const city = await made(t)
  const ids = Array.from({ length: 25 }, (_, place) => `page${String(place).padStart(2, '0')}`)
  await city.put(...ids.map(id => condition(id, 'anna', div('<p>gastritis</p>'))))

  const seen: string[] = []
  for (let url: string | undefined = '/fhir/Condition?_text=gastritis&_count=7&_total=accurate'; url !== undefined;) {
    const reply = await city.ask('GET', url)
    if (reply.statusCode === 409) continue
    const bundle = reply.json<{ total: number, entry: readonly { resource: { id: string } }[], link: readonly { relation: string, url: string }[] }>()
    t.equal(bundle.total, 25)
    seen.push(...bundle.entry.map(({ resource }) => resource.id))
    url = bundle.link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '')
  }

  t.same(seen, [...ids].reverse())
})

t.test('what is large is taken in small steps, and all of it is found', async t => {
  const city = await made(t)
  const words = 'lorem '.repeat(160_000)
  await city.put(...['a', 'b', 'c', 'd', 'e'].map(id => condition(`large${id}`, 'anna', { note: [{ text: `colitis ${words} appendicitis` }] })), condition('after', 'anna', { note: [{ text: 'colitis' }] }))

  t.same(await found(city, 'Condition?_content=colitis'), ['after', 'largea', 'largeb', 'largec', 'larged', 'largee'])
  t.same(await found(city, 'Condition?_content=appendicitis'), [], 'of each the first 200,000 characters')
})

t.test('nobody finds by words what is not for him', async t => {
  const city = await made(t)
  const nurse = await city.as.treating(['anna'])

  t.same(await found(city, 'Condition?_text=fever', nurse), ['bones'])
  t.same(await found(city, 'Condition?_content=chekhov', nurse), [])
  t.same(await found(city, 'Condition?_text=fever', await city.as.self('boris')), ['cold'])
})

t.test('whatever is asked is answered or refused, never an error of the database', async t => {
  const city = await made(t)
  await found(city, 'Condition?_text=fever')

  await fc.assert(fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), fc.string({ unit: fc.constantFrom('a', ' ', '"', '(', ')', '-', 'or', '&', '|', '!', '\\', "'", ':', '*', '<', 'ж', '1', '.', 'e', ',', '/'), minLength: 1, maxLength: 40 })), async text => {
    const { statusCode, body } = await city.ask('POST', '/fhir/Condition/_search', new URLSearchParams({ _text: text }).toString(), { 'content-type': 'application/x-www-form-urlencoded' })
    if (statusCode !== 200 && statusCode !== 400) throw new Error(`${statusCode} ${body}`)
  }), { numRuns: 300 })
})
