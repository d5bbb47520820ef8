import t from 'tap'
import { encodingFor } from '../../src/resources/compress.js'

t.test('the encoding that is liked best and is offered is taken', async t => {
  const taken: [string, string | undefined][] = [
    ['gzip', 'gzip'], ['br', 'br'], ['gzip, deflate, br, zstd', 'br'], ['gzip;q=1.0, br;q=0.8', 'gzip'], ['*', 'br'], ['*;q=0.1', 'br'], ['br;q=0, *', 'gzip'],
    ['GZIP', 'gzip'], ['identity', undefined], ['deflate', undefined], ['gzip;q=0', undefined], ['', undefined], ['*;q=0', undefined]
  ]

  for (const [accept, encoding] of taken) {
    t.equal(encodingFor(accept), encoding, accept)
    t.equal(encodingFor(accept), encoding, `${accept}, asked again`)
  }
})
