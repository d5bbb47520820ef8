import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { type JsonObject, parseJson } from '../../../src/fhir/json.js'
import { patchFhirPath } from '../../../src/fhir/text/patch-fhirpath.js'
import { child, readXml, resourceOf } from './xml.js'

const CASES = '../shared/data/patch/fhirpath-patch.xml'

t.test('the published cases pass', { skip: !existsSync(CASES) && `${CASES} is absent` }, async t => {
  const cases = readXml(readFileSync(CASES, 'utf8')).children
  t.equal(cases.length, 16)
  for (const one of cases) {
    const [input, diff, output] = ['input', 'diff', 'output'].map(part => child(one, part)?.children[0]).map(node => node && resourceOf(node))
    const run = (): unknown => JSON.parse(patchFhirPath(JSON.stringify(input), diff ?? {}))
    const title = one.attributes.name ?? ''
    if (output !== undefined) t.same(run(), output, title)
    else t.throws(run, { status: 422, message: 'operation[0] (add): path: no content found at Patient.identifier.where(use = \'official\').period' }, title)
  }
})

const ANNA = '{"resourceType":"Patient","id":"anna","name":[{"family":"\\u00c9","given":["A","B"],"_given":[null,{"id":"b"}]}],"birthDate":"1990-01-01",' +
  '"_birthDate":{"extension":[{"url":"x:y","valueDecimal":1.10}]},"deceasedBoolean":false,"contact":[{"name":{"text":"C\\/"}}],"extension":[{"url":"x:z","valueDecimal":1e3}]}'

const part = (name: string, value: string): string => `{"name":"${name}",${value}}`
const operation = (type: string, path: string, ...parts: string[]): string =>
  `{"name":"operation","part":[${[part('type', `"valueCode":"${type}"`), part('path', `"valueString":${JSON.stringify(path)}`), ...parts].join(',')}]}`
const parameters = (...operations: string[]): string => `{"resourceType":"Parameters","parameter":[${operations.join(',')}]}`
const patched = (...operations: string[]): string => patchFhirPath(ANNA, parameters(...operations))
const named = (name: string): string => part('name', `"valueString":"${name}"`)
const valued = (value: string): string => part('value', value)
const counted = (name: string, value: number): string => part(name, `"valueInteger":${value}`)

t.test('each operation leaves the tokens of all else as they are', async t => {
  t.equal(patched(), ANNA)
  t.equal(patched(operation('add', 'Patient', named('gender'), valued('"valueCode":"female"'))), ANNA.replace(/}$/, ',"gender":"female"}'))
  t.equal(patched(operation('add', 'Patient.name', named('given'), valued('"valueString":"C"'))), ANNA.replace('"B"]', '"B","C"]').replace('{"id":"b"}]', '{"id":"b"},null]'))
  t.equal(patched(operation('insert', 'Patient.name.given', counted('index', 0), valued('"valueString":"C"'))), ANNA.replace('["A"', '["C","A"').replace('[null', '[null,null'))
  t.equal(patched(operation('insert', 'Patient.name.given', counted('index', 2), valued('"valueString":"C","_valueString":{"id":"c"}'))), ANNA.replace('"B"]', '"B","C"]').replace('{"id":"b"}]', '{"id":"b"},{"id":"c"}]'))
  t.equal(patched(operation('insert', 'Patient.telecom', counted('index', 0), valued('"valueContactPoint":{"rank":1}'))), ANNA.replace(/}$/, ',"telecom":[{"rank":1}]}'))
  t.equal(patched(operation('replace', 'Patient.name.family', valued('"valueString":"F"'))), ANNA.replace('\\u00c9', 'F'))
  t.equal(patched(operation('replace', 'Patient.name.given[0]', valued('"valueString":"F"'))), ANNA.replace('"A"', '"F"'))
  t.equal(patched(operation('replace', 'Patient.name.given[1]', valued('"valueString":"F"'))), ANNA.replace('"B"],"_given":[null,{"id":"b"}]', '"F"]'))
  t.equal(patched(operation('move', 'Patient.name.given', counted('source', 1), counted('destination', 0))), ANNA.replace('"A","B"', '"B","A"').replace('null,{"id":"b"}', '{"id":"b"},null'))
})

t.test('a value comes in with its own tokens: numbers from a value, strings too from a text', async t => {
  const quantity = parameters(operation('replace', 'Patient.extension.value', valued('"valueQuantity":{"value":1.10,"unit":"\\u00e9"}')))
  t.equal(patchFhirPath(ANNA, quantity), ANNA.replace('"valueDecimal":1e3', '"valueQuantity":{"value":1.10,"unit":"\\u00e9"}'))
  t.equal(patchFhirPath(ANNA, parseJson(quantity) as JsonObject), ANNA.replace('"valueDecimal":1e3', '"valueQuantity":{"value":1.10,"unit":"é"}'))
  t.equal(patched(operation('replace', 'Patient.extension.value', valued('"valueDecimal":72.0'))), ANNA.replace('1e3', '72.0'))
})

