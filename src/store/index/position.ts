// The index rows of Location.near. https://hl7.org/fhir/R4/location.html#positional
// Two numbers: a search asks both for its bounding box, and keeps of what is in it what is near enough.
import { isObject, type Json } from '../../fhir/json-value.js'
import { numberOf } from './number.js'
import { type Param, type Rows, valueKey } from './rows.js'

export const LATITUDE = 'lat'
export const LONGITUDE = 'lon'

export function writePosition (rows: Rows, param: Param, _: string, value: Json): void {
  if (!isObject(value)) return
  const [latitude, longitude] = [numberOf(value['latitude']), numberOf(value['longitude'])]
  if (latitude === undefined || longitude === undefined) return
  rows.quantities.push({ key: valueKey(param, LATITUDE), value: latitude }, { key: valueKey(param, LONGITUDE), value: longitude })
}
