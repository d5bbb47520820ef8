import t from 'tap'
import { ask, dataFolder, karta, start, tokenFor } from './process.js'

const patient = (id: string) => ({ resourceType: 'Patient', id, name: [{ family: id }] })
const observation = (id: string, subject: string, label?: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: id },
  subject: { reference: `Patient/${subject}` },
  ...(label !== undefined && { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: label }] } })
})

t.test('karta token', async t => {
  const DATA_DIR = dataFolder(t)
  const settings = { DATA_DIR }
  const { url } = await start(t, settings)
  const operator = await tokenFor(settings, '--client', 'test')
  for (const resource of [patient('anna'), patient('boris'), observation('pulse', 'anna'), observation('mood', 'anna', 'PSY'), observation('weight', 'boris')]) {
    const { status } = await ask(`${url}/fhir/${resource.resourceType}/${resource.id}`, operator, 'PUT', resource)
    t.equal(status, 201, resource.id)
  }
  const statuses = async (headers: { authorization: string }) =>
    await Promise.all(['Observation/pulse', 'Observation/mood', 'Observation/weight'].map(async path => (await ask(`${url}/fhir/${path}`, headers)).status))

  t.test('prints the token alone on the last line', async t => {
    const lines = (await karta(settings, 'token', '--client', 'test')).trimEnd().split('\n')

    t.match(lines.at(-1), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  })

  t.test('for the operator sees everything, as far as its scope reaches', async t => {
    const narrow = await tokenFor(settings, '--client', 'test', '--scope', 'system/Patient.rs')

    t.same(await statuses(operator), [200, 200, 200])
    t.same(await statuses(narrow), [403, 403, 403])
    t.equal((await ask(`${url}/fhir/Patient/anna`, narrow)).status, 200)
  })

  t.test('for a patient sees what is his own', async t => {
    const anna = await tokenFor(settings, '--patient', 'anna')

    t.same(await statuses(anna), [200, 200, 404])
    t.equal((await ask(`${url}/fhir/Patient/boris`, anna)).status, 404)
  })

  t.test('for somebody who treats sees these patients, but for what is denied', async t => {
    const doctor = await tokenFor(settings, '--treats', 'anna')
    const both = await tokenFor(settings, '--treats', 'anna,boris', '--denied', 'SEX')

    t.same(await statuses(doctor), [200, 404, 404])
    t.same(await statuses(both), [200, 200, 200])
  })

  t.test('names what it cannot do', async t => {
    const wrong: Array<[string[], RegExp]> = [
      [['--patient', 'nobody'], /^karta: There is no Patient nobody/],
      [['--treats', 'anna,nobody'], /^karta: There is no Patient nobody/],
      [['--patient', 'anna', '--treats', 'boris'], /not both/],
      [[], /--client NAME/],
      [['--client', 'test', '--minutes', '721'], /from 1 to 720/],
      [['--client', 'test', '--scope', 'system/Patients.rs'], /"system\/Patients\.rs" is not a scope/],
      [['--patient', 'anna', '--scope', 'system/*.rs'], /begin with patient\//]
    ]

    for (const [args, message] of wrong) {
      const { code, stderr, stdout } = await karta(settings, 'token', ...args).then(() => ({ code: 0, stderr: '', stdout: '' }), (thrown: { code: number, stderr: string, stdout: string }) => thrown)

      t.equal(code, 1, args.join(' '))
      t.match(stderr, message)
      t.equal(stdout, '')
    }
  })

  t.test('leaves a trail that karta verify-audit finds whole', async t => {
    t.match(await karta(settings, 'verify-audit'), /^\d+ links, 0 faults/)
  })
})
