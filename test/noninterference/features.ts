// Every feature of search that the server has, as questions at random. A feature is a list of templates of searches: `{a;b}` stands for one of
// these, `{p}` `{o}` and so on for the place of a patient, an observation and so on.
import fc from 'fast-check'

/** One question. `alike`: it writes where it may, so it is compared with the same kind of caller instead of the operator. */
export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly alike?: true | undefined
}

const PLACES: Readonly<Record<string, number>> = { p: 5, o: 40, e: 8, c: 8, r: 8 }
const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']

/** Texts of a template. */
export function textOf (template: string): fc.Arbitrary<string> {
  const pieces = template.split(/\{([^}]*)\}/).map((piece, place) => {
    if (place % 2 === 0) return fc.constant(piece)
    const count = PLACES[piece]
    return count === undefined ? fc.constantFrom(...piece.split(';')) : fc.nat({ max: count - 1 }).map(number => `${piece}${number}`)
  })
  return fc.tuple(...pieces).map(parts => parts.join(''))
}

const one = (templates: readonly string[]): fc.Arbitrary<string> => fc.oneof(...templates.map(textOf))

// What a search asks beside: nothing is the simplest.
const FORM = one(['', '&_total=accurate', '&_total=estimate', '&_total=none'])
const SIZE = one(['&_count=1000', '&_count={2;3;5;9}'])
const SORT = one(['', '&_sort={-;}_lastUpdated', '&_sort=_id'])

const search = (...templates: readonly string[]): fc.Arbitrary<Question> => fc.tuple(one(templates), SIZE, FORM, SORT).map(([asked, size, form, sort]) =>
  ({ method: 'GET', path: `/fhir/${asked}${size}${form}${asked.includes('_sort=') ? '' : sort}` }))

const exactly = (...templates: readonly string[]): fc.Arbitrary<Question> => one(templates).map(path => ({ method: 'GET', path: `/fhir/${path}` }))

const posted = one(['{Observation;Condition}|code={29463-7;8302-2}', 'Observation|subject=Patient/{p}', 'RiskAssessment|probability=gt0.{1;3}']).map((text): Question => {
  const [type = '', body = ''] = text.split('|')
  return { method: 'POST', path: `/fhir/${type}/_search`, body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
})

const batch = fc.array(one(['Observation?code={29463-7;8302-2}&_count=5', 'Patient?gender=male', 'Observation/{o}', 'Patient/{p}', 'Encounter?subject:Patient.gender=female', 'Observation/{o}/_history']), { minLength: 1, maxLength: 4 })
  .map((urls): Question => ({ method: 'POST', path: '/fhir', body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: urls.map(url => ({ request: { method: 'GET', url } })) }) }))

// Criteria that none, one or several meet.
const CRITERIA = [
  'Observation?identifier=urn:id|{0;1;2;3;4;5;6;7}', 'Observation?_id={o}', 'Observation?code={29463-7;8302-2}&subject=Patient/{p}', 'Condition?encounter=Encounter/{e}', 'Observation?subject:Patient.identifier=urn:shared|{0;1}&identifier=urn:id|{0;1;2;3;4}',
  '{Condition;Encounter}?identifier=urn:id|{0;1;2;3;4;5;6;7}', 'Patient?identifier=urn:id|{0;1;2;3;4}'
]

const OF_DATA = CRITERIA.filter(each => !each.startsWith('Patient'))

// Nothing comes of these, whatever is found: a second write of the same would not be asked of the same city.
const conditional = (asked: (criteria: string, type: string) => Omit<Question, 'alike'>): fc.Arbitrary<Question> =>
  one(CRITERIA).map(criteria => ({ ...asked(criteria, criteria.split('?')[0] ?? ''), alike: true }))

const stranger = (type: string): string => JSON.stringify(type === 'Patient'
  ? { resourceType: 'Patient' }
  : { resourceType: type, subject: { reference: 'Patient/nobody' }, ...(type === 'Observation' && { status: 'final', code: { text: 'x' } }) })