t.test('a choice changes its member with its type', async t => {
  t.equal(patched(operation('replace', 'Patient.deceased', valued('"valueDateTime":"2020"'))), ANNA.replace('"deceasedBoolean":false', '"deceasedDateTime":"2020"'))
  t.equal(patched(operation('delete', 'Patient.deceased'), operation('add', 'Patient', named('deceased'), valued('"valueDateTime":"2020"'))), ANNA.replace('"deceasedBoolean":false,', '').replace(/}$/, ',"deceasedDateTime":"2020"}'))
  t.throws(() => patched(operation('add', 'Patient', named('deceased'), valued('"valueDateTime":"2020"'))), { status: 422, message: 'operation[0] (add): name: Patient.deceased is there already and does not repeat: replace it' })
  t.throws(() => patched(operation('replace', 'Patient.deceased', valued('"valueInteger":1'))), { status: 422, message: 'operation[0] (replace): value: Patient has no element deceased of type Integer' })
})

t.test('a delete takes the objects with it that it leaves empty, and both halves of a primitive', async t => {
  t.equal(patched(operation('delete', 'Patient.contact[0].name.text')), ANNA.replace('"contact":[{"name":{"text":"C\\/"}}],', ''))
  t.equal(patched(operation('delete', 'Patient.birthDate')), ANNA.replace(/"birthDate".*?}]},/, ''))
  t.equal(patched(operation('delete', 'Patient.birthDate.extension.value')), ANNA.replace(',"valueDecimal":1.10', ''))
  t.equal(patched(operation('delete', 'Patient.birthDate.extension')), ANNA.replace(/"_birthDate".*?}]},/, ''))
  t.equal(patched(operation('delete', 'Patient.name.given[1].id')), ANNA.replace(',"_given":[null,{"id":"b"}]', ''))
  t.equal(patched(operation('delete', 'Patient.name.given[0]')), ANNA.replace('"A",', '').replace('null,', ''))
  t.equal(patched(operation('delete', 'Patient.telecom')), ANNA, 'what is not there is deleted')
})

t.test('an extension is added to a primitive that has none', async t => {
  const added = operation('add', 'Patient.gender', named('extension'), valued('"valueString":"x"')).replace('"valueString":"x"', '"part":[{"name":"url","valueUri":"x:y"},{"name":"value","valueDecimal":1.10}]')

  t.equal(patchFhirPath('{"resourceType":"Patient","gender":"male"}', parameters(added)), '{"resourceType":"Patient","gender":"male","_gender":{"extension":[{"url":"x:y","valueDecimal":1.10}]}}')
})

t.test('a backbone element comes in by its parts', async t => {
  const contact = '"part":[{"name":"relationship","valueCodeableConcept":{"text":"a"}},{"name":"relationship","valueCodeableConcept":{"text":"b"}},{"name":"gender","_valueCode":{"id":"g"}},{"name":"name","valueHumanName":{"text":"N"}}]'
  const component = '"part":[{"name":"code","valueCodeableConcept":{"text":"k"}},{"name":"value","valueQuantity":{"value":1.10}},{"name":"referenceRange","part":[{"name":"low","valueQuantity":{"value":2.0}}]}]'

  t.equal(patched(operation('add', 'Patient', named('contact'), valued(contact))), ANNA.replace('}}],"ext', '}},{"relationship":[{"text":"a"},{"text":"b"}],"_gender":{"id":"g"},"name":{"text":"N"}}],"ext'))
  t.equal(patchFhirPath('{"resourceType":"Observation"}', parameters(operation('insert', 'Observation.component', counted('index', 0), valued(component)))),
    '{"resourceType":"Observation","component":[{"code":{"text":"k"},"valueQuantity":{"value":1.10},"referenceRange":[{"low":{"value":2.0}}]}]}')
  t.throws(() => patched(operation('add', 'Patient', named('contact'), valued('"part":[{"name":"nom","valueString":"x"}]'))), { status: 422, message: 'operation[0] (add): value.nom: Patient.contact has no element nom of type String' })
})

t.test('a contained resource is edited by its own type', async t => {
  const text = '{"resourceType":"Basic","contained":[{"resourceType":"Observation","id":"o","valueString":"x"}]}'

  t.equal(patchFhirPath(text, parameters(operation('replace', 'Basic.contained[0].value', valued('"valueQuantity":{"value":1.10}')))), text.replace('"valueString":"x"', '"valueQuantity":{"value":1.10}'))
  t.equal(patchFhirPath(text, parameters(operation('add', 'Basic', named('contained'), valued('"resource":{"resourceType":"Basic","id":"b"}')))), text.replace('}]', '},{"resourceType":"Basic","id":"b"}]'))
})

/** A pattern for a message that goes on with the engine's own words. */
const startsWith = (text: string): RegExp => new RegExp(`^${text.replace(/[[\](){}.*+?|^$\\]/g, '\\$&')}`)

