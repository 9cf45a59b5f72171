import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startService } from '../../../src/api/service.ts'
import { eventually } from '../../support/eventually.ts'
import { startProxy, type TcpProxy } from '../../support/proxy.ts'
import { Caller, OLGA, signatureOf, startTestService, type TestService, textFrom } from '../../support/service.ts'

// A second service on the same database sees it through a proxy, which is cut.
let parley: TestService
let proxy: TcpProxy
let second: Awaited<ReturnType<typeof startService>>
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  const at = new URL(inject('databaseUrl'))
  proxy = await startProxy({ host: at.hostname, port: Number(at.port) })
  const through = new URL(parley.config.databaseUrl)
  through.host = `127.0.0.1:${proxy.port}`
  second = await startService(
    { ...parley.config, databaseUrl: through.href },
    { clock: parley.clock, log: parley.service.api.log },
  )
})
afterAll(async () => {
  proxy.heal()
  await second.close()
  await proxy.close()
  await parley.close()
})

test('without its database the service says 503 to everything, and recovers by itself', async () => {
  const olga = new Caller(second.url, { ...(await parley.as(OLGA)).carries, origin: second.url })
  const bytes = JSON.stringify(textFrom('420777300001', 'kept by Meta'))
  const deliver = () =>
    olga.ask('POST', '/webhooks/whatsapp', {
      raw: bytes,
      headers: { 'x-hub-signature-256': signatureOf(bytes, parley.simulator.appSecret) },
    })
  expect((await olga.get('/api/v1/me')).status).toBe(200)
  proxy.cut({ refuse: true })
  for (const answer of [
    await olga.get('/api/v1/me'),
    await olga.get('/readyz'),
    await deliver(),
    await olga.post('/api/v1/auth/login', { email: OLGA, password: 'x' }),
  ]) {
    expect(answer.body).toMatchObject({ status: 503, code: 'unavailable' })
  }
  expect((await olga.get('/healthz')).status).toBe(200)
  expect((await olga.get('/metrics')).text).toMatch(/^parley_outbox_bells -1$/m)
  proxy.heal()
  await eventually(async () => (await olga.get('/readyz')).status === 200, 'ready again')
  await eventually(async () => (await deliver()).status === 200, 'webhooks are taken in again')
  expect((await olga.get('/api/v1/me')).status).toBe(200)
})