// Owners are settled after all that criteria mean: of this entry nothing is known, so nothing is written.
const FAILING = { resource: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/nobody' } }, request: { method: 'POST', url: 'Observation' } }

const transaction = (...entry: readonly object[]): Question => ({ method: 'POST', path: '/fhir', alike: true, body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }) })

const conditionalReference = one(['subject|Patient?identifier=urn:id|{0;1;2;3;4}', 'subject|Patient?identifier=urn:shared|{0;1}', 'subject|Patient?name=anna&gender={male;female}', 'subject|Patient?_has:Observation:subject:identifier=urn:id|{3;4}', ...OF_DATA.map(each => `focus|${each}`)]).map(text => {
  const [element = '', ...reference] = text.split('|')
  const to = { reference: reference.join('|') }
  return transaction({ resource: { ...FAILING.resource, ...(element === 'focus' ? { focus: [to] } : { subject: to }) }, request: FAILING.request }, FAILING)
})

const conditionalEntry = fc.tuple(fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'), one(OF_DATA)).map(([method, criteria]) => {
  const [type = '', query = ''] = criteria.split('?')
  const resource = JSON.parse(stranger(type)) as object
  const edit = { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from('[{"op":"test","path":"/id","value":"none"}]').toString('base64') }
  return transaction({
    ...(method !== 'DELETE' && { resource: method === 'PATCH' ? edit : resource }), request: { method, url: method === 'POST' ? type : criteria, ...(method === 'POST' ? { ifNoneExist: query } : method === 'PUT' && { ifMatch: 'W/"1"' }) }
  }, FAILING)
})

const searches = fc.array(one(['Observation?code={29463-7;8302-2}&_count=5', 'Patient?gender=male', 'Patient/{p}/Observation?status=final', 'Encounter?subject:Patient.gender=female', 'Observation?status=final&_summary=count']), { minLength: 1, maxLength: 3 })
  .map(urls => ({ ...transaction(...urls.map(url => ({ request: { method: 'GET', url } }))), alike: undefined }))

const prefixes = Object.fromEntries(PREFIXES.map(prefix => [`prefix ${prefix}`, search(
  `Observation?date=${prefix}2026-01-0{1;2;3;4}`, `Observation?value-quantity=${prefix}{1;3}|http://unitsofmeasure.org|kg`, `RiskAssessment?probability=${prefix}0.{1;3}`, `Encounter?date=${prefix}2026-01`, `Appointment?date=${prefix}2026-01-0{2;4}`
)]))

