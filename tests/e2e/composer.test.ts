// Where one writes: why one cannot, in place of the field; and what became of what one wrote, at the message itself.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, bubble, type Desk, desk, isWriting, launch, showsStatus, write } from './browser.ts'

let system: System
let browser: Browser
let olga: Desk
beforeAll(async () => {
  system = await startSystem()
  await system.db.updateTable('user_account').set({ slots: 20 }).execute()
  browser = await launch()
  olga = await desk(browser, system, 'olga')
})
afterAll(async () => {
  await browser?.close()
  await system?.close()
})

const newClient = async (n: number, name: string) => {
  const client = system.simulator.phone.client({ phone: `+4207770000${10 + n}`, name })
  await client.writes(`Hello from ${name}`)
  return client
}
const closed = (page: Page, reason: string) => page.locator(`[data-closed="${reason}"]`)
const idOf = (page: Page): string => new URL(page.url()).pathname.split('/')[2] ?? ''

test('an offered session can be read, and says that it has to be accepted', async () => {
  await newClient(1, 'Not Accepted')
  const { page } = olga
  await page.getByRole('link', { name: /Not Accepted/ }).click()
  await bubble(page, 'Hello from Not Accepted').waitFor()
  await closed(page, 'noOperator').getByText('Accept the session to write.').waitFor()
  await closed(page, 'noOperator').getByRole('button', { name: 'Accept' }).click()
  await expect.poll(() => isWriting(page), { timeout: 10_000 }).toBe(true)
})

test('a message that Meta refuses says why, what to do, and can be sent again', async () => {
  const client = await newClient(2, 'Refused Once')
  const { page } = olga
  await acceptFromList(page, 'Refused Once')
  system.simulator.knobs.set({ refuse: { code: 131048, when: 'now', times: 1 } })
  await write(page, 'Will be refused')
  await showsStatus(page, 'Will be refused', 'failed')
  const failed = bubble(page, 'Will be refused')
  await failed.getByText('Not sent: Too many messages of this number were reported as spam.').waitFor()
  await failed.getByText('Wait some hours, and tell an administrator.').waitFor()
  await failed.getByRole('button', { name: 'Retry' }).click()
  await showsStatus(page, 'Will be refused', 'delivered')
  expect(client.received()).toHaveLength(1)

  await bubble(page, 'Will be refused').hover()
  await bubble(page, 'Will be refused').getByRole('link', { name: 'Why?' }).click()
  const panel = page.getByRole('complementary', { name: 'About this session' })
  await panel.getByText('Attempt 1: Not sent').waitFor()
  await panel.getByText('Attempt 2: Delivered').waitFor()
  await panel
    .getByText(/^Allowed when it was written.*the window was open until/)
    .first()
    .waitFor()
})

test('a message whose answer is lost is unknown, is not sent again by itself, and a person settles it', async () => {
  const client = await newClient(3, 'Lost Answer')
  const { page } = olga
  await acceptFromList(page, 'Lost Answer')
  system.simulator.knobs.set({ loseRequest: 1 })
  await write(page, 'Into the dark')
  await showsStatus(page, 'Into the dark', 'unknown')
  const unknown = bubble(page, 'Into the dark')
  await unknown.getByText('Meta did not confirm.').waitFor()
  expect(client.received()).toEqual([])
  await unknown.getByRole('button', { name: 'Not arrived' }).click()
  await showsStatus(page, 'Into the dark', 'failed')
  await unknown.getByRole('button', { name: 'Retry' }).click()
  await showsStatus(page, 'Into the dark', 'delivered')
  expect(client.received()).toHaveLength(1)
})

test('a quoted reply shows what it answers, here and on the phone, and leads to it', async () => {
  const client = await newClient(4, 'Quoted')
  const { page } = olga
  await acceptFromList(page, 'Quoted')
  // The key answers the newest message on the screen: before one is there, it means nothing.
  await bubble(page, 'Hello from Quoted').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('r')
  await page.getByText('Replying to “Hello from Quoted”').waitFor()
  await write(page, 'This is my answer')
  const answer = bubble(page, 'This is my answer')
  await answer.getByRole('button', { name: 'Hello from Quoted' }).click()
  await expect
    .poll(() => page.evaluate('document.activeElement?.innerText ?? ""'), { timeout: 5_000 })
    .toContain('Hello from Quoted')
  const note = await client.gets((one) => one.shown.body === 'This is my answer')
  expect(note.replyTo).toBe(client.messages()[0]?.wamid)
})

test('a supervisor reads along in somebody else’s session, and sees what happens next', async () => {
  await newClient(5, 'Watched')
  await acceptFromList(olga.page, 'Watched')
  const sara = await desk(browser, system, 'sara')
  await sara.page.getByRole('link', { name: 'All sessions' }).click()
  await sara.page.getByRole('link', { name: 'Watched' }).click()
  const detail = sara.page.getByRole('complementary', { name: 'About this session' })
  await detail.getByText('Olga Operator accepted it.').waitFor()
  await detail.getByText(/Warning that the window shuts soon, in/).waitFor()
  await detail.getByRole('link', { name: 'Conversation' }).click()
  await bubble(sara.page, 'Hello from Watched').waitFor()
  await sara.page.getByText('Olga Operator has this session. You can read along.').waitFor()
  await sara.context.close()
})

test('a number that is down says so, with what to do', async () => {
  await newClient(6, 'Number Down')
  const { page } = olga
  await acceptFromList(page, 'Number Down')
  system.simulator.knobs.set({ refuse: { code: 190, when: 'now', times: 1 } })
  await write(page, 'No token')
  await closed(page, 'channelDown').getByText('cannot send now').waitFor()
  await closed(page, 'channelDown').getByText('the number needs a new access token', { exact: false }).waitFor()
  await system.db.updateTable('channel').set({ state: 'up', state_reason: null }).execute()
  await page.reload()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
})

test('after 24 hours the field says that WhatsApp allows only a HeroCard, and opens when the client writes', async () => {
  const client = await newClient(7, 'Long Silent')
  const { page } = olga
  await acceptFromList(page, 'Long Silent')
  await system.skip(24 * 3_600_000 + 60_000, [idOf(page)])
  await closed(page, 'windowShut').getByText('More than 24 hours since the client’s last message.').waitFor()
  await client.writes('I am back')
  await bubble(page, 'I am back').waitFor()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
})
