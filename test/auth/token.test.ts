import { SignJWT } from 'jose'
import t from 'tap'
import { mintToken, type Subject, verifier } from '../../src/auth/token.js'

const SECRET = Buffer.alloc(32, 7).toString('base64url')
const OPERATOR: Subject = { kind: 'operator', actor: '1' }
const mint = (subject: Subject = OPERATOR, lifetime = 3600) => mintToken(SECRET, { subject, client: 'bench', scope: 'system/*.cruds', lifetime })

t.test('each kind of caller comes back as it was minted', async t => {
  const authenticate = verifier(SECRET)
  const subjects: Subject[] = [OPERATOR, { kind: 'self', patient: 'anna', owner: '1001' }, { kind: 'treating', actor: '9007199254740993' }]

  for (const subject of subjects) {
    const caller = await authenticate(`Bearer ${await mint(subject)}`)

    t.match(caller, { ...subject, client: 'bench', scopes: [{ context: 'system', type: '*', letters: 'cruds' }] })
    t.ok(caller.expires > Date.now())
  }
})

t.test('a token that is known is answered at once', async t => {
  const authenticate = verifier(SECRET)
  const authorization = `Bearer ${await mint()}`
  const first = await authenticate(authorization)

  const again = authenticate(authorization)

  t.equal(again, first)
})

t.test('a token that is known still expires', async t => {
  const authenticate = verifier(SECRET)
  const authorization = `Bearer ${await mint(OPERATOR, 1)}`
  const { expires } = await authenticate(authorization)
  const now = Date.now
  t.teardown(() => { Date.now = now })
  Date.now = () => expires

  t.throws(() => authenticate(authorization), { name: 'FhirError', message: 'the token has expired' })
})

t.test('what is no token of this server is refused', async t => {
  const authenticate = verifier(SECRET)
  const good = await mint()
  const [head = '', claims = '', signature = ''] = good.split('.')
  const sign = async (claim: Record<string, unknown>, alg = 'HS256', key = SECRET) => await new SignJWT({ kind: 'operator', actor: '1', client_id: 'x', scope: 'system/*.cruds', ...claim })
    .setProtectedHeader({ alg, typ: 'at+jwt' }).setIssuer('karta').setAudience('karta').setJti('j').setIssuedAt().setExpirationTime('1h').sign(Buffer.from(key, 'base64url'))
  const bad: Record<string, string | undefined> = {
    'no header': undefined,
    'another scheme': 'Basic eDp5',
    'no token': 'Bearer ',
    'a word': 'Bearer word',
    'a changed signature': `Bearer ${head}.${claims}.${signature.slice(0, -2)}AA`,
    'changed claims': `Bearer ${head}.${Buffer.from(Buffer.from(claims, 'base64url').toString().replace('bench', 'other')).toString('base64url')}.${signature}`,
    'no algorithm': `Bearer ${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${claims}.`,
    'another key': `Bearer ${await sign({}, 'HS256', Buffer.alloc(32, 8).toString('base64url'))}`,
    'another algorithm': `Bearer ${await sign({}, 'HS512', Buffer.alloc(64, 7).toString('base64url'))}`,
    'an unknown kind': `Bearer ${await sign({ kind: 'god' })}`,
    'a missing claim': `Bearer ${await sign({ actor: undefined })}`,
    'a scope that is none': `Bearer ${await sign({ scope: 'everything' })}`
  }

  for (const [what, authorization] of Object.entries(bad)) {
    const refusal = await (async () => await authenticate(authorization))().catch((thrown: unknown) => thrown)

    t.match(refusal, { status: 401, headers: { 'www-authenticate': /^Bearer/ } }, what)
  }
})

t.test('a token lives at most twelve hours and needs a scope', async t => {
  await t.rejects(mint(OPERATOR, 12 * 3600 + 1), /12 hours/)
  await t.rejects(mint(OPERATOR, 0), /12 hours/)
  await t.rejects(mintToken(SECRET, { subject: OPERATOR, client: 'x', scope: ' ', lifetime: 60 }), /needs a scope/)
})

t.test('a known token costs less than a microsecond or so', async t => {
  const authenticate = verifier(SECRET)
  const authorization = `Bearer ${await mint()}`
  await authenticate(authorization)
  const start = process.hrtime.bigint()

  for (let turn = 0; turn < 100_000; turn++) authenticate(authorization)

  const each = Number(process.hrtime.bigint() - start) / 100_000
  t.comment(`${Math.round(each)} ns`)
  t.ok(each < 5000)
})