/** Each feature by its name. */
export const FEATURES: Readonly<Record<string, fc.Arbitrary<Question>>> = {
  'no parameter': search('{Observation;Patient;Appointment;Group;Provenance;List;Device;DocumentReference}?'),
  string: search('Patient?name={fam;eva;anna}', 'Patient?family=family{0;1}', 'RelatedPerson?name={sid;simon}', 'RelatedPerson?address-city=t', 'DocumentReference?description=lett', 'Observation?value-string=so', 'List?title=m'),
  ':exact': search('Patient?given:exact={Anna;Éva}', 'RelatedPerson?address-city:exact={Tver;Tula}', 'DocumentReference?description:exact=Letter'),
  ':contains': search('Patient?name:contains=mily', 'DocumentReference?description:contains=ette', 'RelatedPerson?address:contains=ul', 'Condition?onset-info:contains=ago'),
  token: search('Observation?code={29463-7;8302-2;http://loinc.org|;http://loinc.org|8302-2}', 'Patient?gender={male;female}', 'Observation?status={final;amended}', 'Condition?code=8302-2', 'Encounter?class=AMB', 'Observation?identifier={1;urn:id|2;urn:id|}', 'RelatedPerson?phone=%2B7495{0;1}'),
  ':not': search('Observation?code:not={29463-7;8302-2}', 'Patient?gender:not=male', 'Encounter?class:not=IMP', '{Observation;Device}?_security:not=HIV'),
  ':in': search('Encounter?class:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode', 'Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender', 'Observation?code:in=http://hl7.org/fhir/ValueSet/observation-{codes;vitalsignresult}', 'Observation?subject:Patient.gender:in=http://hl7.org/fhir/ValueSet/administrative-gender'),
  ':not-in': search('Encounter?class:not-in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode', 'Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender', 'Patient?_has:Observation:patient:status:not-in=http://hl7.org/fhir/ValueSet/administrative-gender'),
  ':above, :below of codes': search('Encounter?class:{above;below}=http://terminology.hl7.org/CodeSystem/v3-ActCode|{AMB;IMP;_ActEncounterCode}', 'Observation?encounter.class:below=_ActEncounterCode'),
  _filter: search('Observation?_filter=code eq {29463-7;8302-2} {and;or} status {eq;ne} final', 'Observation?_filter=not (subject.gender eq male{; or date pr false})', 'Observation?_filter=performer[gender eq male].name co a', 'Patient?_filter=given {sw;ew;ne;gt} anna', 'Observation?_filter=date {po;co} 2026-01-0{1;2;3}', 'DocumentReference?_filter=relatesTo[code eq replaces].target re DocumentReference/t{0;1;2;3}', 'Encounter?_filter=class {ss;sb} _ActEncounterCode'),
  ':text': search('Observation?code:text={body;mood}', 'Condition?code:text=body height'),
  ':of-type': search('Observation?identifier:of-type=urn:type|{MR;SS}|{1;2;3}', 'Device?identifier:of-type=urn:type|MR|{0;1;2;3;4;5;6;7}'),
  ':missing': search('Observation?{performer;encounter;date;value-quantity;has-member;component-code;identifier;_tag;_source}:missing={true;false}', 'Patient?link:missing={true;false}', 'Condition?onset-date:missing=true', 'Device?_security:missing=true'),
  date: search('Observation?date={;ge;lt}2026-01-0{1;2;3;4}', 'Patient?birthdate={1950;lt1975;ge1970-01-01}', 'Encounter?date=2026-01', 'Condition?onset-date=2026', 'QuestionnaireResponse?authored=2026-01-0{1;2;3}'),
  number: search('RiskAssessment?probability=0.{0;1;2;3;4;5}', 'RiskAssessment?probability={gt;le}0.2'),
  quantity: search('Observation?value-quantity={0;1;2;3;4;5}', 'Observation?value-quantity={1;2;3}|http://unitsofmeasure.org|{kg;g}', 'Observation?value-quantity={2.5;gt1}||spoons', 'Observation?component-value-quantity=gt1', 'Condition?onset-age=gt2', 'Observation?combo-value-quantity={1;2}||kg'),
  uri: search('Device?url=http://device.test/{a;a/b}', 'Observation?_source=urn:source:{0;1}', 'Observation?_profile=http://karta.test/profile/{a;b/c}'),
  ':below': search('Device?url:below=http://device.test/a', 'Observation?_profile:below=http://karta.test/profile/{a;b}'),
  ':above': search('Device?url:above=http://device.test/a/b', 'Device?url:above=http://device.test/a/b/c'),
  reference: search('Observation?subject=Patient/{p}', 'Observation?patient={p}', 'Observation?performer={Patient/p1;Practitioner/d0;Organization/g1;d1}', 'Observation?encounter=Encounter/{e}', 'Appointment?patient=Patient/{p}', 'Group?member=Patient/{p}', 'DiagnosticReport?result=Observation/{o}', 'Observation?subject=Patient/{p},Patient/{p},Patient/{p}', 'Patient?link=Patient/{p}', 'Provenance?target=Patient/{p}', 'List?item={o}'),
  ':identifier': search('Observation?subject:identifier=urn:id|{0;1;2;3}', 'Observation?patient:identifier={0;1;2;3}'),
  ':[type]': search('Observation?subject:Patient={p}', 'Observation?performer:{Practitioner=d0;Organization=g1;Patient=p2}', 'List?item:Observation={o}'),
  composite: search('Observation?code-value-quantity=29463-7{$}{gt1;2||kg;lt4}', 'Observation?component-code-value-quantity=8480-6$gt{0;1}', 'DocumentReference?relationship=DocumentReference/t{0;1;2;3;4;5;6;7}{$}{replaces;appends}', 'Observation?code-value-string=29463-7$so', 'Observation?code-value-concept=29463-7$http://loinc.org|8302-2', 'Observation?code-value-date=29463-7$2026'),
  near: search('Encounter?location.near=5{5;6}|37|{10;500}|km', 'Encounter?location:Location.near=55|37'),
  _id: search('Observation?_id={o},{o},{o},{o},{o},{o}', 'Patient?_id=p0,p1,p2,p3', 'Condition?_id={c}'),
  _lastUpdated: search('{Observation;Patient}?_lastUpdated={gt;ge}2020', 'Observation?_lastUpdated={lt;sa}2100-01-01'),
  _tag: search('Observation?_tag={new;urn:tag|old}', 'Condition?_tag:not=new'),
  _profile: search('Observation?_profile=http://karta.test/profile/a', 'Condition?_profile:missing=false'),
  _security: search('{Observation;Condition;Encounter}?_security={PSY;HIV}', 'Device?_security:not=PSY', 'Observation?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|PSY'),
  _text: search('Observation?_text={weight;heights;настроение;"body weight"}', 'Observation?_text=(mood or body) -height', 'Condition?subject:Patient._text=story', 'Patient?_has:Observation:subject:_text=weight'),
  _content: search('Observation?_content={weight;amended;spoons;"body height"}', '{Condition;DocumentReference;Encounter}?_content={height;letter;AMB}', 'Observation?subject:Patient._content={male;éva}', '?_type=Observation,Condition,Patient&_content={body;anna}'),
  _contained: search('Medication?code={29463-7;8302-2}&_contained={true;both}{;&_containedType=contained}', 'Medication?code={29463-7;8302-2}&status{;:not}={active;inactive}&_contained=true{;&_containedType=contained}', 'Medication?code:text={body;mood;salt}&_contained=both&_include=MedicationRequest:encounter').map(unsorted),
  '_contained, counted': exactly('Medication?code={29463-7;8302-2}&_contained={true;both}{&_summary=count;&_total=accurate&_count=2;&_count=1&_containedType=contained}'),
  _source: search('{Observation;Condition}?_source=urn:source:{0;1}'),
  _list: search('Observation?_list=s{0;1;2;3;4;5}', 'Condition?_list=s{0;1;2;3;4;5}', 'Observation?_list=s{0;1;2},s{3;4;5}'),
  or: search('Observation?code=29463-7,8302-2', 'Observation?subject=Patient/{p},Patient/{p}', 'Observation?performer=Patient/{p},Practitioner/d0', 'Patient?gender=male,female'),
  and: search('Observation?code=29463-7&value-quantity=gt1&date=2026', 'Observation?status=final&code:not=8302-2', 'Observation?subject=Patient/{p}&code=29463-7', 'Observation?performer=Practitioner/d0&encounter=Encounter/{e}', 'Patient?gender=male&family=family1'),
  ...prefixes,
  'chain to patients': search('Observation?subject:Patient.{gender=male;family=family1;birthdate=lt1975;identifier=urn:shared|0}', 'Observation?performer:Patient.{gender=male;name=anna}', 'Patient?link:Patient.{gender=female;family=family0}', 'Condition?patient.name=eva', 'Appointment?patient.gender=male', 'Appointment?actor:Patient.family=family1'),
  'chain to patient data': search('Observation?encounter.{class=AMB;status=planned}', 'Observation?has-member:Observation.{code=29463-7;status=final}', 'Observation?derived-from:Observation.value-quantity=gt1', 'DiagnosticReport?result.{code=8302-2;value-quantity=gt2}', 'RiskAssessment?condition.code=29463-7', 'DocumentReference?relatesto.description=letter', 'List?item:Observation.status=final', 'Condition?encounter.date=2026-01-0{1;2;3;4}'),
  'chain to the directory': search('Encounter?service-provider.name=branch', 'Observation?performer:Organization.name=clinic', 'Patient?organization.partof.name=clinic', 'MedicationRequest?medication.code:text=salt', 'Encounter?location.name=place'),
  'chain without a type': search('Observation?subject.{gender=male;family=family1}', 'Observation?performer.{name=orlova;gender=male}', 'List?item.status=final', 'Observation?has-member.status=final'),
  'long chain': search('Observation?encounter.subject:Patient.gender=male', 'Observation?has-member:Observation.encounter.class=IMP', 'DiagnosticReport?result.encounter.service-provider.name=clinic', 'RiskAssessment?condition.encounter.location.name=place', 'Observation?performer:Patient.link:Patient.gender=male'),
  'chain over many': search('Observation?encounter.class={AMB;IMP}&_has:Observation:has-member:status=final', 'Observation?encounter.class=AMB&encounter.service-provider.name={clinic;branch}', 'Encounter?location.name=place&_has:Observation:encounter:code={29463-7;8302-2}', 'Observation?subject.{general-practitioner.name=orlova;organization.name=clinic}', 'Patient?_has:Observation:subject:encounter.service-provider.name=clinic', '?_type=Observation,Condition&encounter.class=AMB', 'Patient/{p}/Observation?encounter.class=AMB', 'Observation?_filter=encounter.class eq AMB {and;or} not (has-member.status eq final)', 'Observation?encounter.class=AMB&_sort={-;}{date;code;value-quantity}'),
  'chain and :not, :missing': search('Observation?subject:Patient.gender:not=male', 'Observation?encounter.class:not=AMB', 'Patient?link:Patient.link:missing=true', 'DiagnosticReport?result.performer:missing=true'),
  _has: search('Patient?_has:Observation:{subject;patient}:{code=29463-7;status=amended;value-quantity=gt4}', 'Patient?_has:Observation:performer:{code=8302-2;status=final}', 'Encounter?_has:Observation:encounter:code={29463-7;8302-2}', 'Observation?_has:Observation:has-member:status=final', 'Organization?_has:Patient:organization:gender=male', 'Practitioner?_has:Observation:performer:code=29463-7', 'Patient?_has:Patient:link:gender=male', 'Patient?_has:Appointment:patient:date=2026-01-0{1;2;3;4;5;6}', 'Observation?_has:DiagnosticReport:result:code=29463-7', 'Patient?_has:Group:member:type=person', 'Location?_has:Encounter:location:class=AMB'),
  '_has in _has': search('Organization?_has:Patient:organization:_has:Observation:patient:code=29463-7', 'Patient?_has:Encounter:subject:_has:Observation:encounter:status=final', 'Practitioner?_has:Patient:general-practitioner:_has:Condition:patient:code=8302-2', 'Encounter?_has:Observation:encounter:_has:DiagnosticReport:result:status=final'),
  '_has and chain': search('Patient?_has:Observation:patient:encounter.class=AMB', 'Observation?subject:Patient._has:Condition:subject:code=29463-7', 'Observation?encounter._has:Condition:encounter:onset-date=2026', 'Patient?_has:Observation:performer:subject:Patient.gender=male', 'Patient?link:Patient._has:Observation:patient:code=8302-2'),
  '_has and :not, :missing': search('Patient?_has:Observation:performer:code:not=29463-7', 'Encounter?_has:Observation:encounter:performer:missing=true', 'Patient?_has:Patient:link:link:missing=true'),
  _include: search('Observation?_include=Observation:{performer;encounter;subject;has-member;*}', 'DiagnosticReport?_include=DiagnosticReport:{result;encounter;*}', 'List?_include=List:item{;:Observation;:Condition}', 'Patient?_include=*', 'Observation?status=final&_include=Observation:performer:Patient', 'Appointment?_include=Appointment:actor', 'DocumentReference?_include=DocumentReference:relatesto'),
  '_include:iterate': search('DiagnosticReport?_include=DiagnosticReport:result&_include:iterate=Observation:{encounter;has-member;performer}', 'Observation?code=29463-7&_include:iterate=Observation:has-member&_include:iterate=Observation:derived-from', 'List?_include=List:item&_include:iterate=Observation:encounter&_include:iterate=Encounter:service-provider', 'Patient?_id={p}&_include:iterate=Patient:link'),
  _revinclude: search('Patient?_revinclude=Observation:{performer;subject;*}', 'Encounter?_revinclude=Observation:encounter&_revinclude=Condition:encounter', 'Organization?_revinclude=Patient:organization', 'Practitioner?_revinclude=Observation:performer', 'Observation?_revinclude=DiagnosticReport:result', 'Observation?_revinclude=List:item', 'Patient?_revinclude=Patient:link', 'Patient?_revinclude=Provenance:target', 'Location?_revinclude=Encounter:location', 'Patient?_revinclude=Appointment:actor'),
  '_revinclude:iterate': search('Organization?_id=g0&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization&_revinclude:iterate=Observation:subject', 'Encounter?_revinclude=Observation:encounter&_revinclude:iterate=DiagnosticReport:result', 'Organization?_revinclude=Patient:organization&_include:iterate=Patient:link'),
  'sort by what a row has': search('Observation?_sort={-;}{date;code;status;value-quantity;_id;_lastUpdated}', 'Patient?_sort={-;}{family;birthdate;gender}', 'RiskAssessment?_sort={-;}probability', 'Encounter?_sort={-;}date', 'Device?_sort=url', 'Condition?_sort={-;}onset-date'),
  'sort by several keys': search('Observation?_sort={-;}status,{-;}date', 'Observation?_sort=code,{-;}value-quantity,-_id', 'Patient?_sort=gender,-family', 'RelatedPerson?_sort=address-city,{-;}name'),
  paging: exactly('Observation?_count={1;2;3;7}', 'Observation?status=final&_count={1;2;3}', 'Observation?code=29463-7&_sort={-;}date&_count={1;2;4}', 'Observation?_sort={-;}value-quantity&_count={2;5}', 'Patient?_count=1', 'Observation?subject=Patient/{p}&_count=1'),
  '_total=accurate': exactly('Observation?status={final;amended}&_total=accurate&_count=1', '{Encounter;Condition;Patient;Device}?_total=accurate&_count=1', 'Observation?subject=Patient/{p}&_total=accurate'),
  '_total=estimate': exactly('Observation?status={final;amended}&_total=estimate&_count=2', '{Encounter;Condition;Patient}?_total=estimate&_count=1'),
  '_summary=count': exactly('{Observation;Encounter;Condition;Patient;Appointment;Group;Provenance}?_summary=count', 'Observation?code={29463-7;8302-2}&_summary=count', 'Patient?_has:Observation:subject:status=amended&_summary=count', 'Observation?encounter:missing=true&_summary=count'),
  '_count=0': exactly('{Observation;Encounter;Condition;Patient}?_count=0', 'Observation?subject:Patient.gender=male&_count=0'),
  '_elements and _summary': exactly('Observation?_elements=code,status&_count=50', 'Patient?_summary={true;data;text}', 'Observation?_summary=true&_include=Observation:encounter'),
  'several types': search('?_type=Observation,{Condition;Patient;Device}', '?_type={Patient,Organization;Group,List,Appointment;Provenance,Device}', '?_tag={new;urn:tag|old}', '?_security:not=PSY&_type=Observation,Device,Encounter', '?_id={o},{o},{p},{e},{c},v0', '?_type=Observation,Condition&patient.gender=male', '?_type=Observation,Condition&encounter=Encounter/{e}', '?_type=Observation,Condition,Encounter&subject=Patient/{p}', '?_type=Observation,Encounter&_sort={-;}date', '?_list=s{0;1;2;3}'),
  'all types': search('?', '?_lastUpdated=gt2020', '?_source=urn:source:{0;1}', '?_profile=http://karta.test/profile/a', '?_id={o},{o},{p}&_include=Observation:{performer;encounter}&_revinclude=Condition:encounter'),
  'all of a compartment': search('Patient/{p}/*?', 'Encounter/{e}/*?', 'Practitioner/{d0;d1}/*?', 'RelatedPerson/f0/*?', 'Device/v0/*?', 'Patient/{p}/*?_type=Observation,Condition&code=29463-7', 'Patient/{p}/*?_tag=new'),
  $everything: exactly('Patient/{p}/$everything', 'Patient/{p}/$everything?_type=Observation,Practitioner,Encounter', 'Patient/{p}/$everything?start=2026-01-02&end=2026-01-03', 'Patient/{p}/$everything?_since=2020-01-01T00:00:00Z&_type=Group,Provenance,Appointment,Patient', 'Encounter/{e}/$everything', 'Patient/$everything', 'Patient/$everything?_type=Patient,Organization'),
  '$everything page by page': exactly('Patient/{p}/$everything?_count={1;2;5}', 'Encounter/{e}/$everything?_count={1;3}', 'Patient/$everything?_count=7'),
  $lastn: exactly('Observation/$lastn?patient={p}', 'Observation/$lastn?subject=Patient/{p}&max={2;3;20}', 'Observation/$lastn?patient={p}&code={29463-7;8302-2}&max=2&_include=Observation:{performer;encounter}', 'Observation/$lastn?patient={p}&status=final&date=ge2026-01-02', 'Observation/$lastn?patient={p}&_summary=count&max=3'),
  compartment: search('Patient/{p}/{Observation;Encounter;Condition;Appointment;Group;List;Patient;Provenance}?', 'Patient/{p}/Observation?code=29463-7', 'Encounter/{e}/{Observation;Condition;Encounter}?', 'Practitioner/{d0;d1}/{Observation;Encounter;Appointment}?', 'RelatedPerson/f0/RelatedPerson?', 'Device/v0/Observation?'),
  'POST _search': posted,
  batch,
  'conditional create': conditional((criteria, type) => ({ method: 'POST', path: `/fhir/${type}`, body: stranger(type), headers: { 'if-none-exist': criteria.slice(type.length + 1), 'if-match': 'W/"1"' } })),
  'conditional update': conditional((criteria, type) => ({ method: 'PUT', path: `/fhir/${criteria}`, body: stranger(type), headers: { 'if-match': 'W/"1"' } })),
  'conditional patch': conditional(criteria => ({ method: 'PATCH', path: `/fhir/${criteria}`, body: '[{"op":"test","path":"/id","value":"none"}]', headers: { 'content-type': 'application/json-patch+json' } })),
  'conditional delete': conditional(criteria => ({ method: 'DELETE', path: `/fhir/${criteria}`, headers: { 'if-match': 'W/"1"' } })),
  'conditional reference': conditionalReference,
  'conditional entry of a transaction': conditionalEntry,
  'search in a transaction': searches,
  read: exactly('Observation/{o}', 'Patient/{p}', 'Encounter/{e}', 'Condition/{c}', 'Appointment/a{0;1;2;3;4;5;6;7}', 'Provenance/n{0;1;2;3}', 'Group/u{0;1;2;3}'),
  vread: exactly('Observation/{o}/_history/<Observation/{o}:{0;1}>', 'Patient/{p}/_history/<Patient/{p}:0>', 'Encounter/{e}/_history/<Encounter/{e}:0>').map(sameName),
  'history of a resource': exactly('Observation/{o}/_history', 'Patient/{p}/_history', 'Encounter/{e}/_history', 'Condition/{c}/_history?_count=1', 'Observation/{o}/_history?_summary=count'),
  'history of a type': exactly('{Observation;Patient;Encounter;Condition;Appointment;Group;Provenance}/_history?_count={2;10;50}', '{Observation;Device}/_history?_since=2020-01-01T00:00:00Z'),
  'history of all': exactly('_history?_count={5;20;100}', '_history?_at=2100')
}

// What is not sorted by everything.
function unsorted (question: Question): Question {
  return { ...question, path: question.path.replace('&_sort=_id', '') }
}

// A version is one of the resource that is asked for.
function sameName (question: Question): Question {
  const [, name = ''] = /^\/fhir\/(.*)\/_history/.exec(question.path) ?? []
  return { ...question, path: question.path.replace(/<[^:]*/, `<${name}`) }
}
