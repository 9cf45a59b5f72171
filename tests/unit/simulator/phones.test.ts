// What clients do, and what a company hears of it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startSimulator } from '../../../simulator/start.ts'
import { type Company, startCompany, until } from './company.ts'

const PHONE = '+420777123456'

describe('the phones of the simulator', () => {
  let company: Company
  beforeEach(async () => {
    company = await startCompany()
  })
  afterEach(() => company.close())
  const client = () => company.simulator.phone.client({ name: 'Jana', phone: PHONE })
  const last = async () => {
    await company.simulator.idle()
    return company.messages().at(-1)
  }

  it('keep the order of ticks for a client: sent until the webhook answers 200, then delivered, then read', async () => {
    company.simulator.knobs.set({ retryFirstMs: 30 })
    company.answers.push(500)
    const note = await client().writes('Hello')
    await until(() => company.webhooks.length === 1)
    expect(note.status).toBe('sent')
    await until(() => note.status === 'delivered')
    await company.kapso.messages.markRead({ phoneNumberId: company.pnid, messageId: note.wamid })
    expect(note.status).toBe('read')
  })

  it('offline: sent, and delivered only when the phone is back', async () => {
    const jana = client()
    await jana.writes('Hello')
    jana.goesOffline()
    await company.text(PHONE, 'Are you there?')
    await until(() => company.statuses().length === 1)
    await company.simulator.idle()
    expect(company.statuses().map(({ status }) => status)).toEqual(['sent'])
    jana.goesOnline()
    await company.simulator.idle()
    expect(company.statuses().map(({ status }) => status)).toEqual(['sent', 'delivered'])
  })

  it('a changed number is announced from the old one, with a new BSUID and the previous', async () => {
    const jana = client()
    await jana.writes('Hello')
    const before = jana.who.bsuid
    jana.changesNumber('+420777654321')
    expect(jana.who.bsuid).not.toBe(before)
    expect(await last()).toMatchObject({
      from: '420777123456',
      type: 'system',
      system: { type: 'user_changed_number', wa_id: '420777654321', user_id: jana.who.bsuid, previous_user_id: before },
    })
    expect(company.webhooks.at(-1)?.json.entry[0].changes[0].value).not.toHaveProperty('contacts')
    jana.changesNumber('+420777000999', 'user_changed_user_id')
    expect(await last()).toMatchObject({ system: { type: 'user_changed_user_id', user_id: jana.who.bsuid } })
    expect(await last()).not.toHaveProperty('from')
  })

  it('quotes, reacts and takes a reaction back, edits, sends places and files', async () => {
    const jana = client()
    await jana.writes('Hello')
    const { body } = await company.text(PHONE, 'Hi')
    const [{ id }] = (body as { messages: [{ id: string }] }).messages
    await jana.gets(({ wamid }) => wamid === id)
    await jana.writes('Quoting you', { replyTo: id })
    expect(await last()).toMatchObject({ context: { id, from: '420555000111' } })
    await jana.reacts(id, '👍')
    expect(await last()).toMatchObject({ type: 'reaction', reaction: { message_id: id, emoji: '👍' } })
    await jana.reacts(id, null)
    expect((await last()).reaction).toEqual({ message_id: id })
    await jana.does({ type: 'unsupported', what: 'edit' })
    expect(await last()).toMatchObject({
      type: 'unsupported',
      unsupported: { type: 'edit' },
      errors: [{ code: 131051 }],
    })
    await jana.does({ type: 'location', latitude: 49.2, longitude: 16.6 })
    expect(await last()).toMatchObject({ location: { latitude: 49.2, longitude: 16.6 } })
    await jana.does({
      type: 'document',
      data: Buffer.from('PDF').toString('base64'),
      mimeType: 'application/pdf',
      filename: 'účet.pdf',
    })
    const { document } = await last()
    expect(document).toMatchObject({ filename: 'účet.pdf', mime_type: 'application/pdf' })
    const file = await fetch(document.url, { headers: { authorization: `Bearer ${company.simulator.token}` } })
    expect(await file.text()).toBe('PDF')
  })

  it('press the buttons of templates and of interactive messages', async () => {
    const jana = client()
    await jana.writes('Hello')
    const text = (value: string) => ({ type: 'text', text: value })
    const sent = await company.kapso.messages.sendTemplate({
      phoneNumberId: company.pnid,
      to: PHONE,
      template: {
        name: 'order_update',
        language: { code: 'en' },
        components: [
          { type: 'header', parameters: [text('4711')] },
          { type: 'body', parameters: [text('Jana'), text('Monday')] },
        ],
      },
    } as Parameters<typeof company.kapso.messages.sendTemplate>[0])
    const card = await jana.gets(({ wamid }) => wamid === sent.messages[0]?.id)
    expect(card.shown).toMatchObject({ header: 'Order 4711', body: expect.stringContaining('Hello Jana') })
    await jana.presses(card.wamid, 'Yes, please')
    expect(await last()).toMatchObject({ type: 'button', button: { text: 'Yes, please' }, context: { id: card.wamid } })
    const asked = await company.kapso.messages.sendInteractiveButtons({
      phoneNumberId: company.pnid,
      to: PHONE,
      bodyText: 'When?',
      buttons: [{ id: 'am', title: 'Morning' }],
    })
    const question = await jana.gets(({ wamid }) => wamid === asked.messages[0]?.id)
    await jana.presses(question.wamid, 'am')
    expect(await last()).toMatchObject({
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id: 'am', title: 'Morning' } },
    })
  })

  it.each([
    [{ name: 'order_update', language: { code: 'de' } }, 404, 132001],
    [{ name: 'order_update', language: { code: 'en' } }, 400, 132000],
    [{ name: 'spring_offer', language: { code: 'en' } }, 400, 132015],
    [{ name: 'feedback', language: { code: 'cs' } }, 400, 132016],
  ])('a template that cannot be sent is refused: %o', async (template, status, code) => {
    const answer = await company.post({ messaging_product: 'whatsapp', to: PHONE, type: 'template', template })
    expect(answer).toEqual({ status, body: { error: expect.objectContaining({ code }) } })
  })

  it.each([
    [{ type: 'text', text: {} }, 131008],
    [{ type: 'text', text: { body: 'x'.repeat(4097) } }, 131009],
    [{ type: 'dance', dance: {} }, 131009],
    [{ type: 'text' }, 131008],
  ])('a malformed message is refused: %o', async (message, code) => {
    expect(await company.post({ messaging_product: 'whatsapp', to: PHONE, ...message })).toMatchObject({
      status: 400,
      body: { error: { code } },
    })
    expect(await company.post({ to: PHONE, ...message })).toMatchObject({ status: 400, body: { error: { code: 100 } } })
  })

  it('groups and echoes are told apart, and open no window', async () => {
    const jana = client()
    await jana.writes('All of you', { groupId: 'group-1' })
    expect(await last()).toMatchObject({ group_id: 'group-1' })
    expect(jana.talk.windowUntil).toBeNull()
    jana.isAnsweredByEcho('From my own phone')
    await company.simulator.idle()
    expect(company.webhooks.at(-1)?.json.entry[0].changes[0]).toMatchObject({
      field: 'smb_message_echoes',
      value: { message_echoes: [{ to: '420777123456', text: { body: 'From my own phone' } }] },
    })
  })

  it('an advertisement opens the free entry point with the first answer', async () => {
    const jana = client()
    await jana.writes('Saw your ad', { referral: { source_type: 'ad', source_id: '1' } })
    await company.text(PHONE, 'Welcome', 'k')
    await jana.gets(({ opaque }) => opaque === 'k')
    await company.simulator.idle()
    expect(company.statuses()[0]).toMatchObject({
      conversation: { origin: { type: 'referral_conversion' } },
      pricing: { billable: false, type: 'free_entry_point' },
    })
  })

  it('a restart keeps phones, messages, windows, and the webhooks that nobody has answered yet', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'simulator-'))
    try {
      const first = await startSimulator({ dataDir, webhookUrl: 'http://127.0.0.1:1/', token: 't' })
      const jana = first.phone.client({ name: 'Jana', phone: PHONE })
      const { wamid } = await jana.writes('Remember me')
      jana.goesOffline()
      await until(() => first.webhooks()[0]?.nextAt)
      await first.close()
      const second = await startSimulator({ dataDir, webhookUrl: null })
      try {
        const again = second.phone.client({ phone: PHONE })
        expect(again.who).toMatchObject({ name: 'Jana', online: false, bsuid: jana.who.bsuid })
        expect(again.messages()).toMatchObject([{ wamid, status: 'sent' }])
        expect(again.talk.windowUntil).toBe(jana.talk.windowUntil)
        expect(second.webhooks()).toMatchObject([{ state: 'waiting' }])
      } finally {
        await second.close()
      }
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })
})
