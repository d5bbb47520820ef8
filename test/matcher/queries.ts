// Random searches of an awkward city, in the templates of noninterference/features.ts.
import fc from 'fast-check'
import { textOf } from '../noninterference/features.js'

const TEXT = '{mu;mull;müll;MÜLLER;eva;e;anna;smith\\, john;back\\\\slash;dollar\\$bar\\|;sim;100%;under_;анна;an;none}'
const DATE = '{;eq;ne;gt;lt;ge;le;sa;eb;ap}{2026;2026-01;2026-01-02;2026-01-02T10:00Z;2026-01-02T10:00:00Z;2026-01-02T23:30:00-05:00;2026-02;2025-12-31;2026-01-31;2024;2026-01-02T10:00:00.500Z}'
const PREFIX = '{;eq;ne;gt;lt;ge;le;sa;eb;ap}'
const WEIGHT = `${PREFIX}{5;5.4;5.40;5.44;0;-2;11;100;5400;6}{;|http://unitsofmeasure.org|kg;|http://unitsofmeasure.org|g;||kg;||kilograms;|urn:units|beats}`
const CODE = '{29463-7;8302-2;http://loinc.org|29463-7;|29463-7;http://loinc.org|;urn:own|;w;a\\,b;urn:own|a\\,b;none;29463-7,w}'
const IDENTIFIER = '{1;2;urn:a|1;urn:b|1;urn:a|;|1;urn:b|a\\|b;a\\|b;none}'
const P = 'patient-{0;1;2;3}'
const O = 'observation-{0;1;2;3;4;5;6;7;8;9}'

/** Criteria of each type; `?` stands between type and criterion. */
const CRITERIA: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    `name=${TEXT}`, `family{;:exact;:contains}=${TEXT}`, `given{;:contains}=${TEXT}`, 'given:exact={Éva Anna;eva;Müller;muller;Smith\\, John}', `address{;:contains}=${TEXT}`, 'address-country=r', 'gender{;:not}={male;female;male,female}', `birthdate=${PREFIX}{1980;1980-05;1980-05-03;1979}`, 'active{;:not}={true;false}',
    `identifier{;:not}=${IDENTIFIER}`, 'identifier:of-type=urn:type|MR|{1;2}', 'identifier:text={card;ca}', 'deceased{;:not}={true;false}', `death-date=${DATE}`, `link=${P}`, 'organization={organization-0;Organization/organization-1;Organization/organization-0,Organization/organization-2}',
    '{name;gender;birthdate;identifier;link;organization;active;address;death-date;deceased;_tag;_profile;_source;_security}:missing={true;false}',
    `_has:Observation:{patient;performer}:code=${CODE}`, '_has:Observation:{patient;performer}:{status=final;value-quantity=gt5}', `_has:Observation:subject:date=${DATE}`, '_has:Encounter:patient:class=AMB', '_has:Patient:link:gender=male', '_has:Condition:patient:_has:RiskAssessment:condition:probability=gt0.1', '_has:Observation:subject:encounter.class={AMB;IMP}',
    `organization.name=${TEXT}`, 'organization.partof.active=true', 'link:Patient.gender{;:not}=male', 'link.birthdate:missing=true', '_has:Observation:performer:code:not=29463-7'
  ],
  Observation: [
    `code{;:not}=${CODE}`, 'code:text={body;BODY H;body hohe;comma;again}', `category{;:not}=${CODE}`, `combo-code=${CODE}`, `date=${DATE}`, 'date=ge2026-01&date=lt2026-02', `value-quantity=${WEIGHT}`, `component-value-quantity=${WEIGHT}`, `combo-value-quantity=${WEIGHT}`, `value-date=${DATE}`,
    `value-string{;:contains}=${TEXT}`, 'value-string:exact={Müller;eva;Smith\\, John;dollar\\$bar\\|}', `value-concept=${CODE}`, 'status{;:not}={final;amended}', `subject=${P}`, `patient=Patient/${P}`, `subject:Patient=${P}`, `subject=http://karta.test/fhir/Patient/${P}`, 'performer={organization-0;patient-1;Organization/organization-1}', 'performer:Organization=organization-{0;1;2}',
    `subject:identifier=${IDENTIFIER}`, 'encounter=Encounter/encounter-{0;1;2;3;4}', `has-member=${O}`, `subject=Patient/${P},Patient/${P}`,
    `code-value-quantity={29463-7;8302-2;http://loinc.org|29463-7;|29463-7;w}{$}${WEIGHT}`, `component-code-value-quantity={8480-6;http://loinc.org|8462-4}{$}${WEIGHT}`, `code-value-string={29463-7;w}{$}${TEXT}`, `code-value-date=29463-7{$}${DATE}`, 'code-value-concept={29463-7;w}{$}{29463-7;w;urn:own|w}',
    '{date;value-quantity;value-string;value-concept;encounter;performer;has-member;component-code;category;identifier;code-value-quantity;subject}:missing={true;false}', `_id=${O},${O}`, '_tag={x;urn:tag|x;|x;urn:tag|}', '_tag:not=x', '_profile{;:below}={http://a.test/p;http://a.test/p/q;http://a.test/}', '_profile:above=http://a.test/p/q/r', '_source=urn:s:1', '_source:below=http://a.test/s',
    '_security{;:not}=urn:sec|R', '_lastUpdated={gt;ge;lt;le}{2020;2100}', `subject:Patient.name=${TEXT}`, 'subject.gender=male', 'performer:Patient.birthdate=ge1980', `performer.name=${TEXT}`, `encounter.date=${DATE}`, 'encounter.location.near=55|37|{5;20;50}|km', 'encounter:Encounter.subject:Patient.active=true', `has-member.code=${CODE}`, `has-member:Observation.date=${DATE}`, 'has-member.has-member.status=final',
    '_has:Observation:has-member:status=amended', `_has:Observation:has-member:code=${CODE}`, '_has:DiagnosticReport:result:status=final', 'subject:Patient._has:Condition:patient:code:missing=false', 'subject._has:Device:patient:url=http://a.test/d'
  ],
  Encounter: ['class{;:not}={AMB;urn:class|AMB;IMP;|IMP}', `date=${DATE}`, 'location.near={55.1|37.1;55|37|15|km;55|37|9000|m;55.2|37.2|10|[mi_i]}', 'length={0;1;gt1;1||h;60|http://unitsofmeasure.org|min}', '{date;location;length;service-provider}:missing={true;false}', `service-provider.name=${TEXT}`, `_has:Observation:encounter:value-quantity=${WEIGHT}`],
  Location: [`name=${TEXT}`, 'near={55|37|0|km;55|37|12|km;55.1|37.1;55|37|30|km}', 'near:missing={true;false}', `address-city=${TEXT}`, '_has:Encounter:location:class=AMB'],
  Condition: [`code{;:not}=${CODE}`, `onset-date=${DATE}`, `onset-info{;:contains}=${TEXT}`, `recorded-date=${DATE}`, '{code;onset-date;onset-info;encounter;recorded-date}:missing={true;false}', `encounter.date=${DATE}`, `patient=${P}`],
  RiskAssessment: [`probability=${PREFIX}{0.1;0.15;0.2;0.20;0.3;1;0;1.0}`, 'probability:missing={true;false}', `condition.code=${CODE}`, 'condition.encounter.class=AMB'],
  DocumentReference: [`description{;:contains}=${TEXT}`, 'relationship=DocumentReference/documentreference-{0;1;2;3;4;5}{$}{replaces;appends}', `date=${DATE}`, 'relatesto.date:missing=true', 'relation={replaces;appends}'],
  Device: ['url{;:below}={http://a.test/d;http://a.test/d/e;urn:d:1;http://a.test}', 'url:above={http://a.test/d/e/f;http://a.test/d}', `manufacturer=${TEXT}`, `patient.name=${TEXT}`],
  DiagnosticReport: [`result=${O}`, `result.value-quantity=${WEIGHT}`, `result.date=${DATE}`, `issued=${DATE}`, `date=${DATE}`, `code:not=${CODE}`]
}

