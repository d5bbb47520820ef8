import fc from 'fast-check'
import t from 'tap'
import { parseJson, resourceText, scanResource } from '../../../src/fhir/json.js'
import { cut, dataText, elementsText, summaryText, textText } from '../../../src/fhir/text/cut.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

const TAG = '"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]'
const tailOf = (text: string): string => scanResource(text).tail
const pulse = tailOf(`{"resourceType":"Observation","id":"pulse","meta":{"profile":["p:q"]},"text":{"status":"generated","div":"<div/>"},"contained":[{"resourceType":"Basic"}],
  "extension":[{"url":"x:y"}],"modifierExtension":[{"url":"m:n","valueString":"z"}],"status":"final","_status":{"id":"s"},"category":[{"text":"c"}],
  "code":{"id":"i","coding":[{"system":"http://loinc.org","code":"8867-4","extension":[{"url":"x:y"}]}],"text":"\\u00e9\\/"},"valueQuantity":{"value":72.10,"unit":"/min"},
  "referenceRange":[{"text":"r"}],"component":[{"id":"c","code":{"text":"k"},"interpretation":[{"text":"high"}]}],"note":[{"text":"n"}]}`)

t.test('_summary=true keeps what is marked isSummary at every depth, decimals and escapes as they are', async t => {
  t.equal(summaryText('Observation', pulse), `,"profile":["p:q"],${TAG}},"modifierExtension":[{"url":"m:n","valueString":"z"}],"status":"final","_status":{"id":"s"},` +
    '"code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}],"text":"\\u00e9\\/"},"valueQuantity":{"value":72.10,"unit":"/min"},"component":[{"code":{"text":"k"}}]}')
})

t.test('_summary=true leaves nothing empty behind', async t => {
  t.equal(summaryText('Patient', tailOf('{"name":[{"extension":[{"url":"x:y"}]}],"identifier":[{"id":"a"},{"value":"b"}],"managingOrganization":{"id":"x"}}')), `,${TAG}},"identifier":[{"value":"b"}]}`)
})

t.test('_summary=true follows elements that are defined by another, however deep', async t => {
  const item = '{"target":[{"url":"x:y"}],"page":{"nameUrl":"a:b","title":"t","generation":"html","page":[{"nameUrl":"c:d","title":"u","generation":"html"}]}}'
  t.match(summaryText('ImplementationGuide', tailOf(`{"url":"x:y","definition":${item}}`)), /"url":"x:y"/)
})

t.test('_summary=text keeps the narrative and what is mandatory, _summary=data all but the narrative', async t => {
  t.equal(textText('Observation', pulse), `,"profile":["p:q"],${TAG}},"text":{"status":"generated","div":"<div/>"},"modifierExtension":[{"url":"m:n","valueString":"z"}],"status":"final","_status":{"id":"s"},` +
    '"code":{"id":"i","coding":[{"system":"http://loinc.org","code":"8867-4","extension":[{"url":"x:y"}]}],"text":"\\u00e9\\/"}}')
  t.equal(dataText('Observation', pulse), pulse.replace('"text":{"status":"generated","div":"<div/>"},', '').replace('["p:q"]', `["p:q"],${TAG}`))
})

t.test('_elements keeps what is named and what is mandatory or a modifier', async t => {
  t.equal(elementsText('Observation', pulse, ['value', 'note']), `,"profile":["p:q"],${TAG}},"modifierExtension":[{"url":"m:n","valueString":"z"}],"status":"final","_status":{"id":"s"},` +
    '"code":{"id":"i","coding":[{"system":"http://loinc.org","code":"8867-4","extension":[{"url":"x:y"}]}],"text":"\\u00e9\\/"},"valueQuantity":{"value":72.10,"unit":"/min"},"note":[{"text":"n"}]}')
  t.equal(elementsText('Patient', tailOf('{"gender":"male","active":true,"_birthDate":{"id":"x"},"deceasedBoolean":false}'), ['birthDate']), `,${TAG}},"active":true,"_birthDate":{"id":"x"},"deceasedBoolean":false}`)
  t.equal(elementsText('Patient', tailOf('{"gender":"male","birthDate":"2000"}'), ['id', 'meta', 'resourceType']), `,${TAG}}}`)
  t.equal(elementsText('Observation', tailOf('{"valueString":"x","issued":"y"}'), ['valueString']), `,${TAG}},"valueString":"x"}`)
})

t.test('_elements refuses a name that is no element of the type', async t => {
  for (const name of ['nam', 'name.family', 'constructor', '']) {
    t.throws(() => elementsText('Patient', '}}', ['gender', name]), { status: 400, message: `_elements: Patient has no element ${JSON.stringify(name)}` })
  }
})

t.test('SUBSETTED joins the tags that are there, once', async t => {
  const tagged = cut(tailOf('{"meta":{"tag":[{"code":"a"}],"source":"s"}}'), () => true)

  t.equal(tagged, `,"tag":[{"code":"a"},${TAG.slice(7)},"source":"s"}}`)
  t.equal(cut(tagged, () => true), tagged)
  t.equal(cut(tailOf('{"meta":{"tag":[]}}'), () => true), `,${TAG}}}`)
})

t.test('a cut keeps the tokens of what it keeps', async t => {
  const member = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1.10', '"\\u00e9"', '{"k":[1e3,{"x":"\\/"}]}', '[]', 'null', '["[{,",2]'))
  const members = fc.uniqueArray(member, { selector: ([name]) => name })
  const text = (pairs: Array<[string, string]>): string => pairs.map(([name, value]) => `,"${name}":${value}`).join('')

  fc.assert(fc.property(members, fc.subarray(['a', 'b', 'c', 'd']), (pairs, kept) => {
    const result = cut(`}${text(pairs)}}`, member => kept.includes(member))

    t.ok(parseJson(resourceText('Basic', 'x', '1', 'now', result)))
    return result === `,${TAG}}${text(pairs.filter(([name]) => kept.includes(name)))}}`
  }), { seed })
})
