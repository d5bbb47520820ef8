// https://hl7.org/fhir/R4/location.html#positional
import { invalid } from '../../fhir/outcome.js'
import { LATITUDE, LONGITUDE } from '../index/position.js'
import { keyOf, split, unescaped, type Asked } from './build.js'
import type { Condition } from './condition.js'

const KILOMETRES: Readonly<Record<string, number>> = { km: 1, m: 0.001, '[mi_i]': 1.609344, '[ft_i]': 0.0003048 }
// The page leaves the distance to the server where it is left out.
const DISTANCE = 50

/** `latitude|longitude|distance|units`. */
export function nearValue (asked: Asked): Condition {
  const [latitude = '', longitude = '', distance = '', unit = ''] = split(asked.raw, '|').map(unescaped)
  const factor = unit === '' ? 1 : KILOMETRES[unit]
  const numbers = [latitude, longitude, distance === '' ? String(DISTANCE) : distance].map(text => /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN)
  const [north = NaN, east = NaN, far = NaN] = numbers
  if (factor === undefined || !(Math.abs(north) <= 90) || !(Math.abs(east) <= 180) || !(far >= 0)) {
    throw invalid(`${asked.name}=${asked.raw} is not latitude|longitude|distance|units, with units of ${Object.keys(KILOMETRES).join(', ')}`)
  }
  return { kind: 'near', latitudes: keyOf(asked, LATITUDE), longitudes: keyOf(asked, LONGITUDE), place: { latitude: north, longitude: east, kilometres: far * factor } }
}
