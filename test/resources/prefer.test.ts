import t from 'tap'
import { prefer } from '../../src/resources/prefer.js'

t.test('a Prefer header says what is wanted back, and unknown preferences are passed over', async t => {
  const read: [string | undefined, object][] = [
    [undefined, { return: undefined, handling: 'strict' }],
    ['return=minimal', { return: 'minimal', handling: 'strict' }],
    ['Return = "representation" ; x, handling=lenient', { return: 'representation', handling: 'lenient' }],
    ['return=operationoutcome, return=minimal', { return: 'OperationOutcome', handling: 'strict' }],
    ['return=everything, wait=10', { return: undefined, handling: 'strict' }],
    ['', { return: undefined, handling: 'strict' }]
  ]

  for (const [header, preferences] of read) t.same(prefer(header), preferences, String(header))
})
