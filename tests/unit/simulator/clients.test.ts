// Two clients of Meta's API that nobody here wrote agree with the simulator.
import { verifySignature } from '@kapso/whatsapp-cloud-api/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Text } from 'whatsapp-api-js/messages'
import { APP_SECRET, type Company, startCompany, until, VERIFY_TOKEN } from './company.ts'

const JANA = { name: 'Jana Nováková', phone: '+420777123456' }

describe('the simulator, asked by independent clients', () => {
  let company: Company
  beforeEach(async () => {
    company = await startCompany()
  })
  afterEach(() => company.close())

  it('accepts a text of either client and brings it to the phone', async () => {
    const jana = company.simulator.phone.client(JANA)
    await jana.writes('Dobrý den')
    const sent = await company.kapso.messages.sendText({
      phoneNumberId: company.pnid,
      to: JANA.phone,
      body: 'Žluťoučký kůň 🐎',
    })
    expect(sent.contacts[0]).toMatchObject({ input: JANA.phone, waId: '420777123456' })
    const note = await jana.gets(({ shown }) => shown.body === 'Žluťoučký kůň 🐎')
    expect(note.wamid).toBe(sent.messages[0]?.id)

    const second = await company.other.sendMessage(
      company.pnid,
      JANA.phone,
      new Text('And another'),
      undefined,
      'key-2',
    )
    expect(second).toMatchObject({ messages: [{ id: expect.stringMatching(/^wamid\./) }] })
    await jana.gets(({ opaque }) => opaque === 'key-2')
  })

  it('signs non-ASCII webhooks so that both clients verify them, and neither verifies a changed one', async () => {
    await company.simulator.phone.client(JANA).writes('Příliš žluťoučký kůň 🐎 \ud800!')
    const { body, signature, json } = await until(() => company.webhooks[0])
    expect(body.toString('latin1')).toMatch(/^[\x20-\x7e]*$/)
    expect(body.toString()).toContain('\\u017elu\\u0165')
    expect(json.entry[0].changes[0].value.messages[0].text.body).toBe('Příliš žluťoučký kůň 🐎 \ud800!')
    expect(verifySignature({ appSecret: APP_SECRET, rawBody: body, signatureHeader: signature })).toBe(true)
    expect(await company.other.verifyRequestSignature(body.toString(), signature)).toBe(true)
    const changed = body.toString().replace('u017e', 'u017f')
    expect(verifySignature({ appSecret: APP_SECRET, rawBody: changed, signatureHeader: signature })).toBe(false)
    expect(await company.other.verifyRequestSignature(changed, signature)).toBe(false)
  })

  it('is understood by the other client as a message from its sender', async () => {
    const heard: string[] = []
    company.other.on.message = ({ from, message, name }) => {
      heard.push(`${from} ${name} ${message.type === 'text' ? message.text.body : message.type}`)
    }
    await company.simulator.phone.client(JANA).writes('Hello')
    const { body, signature, json } = await until(() => company.webhooks[0])
    await company.other.post(json, body.toString(), signature)
    expect(heard).toEqual(['420777123456 Jana Nováková Hello'])
  })

  it('reports sent, delivered and read, each with the key that came with the message', async () => {
    const jana = company.simulator.phone.client(JANA)
    await jana.writes('Hi')
    await company.text(JANA.phone, 'Hello', 'attempt-1')
    await jana.gets(({ opaque }) => opaque === 'attempt-1')
    jana.reads()
    await company.simulator.idle()
    const statuses = company.statuses().filter((status) => status.biz_opaque_callback_data === 'attempt-1')
    expect(statuses.map(({ status }) => status)).toEqual(['sent', 'delivered', 'read'])
    expect(statuses[0]).toMatchObject({ recipient_id: '420777123456', recipient_user_id: jana.who.bsuid })
    const [first] = company.webhooks.filter(({ json }) => json.entry[0].changes[0].value.statuses)
    expect(first?.json.entry[0].changes[0].value.contacts[0]).toMatchObject({
      wa_id: '420777123456',
      user_id: jana.who.bsuid,
    })
  })

  it('refuses with the envelope and code that the clients read', async () => {
    const refused = company.kapso.messages.sendText({ phoneNumberId: '999', to: JANA.phone, body: 'x' })
    await expect(refused).rejects.toMatchObject({ code: 100, httpStatus: 400 })
    const { status, body } = await company.post(
      { messaging_product: 'whatsapp', to: JANA.phone, type: 'text', text: { body: 'x' } },
      'wrong token',
    )
    expect(status).toBe(401)
    expect(body).toMatchObject({
      error: {
        code: 190,
        type: 'OAuthException',
        fbtrace_id: expect.any(String),
        error_data: { messaging_product: 'whatsapp' },
      },
    })
  })

  it('marks as read and shows typing until the answer comes', async () => {
    const jana = company.simulator.phone.client(JANA)
    const first = await jana.writes('One')
    const second = await jana.writes('Two')
    expect(
      await company.kapso.messages.markRead({
        phoneNumberId: company.pnid,
        messageId: second.wamid,
        typingIndicator: { type: 'text' },
      }),
    ).toEqual({ success: true })
    expect([first.status, second.status]).toEqual(['read', 'read'])
    expect(jana.talk.typingUntil).toBeGreaterThan(company.simulator.clock.now())
    expect(await company.other.markAsRead(company.pnid, second.wamid)).toEqual({ success: true })
    await company.text(JANA.phone, 'Answer')
    expect(jana.talk.typingUntil).toBeNull()
  })

  it('pages through the templates and the numbers of an account', async () => {
    const wabaId = company.simulator.numbers[0]?.wabaId ?? ''
    const all = await company.kapso.templates.list({ businessAccountId: wabaId, limit: 100 })
    const names: string[] = []
    let after: string | undefined
    do {
      const page = await company.kapso.templates.list({
        businessAccountId: wabaId,
        limit: 3,
        ...(after ? { after } : {}),
      })
      names.push(...page.data.map(({ name }) => name))
      after = page.paging?.next ? (page.paging.cursors?.after ?? undefined) : undefined
    } while (after)
    expect(names).toEqual(all.data.map(({ name }) => name))
    expect(names.length).toBeGreaterThan(3)
    const bad = await fetch(`${company.simulator.url}/v25.0/${wabaId}/message_templates?after=zzz`, {
      headers: { authorization: `Bearer ${company.simulator.token}` },
    })
    expect(await bad.json()).toMatchObject({ error: { code: 131059 } })
  })

  it('takes an upload, hands it out by a link for five minutes and only with the token', async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    )
    const { id } = await company.kapso.media.upload({
      phoneNumberId: company.pnid,
      type: 'image',
      file: new Blob([png], { type: 'image/png' }),
      fileName: 'dot.png',
    })
    const { url } = await company.kapso.media.get({ mediaId: id, phoneNumberId: company.pnid })
    expect((await fetch(url)).status).toBe(401)
    const fetched = await fetch(url, { headers: { authorization: `Bearer ${company.simulator.token}` } })
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(png)
    company.simulator.clock.set({ advanceMs: 5 * 60_000 })
    expect((await fetch(url, { headers: { authorization: `Bearer ${company.simulator.token}` } })).status).toBe(404)
  })

  it('asks the callback for the challenge before it posts there', async () => {
    company.simulator.setWebhook(null)
    const hook = `http://127.0.0.1:${new URL(company.simulator.url).port}`
    expect(await company.simulator.subscribe(`${hook}/nowhere`, VERIFY_TOKEN)).toMatchObject({ verified: false })
  })
})
