import Fastify from 'fastify'
import t from 'tap'
import { authentication } from '../../src/auth/plugin.js'
import { mintToken, verifier } from '../../src/auth/token.js'
import { asFhirError } from '../../src/fhir/outcome.js'

const SECRET = Buffer.alloc(32, 7).toString('base64url')

function app () {
  const app = Fastify()
  authentication(app, verifier(SECRET))
  app.setErrorHandler((thrown, _request, reply) => {
    const error = asFhirError(thrown)
    return reply.code(error.status).headers(error.headers).send({ said: error.message })
  })
  app.get('/open', { config: { public: true } }, async () => 'open')
  app.get('/closed', async request => request.caller.client)
  return app
}

t.test('a public route answers anybody', async t => {
  const reply = await app().inject('/open')

  t.match(reply, { statusCode: 200, body: 'open' })
})

t.test('every other route, and a route that is not there, needs a token', async t => {
  for (const url of ['/closed', '/nowhere']) {
    const reply = await app().inject(url)

    t.equal(reply.statusCode, 401, url)
    t.match(reply.headers, { 'www-authenticate': /^Bearer/ })
  }
})

t.test('the caller is known to the handler, the first time and again', async t => {
  const server = app()
  const authorization = `Bearer ${await mintToken(SECRET, { subject: { kind: 'operator', actor: '1' }, client: 'anna', scope: 'system/*.rs', lifetime: 60 })}`

  for (const turn of ['first', 'second']) {
    const reply = await server.inject({ url: '/closed', headers: { authorization } })

    t.match(reply, { statusCode: 200, body: 'anna' }, turn)
  }
})