const SORTS: Readonly<Record<string, string>> = {
  Patient: '{-;}{family;birthdate;gender;_id;_lastUpdated;death-date;address-city;active}{;,-_id;,_lastUpdated}', Observation: '{-;}{date;status;value-string;_id;_lastUpdated;value-date;code;value-quantity}{;,-_id;,date}', Encounter: '{-;}{date;class;_id}',
  Location: '{-;}{name;_id}', Condition: '{-;}{onset-date;recorded-date;onset-info;code}', RiskAssessment: '{-;}probability{;,_id}', DocumentReference: '{-;}{description;date}', Device: '{-;}{url;manufacturer}', DiagnosticReport: '{-;}{issued;date;code}'
}

const INCLUDES: Readonly<Record<string, readonly string[]>> = {
  Patient: ['_include=Patient:{organization;link;*}', '_revinclude=Observation:{subject;performer;patient}', '_revinclude=Patient:link', '_include:iterate=Patient:link', '_include=Patient:organization&_include:iterate=Organization:partof'],
  Observation: ['_include=Observation:{subject;performer;encounter;has-member;*}', '_include=*', '_include=Observation:performer:Organization', '_include:iterate=Observation:has-member&_include:iterate=Observation:encounter&_include:iterate=Encounter:location', '_revinclude=DiagnosticReport:result', '_revinclude:iterate=Observation:has-member'],
  Encounter: ['_revinclude=Observation:encounter&_revinclude:iterate=DiagnosticReport:result', '_include=Encounter:{location;service-provider}'],
  DocumentReference: ['_include=DocumentReference:relatesto', '_include:iterate=DocumentReference:relatesto']
}

const one = (templates: readonly string[]): fc.Arbitrary<string> => fc.oneof(...templates.map(textOf))

/** A search: `Type` and what stands behind the `?`, without a size. */
export const searches: fc.Arbitrary<{ readonly type: string, readonly query: string }> = fc.constantFrom('Observation', 'Observation', 'Patient', 'Patient', ...Object.keys(CRITERIA)).chain(type => fc.tuple(
  fc.oneof({ weight: 3, arbitrary: one(CRITERIA[type] ?? []).map(each => [each]) }, { weight: 2, arbitrary: fc.array(one(CRITERIA[type] ?? []), { minLength: 2, maxLength: 3 }) }), one(['', '', `_sort=${SORTS[type] ?? '_id'}`]), one(['', ...INCLUDES[type] ?? []])
).map(([criteria, sort, include]) => ({ type, query: [...criteria, sort, include].filter(each => each !== '').join('&') })))
