// Each knob does what it says: turn it back, and its test fails.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PhoneClient } from '../../../simulator/phone-book.ts'
import { type Company, startCompany, until } from './company.ts'

const PHONE = '+420777123456'
const error = (code: number) => ({ error: expect.objectContaining({ code }) })

describe('the knobs of the simulator', () => {
  let company: Company
  let jana: PhoneClient
  beforeEach(async () => {
    company = await startCompany()
    jana = company.simulator.phone.client({ name: 'Jana', phone: PHONE })
    await jana.writes('Hello')
    await company.simulator.idle()
  })
  afterEach(() => company.close())
  const turn = (change: Parameters<Company['simulator']['knobs']['set']>[0]) => company.simulator.knobs.set(change)
  const statusesOf = (opaque: string) =>
    company
      .statuses()
      .filter((one) => one.biz_opaque_callback_data === opaque)
      .map(({ status }) => status)
  /** A slow machine must not refill the buckets meanwhile. */
  const standStill = () => company.simulator.clock.set({ scale: 0.000_001 })
  const failures = () => company.statuses().filter(({ status }) => status === 'failed')

  it('latency: answers only after a while', async () => {
    turn({ latencyMs: 120 })
    const started = performance.now()
    await company.text(PHONE, 'slow')
    expect(performance.now() - started).toBeGreaterThanOrEqual(115)
  })

  it('refuse now: the next n with the code and its HTTP status, then no more; over REST, too', async () => {
    await company.control('PUT', '/knobs', { refuse: { code: 131016, when: 'now', times: 2 } })
    expect(await company.text(PHONE, 'a')).toEqual({ status: 500, body: error(131016) })
    expect(await company.text(PHONE, 'b')).toMatchObject({ status: 500 })
    expect(await company.text(PHONE, 'c')).toMatchObject({ status: 200 })
  })

  it('refuse now with 190: a dead token is dead for every call of the number, until the refusals are used up', async () => {
    const wamid = (await jana.writes('Is anybody there?')).wamid
    const codes = async () => {
      const read = { messaging_product: 'whatsapp', status: 'read', message_id: wamid }
      const answers = [await company.graph('GET', company.pnid), await company.post(read)]
      return answers.map(({ status, body }: { status: number; body: { error?: { code: number } } }) => [
        status,
        body.error?.code,
      ])
    }
    const dead = [401, 190]
    const good = [200, undefined]
    turn({ refuse: { code: 190, when: 'now', times: 2 } })
    for (const text of ['a', 'b']) {
      expect(await codes()).toEqual([dead, dead])
      expect(await company.text(PHONE, text)).toEqual({ status: 401, body: error(190) })
    }
    expect(await codes()).toEqual([good, good])
    for (const [code, when] of [
      [131042, 'now'],
      [190, 'later'],
    ] as const) {
      turn({ refuse: { code, when, times: 'all' } })
      expect(await codes()).toEqual([good, good])
    }
  })

  it('refuse later: accepts, then fails with the code and without contacts', async () => {
    turn({ refuse: { code: 131049, when: 'later', times: 'all' } })
    expect(await company.text(PHONE, 'a', 'k')).toMatchObject({ status: 200 })
    await until(() => failures().length === 1)
    expect(failures()[0]).toMatchObject({ biz_opaque_callback_data: 'k', errors: [{ code: 131049 }] })
    expect(company.webhooks.at(-1)?.json.entry[0].changes[0].value).not.toHaveProperty('contacts')
    expect(statusesOf('k')).toEqual(['failed'])
  })

  it('a knob of one number leaves the others alone', async () => {
    company.simulator.knobs.set({ refuse: { code: 190, when: 'now', times: 'all' } }, 'another')
    expect(await company.text(PHONE, 'a')).toMatchObject({ status: 200 })
    company.simulator.knobs.set({ refuse: { code: 190, when: 'now', times: 'all' } }, company.pnid)
    expect(await company.text(PHONE, 'a')).toEqual({ status: 401, body: error(190) })
  })

  it('lose the answer: the connection breaks, the message arrives, the truth has it once', async () => {
    turn({ loseAnswer: 1 })
    await expect(company.text(PHONE, 'lost', 'k')).rejects.toThrow()
    await jana.gets(({ opaque }) => opaque === 'k')
    expect(company.simulator.truth.posts('k')).toMatchObject([{ outcome: 'accepted', answer: 'lost' }])
    expect(company.simulator.truth.doubles()).toEqual([])
    await company.text(PHONE, 'lost', 'k')
    expect(company.simulator.truth.doubles()).toEqual(['k'])
  })

  it('lose the request: the connection breaks and nothing arrives', async () => {
    turn({ loseRequest: 1 })
    await expect(company.text(PHONE, 'never', 'k')).rejects.toThrow()
    await company.simulator.idle()
    expect(company.simulator.truth.posts('k')).toMatchObject([{ outcome: 'cut', wamid: null }])
    expect(jana.received()).toEqual([])
  })

  it('hold the answer: nothing comes back until it is released', async () => {
    turn({ holdAnswer: 1 })
    let answered = false
    const sent = company.text(PHONE, 'held', 'k').then((answer) => {
      answered = true
      return answer
    })
    await until(() => company.simulator.machine.held === 1)
    await jana.gets(({ opaque }) => opaque === 'k')
    expect(answered).toBe(false)
    expect(company.simulator.knobs.release()).toBe(1)
    expect(await sent).toMatchObject({ status: 200 })
  })

  it.each([
    [true, 1],
    [false, 0],
  ])('garble: rubbish with any status, accepted %s', async (accept, arrived) => {
    turn({ garble: { status: 502, body: 'html', accept, times: 1 } })
    await expect(company.text(PHONE, 'x', 'k')).rejects.toThrow(/JSON/)
    await company.simulator.idle()
    expect(jana.received()).toHaveLength(arrived)
  })

  it('judge: 131047 in the answer or as a failed status, once the window is shut', async () => {
    company.simulator.clock.set({ advanceMs: 24 * 3_600_000 - 10_000 })
    expect(await company.text(PHONE, 'in time')).toMatchObject({ status: 200 })
    company.simulator.clock.set({ advanceMs: 20_000 })
    expect(await company.text(PHONE, 'late', 'k')).toMatchObject({ status: 200 })
    await until(() => failures().length === 1)
    expect(failures()[0]).toMatchObject({ errors: [{ code: 131047 }] })
    turn({ judge: 'now' })
    expect(await company.text(PHONE, 'late')).toEqual({ status: 400, body: error(131047) })
    const template = {
      messaging_product: 'whatsapp',
      to: PHONE,
      type: 'template',
      template: { name: 'hello_world', language: { code: 'en_US' } },
    }
    expect(await company.post(template)).toMatchObject({ status: 200 })
    await jana.writes('I am back')
    expect(await company.text(PHONE, 'again')).toMatchObject({ status: 200 })
  })

  it('pair rate: 45 at once, then 131056 until 6 s have passed', async () => {
    standStill()
    turn({ throughput: 0 })
    for (let i = 0; i < 45; i++) expect(await company.text(PHONE, `${i}`)).toMatchObject({ status: 200 })
    expect(await company.text(PHONE, '46')).toEqual({ status: 400, body: error(131056) })
    company.simulator.clock.set({ advanceMs: 6_000 })
    expect(await company.text(PHONE, '47')).toMatchObject({ status: 200 })
    turn({ pairRate: false })
    expect(await company.text(PHONE, '48')).toMatchObject({ status: 200 })
  })

  it('throughput: more than so many a second are refused with 130429', async () => {
    standStill()
    turn({ throughput: 2 })
    const answers = [await company.text(PHONE, 'a'), await company.text(PHONE, 'b'), await company.text(PHONE, 'c')]
    expect(answers.at(-1)).toEqual({ status: 400, body: error(130429) })
    company.simulator.clock.set({ advanceMs: 1_000 })
    expect(await company.text(PHONE, 'd')).toMatchObject({ status: 200 })
  })

  it('allow list: others are refused with 131030', async () => {
    turn({ allowList: ['+420 777 000 000'] })
    expect(await company.text(PHONE, 'a')).toEqual({ status: 400, body: error(131030) })
  })

  it('strangers: a phone appears, or nobody is there', async () => {
    const template = (to: string) => ({
      messaging_product: 'whatsapp',
      to,
      type: 'template',
      template: { name: 'hello_world', language: { code: 'en_US' } },
    })
    await company.post(template('+420777999001'))
    await company.simulator.phone.client({ phone: '+420777999001' }).gets(({ type }) => type === 'template')
    turn({ strangers: 'undeliverable' })
    await company.post(template('+420777999002'))
    await until(() => failures().some(({ errors }) => errors[0].code === 131026))
  })

  it('hold for quality: says so, then fails with 132015', async () => {
    turn({ holdForQuality: 1 })
    const template = {
      messaging_product: 'whatsapp',
      to: PHONE,
      type: 'template',
      template: { name: 'hello_world', language: { code: 'en_US' } },
    }
    expect(await company.post(template)).toMatchObject({
      body: { messages: [{ message_status: 'held_for_quality_assessment' }] },
    })
    await until(() => failures().some(({ errors }) => errors[0].code === 132015))
  })

  it('vanish: accepted, and never heard of again', async () => {
    turn({ vanish: 1 })
    expect(await company.text(PHONE, 'gone', 'k')).toMatchObject({ status: 200 })
    await company.simulator.idle()
    expect(statusesOf('k')).toEqual([])
  })

  it('skip delivered: sent, then read', async () => {
    turn({ skipDelivered: 1 })
    await company.text(PHONE, 'a', 'k')
    await jana.gets(({ opaque }) => opaque === 'k')
    jana.reads()
    await company.simulator.idle()
    expect(statusesOf('k')).toEqual(['sent', 'read'])
    expect(company.statuses().at(-1)).toHaveProperty('pricing')
  })

  it('auto-read: whatever arrives is read', async () => {
    turn({ autoRead: true })
    await company.text(PHONE, 'a', 'k')
    await jana.gets(({ opaque }) => opaque === 'k', 'read')
  })

  it('sent and delivered after: the statuses wait', async () => {
    turn({ deliveredAfterMs: 3_600_000 })
    await company.text(PHONE, 'a', 'k')
    await until(() => statusesOf('k').includes('sent'))
    expect(company.simulator.machine.busy).toBe(true)
    turn({ sentAfterMs: 3_600_000 })
    await company.text(PHONE, 'b', 'k2')
    expect(statusesOf('k2')).toEqual([])
  })

  it('duplicate: the same body so many more times', async () => {
    turn({ duplicate: 2 })
    const { wamid } = await jana.writes('thrice')
    await company.simulator.idle()
    const same = company.webhooks.filter(({ body }) => body.includes(wamid))
    expect(same).toHaveLength(3)
    expect(new Set(same.map(({ body }) => body.toString())).size).toBe(1)
  })

  it('reorder: what was first is posted last', async () => {
    turn({ reorder: true })
    const written = [await jana.writes('1'), await jana.writes('2'), await jana.writes('3')]
    await company.simulator.idle()
    expect(
      company
        .messages()
        .slice(1)
        .map(({ id }) => id),
    ).toEqual(written.map(({ wamid }) => wamid).reverse())
  })

  it('batch: several updates in one POST', async () => {
    turn({ batch: 3 })
    const before = company.webhooks.length
    for (const text of ['1', '2', '3', '4']) await jana.writes(text)
    await company.simulator.idle()
    const sizes = company.webhooks.slice(before).map(({ json }) => json.entry[0].changes[0].value.messages.length)
    expect(sizes).toEqual([3, 1])
  })

  it('webhook delay: the webhook comes later', async () => {
    turn({ webhookDelayMs: 100 })
    const started = performance.now()
    await jana.writes('late')
    await until(() => company.messages().length === 2)
    expect(performance.now() - started).toBeGreaterThanOrEqual(95)
  })

  it('ghost: 131060 first, then the real message with the same wamid', async () => {
    turn({ ghost: 1, ghostAfterMs: 20 })
    const { wamid } = await jana.writes('real')
    await until(() => company.messages().length === 3)
    const [, ghost, real] = company.messages()
    expect(ghost).toMatchObject({
      id: wamid,
      type: 'unsupported',
      errors: [{ code: 131060 }],
      unsupported: { type: 'unknown' },
    })
    expect(real).toMatchObject({ id: wamid, type: 'text', text: { body: 'real' } })
  })

  it('BSUID only: messages without phone though the company wrote to the phone; at `all`, answers and statuses, too', async () => {
    turn({ bsuidOnly: 'messages' })
    expect(await company.text(PHONE, 'a')).toMatchObject({
      body: { contacts: [{ input: PHONE, wa_id: '420777123456', user_id: jana.who.bsuid }] },
    })
    await jana.writes('who am I?')
    await company.simulator.idle()
    expect(company.messages().at(-1)).toMatchObject({ from_user_id: jana.who.bsuid })
    expect(company.messages().at(-1)).not.toHaveProperty('from')
    expect(company.statuses().at(-1)).toHaveProperty('recipient_id')
    turn({ bsuidOnly: 'all' })
    const { body } = await company.text(PHONE, 'b', 'k')
    expect((body as { contacts: object[] }).contacts[0]).not.toHaveProperty('wa_id')
    await jana.gets(({ opaque }) => opaque === 'k')
    await company.simulator.idle()
    expect(company.statuses().at(-1)).not.toHaveProperty('recipient_id')
  })

  it('no profile: contacts without a name', async () => {
    turn({ noProfile: true })
    await jana.writes('anonymous')
    await company.simulator.idle()
    expect(company.webhooks.at(-1)?.json.entry[0].changes[0].value.contacts[0]).not.toHaveProperty('profile')
  })

  it('webhook version and billing: conversation up to v23.0, prices by date', async () => {
    turn({ webhookVersion: 'v23.0', billing: 'before' })
    await company.text(PHONE, 'a')
    await until(() => company.statuses().length > 0)
    expect(company.statuses()[0]).toMatchObject({
      conversation: { expiration_timestamp: expect.any(String) },
      pricing: { billable: false, type: 'free_customer_service' },
    })
    await company.simulator.idle()
    turn({ webhookVersion: 'v25.0', billing: 'since' })
    await company.text(PHONE, 'b', 'k')
    await company.simulator.idle()
    const sent = company.statuses().find((one) => one.biz_opaque_callback_data === 'k')
    expect(sent).not.toHaveProperty('conversation')
    expect(sent).toMatchObject({ pricing: { billable: true, type: 'regular', category: 'service' } })
  })

  it('retries: until 200, ever more rarely by the simulated clock, and gives up after seven days', async () => {
    const minute = 60_000
    turn({ retryFirstMs: minute, retryMaxMs: 10 * minute })
    company.answers.push(500, 503)
    const { wamid } = await jana.writes('again and again')
    const tries = () => company.webhooks.filter(({ body }) => body.includes(wamid)).length
    const post = await until(() => company.simulator.webhooks().find(({ body }) => body.includes(wamid)))
    await until(() => post.nextAt)
    company.simulator.clock.set({ advanceMs: minute })
    await until(() => tries() === 2 && post.nextAt)
    company.simulator.clock.set({ advanceMs: minute })
    expect(tries()).toBe(2)
    company.simulator.clock.set({ advanceMs: minute })
    await company.simulator.idle()
    expect(post).toMatchObject({ state: 'delivered', tries: [{ status: 500 }, { status: 503 }, { status: 200 }] })
    company.answers.push(500, 500)
    await jana.writes('never')
    await until(() => company.simulator.webhooks().at(-1)?.nextAt)
    company.simulator.clock.set({ advanceMs: 7 * 24 * 60 * minute })
    await until(() => company.simulator.webhooks().at(-1)?.state === 'givenUp')
  })
})