t.test('what is no patch is refused by its operation and parameter', async t => {
  const refused: ReadonlyArray<readonly [string, number, string]> = [
    ['[]', 400, 'a FHIRPath Patch is a Parameters'],
    ['{"parameter":{}}', 400, 'a FHIRPath Patch is a Parameters'],
    [parameters('{"name":"op"}'), 400, 'operation[0]: name must be "operation"'],
    [parameters(operation('delete', 'Patient.gender'), '{"name":"operation"}'), 400, 'operation[1]: type is missing'],
    [parameters(operation('merge', 'Patient')), 400, 'operation[0]: type must be one of add, insert, delete, replace, move'],
    [parameters(operation('add', 'Patient', named('gender'))), 400, 'operation[0] (add): value is missing'],
    [parameters(operation('add', 'Patient', valued('"valueCode":"male"'))), 400, 'operation[0] (add): name is missing'],
    [parameters(operation('delete', 'Patient.gender', part('pth', '"valueString":"x"'))), 400, 'operation[0] (delete): "pth" is not known; the parameters are type, path'],
    [parameters(operation('delete', 'Patient.gender', counted('index', 1))), 400, 'operation[0] (delete): "index" is not known; the parameters are type, path'],
    [parameters(operation('delete', 'Patient', part('path', '"valueString":"x"'))), 400, 'operation[0] (delete): part is there twice by the same name'],
    [parameters(operation('delete', 'Patient.name[')), 400, 'operation[0] (delete): path cannot be evaluated'],
    [parameters(operation('delete', 'Patient.managingOrganization.resolve()')), 400, 'operation[0] (delete): path cannot be evaluated: a patch may not use resolve()'],
    [parameters(operation('delete', 'Patient.descendants()')), 400, 'operation[0] (delete): path cannot be evaluated: a patch may not use descendants()'],
    [parameters(operation('delete', 'Patient.name.where(%context.exists())')), 400, 'operation[0] (delete): path cannot be evaluated: a patch may not use %context'],
    [parameters(operation('delete', '1 + 1')), 422, 'operation[0] (delete): path: 1 + 1 gives no elements of the resource'],
    [parameters(operation('delete', 'Patient')), 422, 'operation[0] (delete): path: the resource itself cannot be deleted'],
    [parameters(operation('delete', 'Patient.name.given')), 422, 'operation[0] (delete): path: 2 elements found at Patient.name.given, one can be deleted'],
    [parameters(operation('replace', 'Patient.gender', valued('"valueCode":"x"'))), 422, 'operation[0] (replace): path: no content found at Patient.gender'],
    [parameters(operation('replace', 'Patient.name.given', valued('"valueString":"x"'))), 422, 'operation[0] (replace): path: 2 elements found at Patient.name.given, one is needed'],
    [parameters(operation('replace', 'Patient', valued('"valueString":"x"'))), 422, 'operation[0] (replace): path: the resource itself cannot be replaced'],
    [parameters(operation('add', 'Patient', named('nom'), valued('"valueString":"x"'))), 422, 'operation[0] (add): value: Patient has no element nom of type String'],
    [parameters(operation('add', 'Patient', named('address'), valued('"valueQuantity":{"value":1}'))), 422, 'operation[0] (add): value: of type Quantity, but address is of type Address'],
    [parameters(operation('add', 'Patient', named('birthDate'), valued('"valueDate":"2000"'))), 422, 'operation[0] (add): name: Patient.birthDate is there already and does not repeat: replace it'],
    [parameters(operation('insert', 'Patient.name.given', counted('index', 3), valued('"valueString":"x"'))), 422, 'operation[0] (insert): index: the list has no place 3'],
    [parameters(operation('insert', 'Patient.name.given[0]', counted('index', 0), valued('"valueString":"x"'))), 422, 'operation[0] (insert): path: Patient.name.given[0] is not one list'],
    [parameters(operation('insert', 'Patient.birthDate', counted('index', 0), valued('"valueDate":"2000"'))), 422, 'operation[0] (insert): path: Patient.birthDate is not one list'],
    [parameters(operation('insert', 'Patient.gender', counted('index', 0), valued('"valueCode":"x"'))), 422, 'operation[0] (insert): path: Patient.gender is not a list'],
    [parameters(operation('insert', 'Patient.name.given', counted('index', -1), valued('"valueString":"x"'))), 400, 'operation[0] (insert): index must be an integer from 0'],
    [parameters(operation('move', 'Patient.name.given', counted('source', 2), counted('destination', 0))), 422, 'operation[0] (move): source: the list has no place 2'],
    [parameters(...Array.from({ length: 501 }, () => operation('delete', 'Patient.gender'))), 400, 'a FHIRPath Patch has 500 operations at most'],
    [parameters(operation('delete', `Patient.${'a'.repeat(2000)}`)), 400, 'operation[0] (delete): path is longer than 2000 characters']
  ]
  for (const [text, status, message] of refused) {
    t.throws(() => patchFhirPath(ANNA, text), { status, message: startsWith(message) }, message)
  }
})
