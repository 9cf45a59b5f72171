// What comes of a session, as people at the console do it: the blacklist, tags, results with their notes and farewell, and
// the window at its edges.
import { mkdirSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, bubble, type Desk, desk, launch, showsStatus, write } from './browser.ts'

let system: System
let browser: Browser
let olga: Desk
let admin: Desk
beforeAll(async () => {
  system = await startSystem()
  await system.db.updateTable('user_account').set({ slots: 50 }).execute()
  browser = await launch()
  olga = await desk(browser, system, 'olga')
  admin = await desk(browser, system, 'admin')
})
afterAll(async () => {
  await browser?.close()
  await system?.close()
})

const pictures = process.env.PICTURES
const picture = async (page: Page, name: string): Promise<void> => {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}/${name}.png` })
}

const newClient = async (n: number, name: string) => {
  const client = system.simulator.phone.client({ phone: `+4207771000${10 + n}`, name })
  await client.writes(`Hello from ${name}`)
  return client
}
const closed = (page: Page, reason: string) => page.locator(`[data-closed="${reason}"]`)
const panelOf = (page: Page) => page.getByRole('complementary', { name: 'About this session' })

async function openAbout(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Tags, result, blacklist' }).click()
  await panelOf(page).getByRole('heading', { name: 'Tags' }).waitFor()
}

test('an operator bans the client of the running session: the field closes with the reason, what they write is flagged, and it still ends with a result', async () => {
  const client = await newClient(1, 'Bad Tempered')
  const { page } = olga
  await acceptFromList(page, 'Bad Tempered')
  await page.getByRole('textbox', { name: 'Write a message' }).fill('Half written')
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Put on the blacklist…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Put on the blacklist' }).click()
  await dialog.getByText('Say why.').waitFor()
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Insults everybody')
  await picture(page, 'ban-dialog')
  await dialog.getByRole('button', { name: 'Put on the blacklist' }).click()
  await closed(page, 'banned').getByText('This client is on the blacklist: Insults everybody.').waitFor()
  await closed(page, 'banned').getByText('Half written').waitFor()
  await client.writes('You again')
  await bubble(page, 'You again').getByText('Said while on the blacklist').waitFor()
  await picture(page, 'banned')

  await admin.page.getByRole('link', { name: 'Blacklist', exact: true }).click()
  const row = admin.page.getByRole('listitem').filter({ hasText: 'Bad Tempered' })
  await row.getByText('Insults everybody').waitFor()
  await picture(admin.page, 'blacklist')

  await page.getByRole('button', { name: 'End', exact: true }).click()
  await dialog.getByRole('radio', { name: 'Spam' }).check()
  expect(await dialog.getByRole('textbox', { name: /Farewell/ }).count()).toBe(0)
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Spam.').waitFor()

  await row.getByRole('button', { name: 'Lift the ban' }).click()
  await row.waitFor({ state: 'detached' })
  await admin.page.getByRole('button', { name: 'Inactive' }).click()
  await row.getByText(/Lifted by Ada Admin/).waitFor()
})

test('a ban is opened in place of the field and lifted there, and the field comes back with what was begun', async () => {
  await newClient(2, 'Second Chance')
  const { page } = olga
  await acceptFromList(page, 'Second Chance')
  await page.getByRole('textbox', { name: 'Write a message' }).fill('As I was saying')
  await openAbout(page)
  await panelOf(page).getByRole('button', { name: 'Put on the blacklist' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('By mistake')
  await dialog.getByRole('combobox', { name: 'How long' }).selectOption('7')
  await dialog.getByRole('button', { name: 'Put on the blacklist' }).click()
  await closed(page, 'banned').getByRole('button', { name: 'Open ban' }).click()
  await dialog.getByText(/Ends by itself/).waitFor()
  await dialog.getByRole('button', { name: 'Lift the ban' }).click()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Write a message' }).inputValue()).toBe('As I was saying')
})

test('an administrator makes tags; the operator adds them by typing, and they are seen in head and list', async () => {
  await admin.page.goto(`${system.url}/settings/tags`)
  const form = admin.page.getByRole('form', { name: 'Add' })
  for (const [n, name] of ['order', 'VIP', 'complaint'].entries()) {
    await form.getByRole('textbox', { name: 'Name' }).fill(name)
    await form.getByRole('radio', { name: `Colour ${2 * n + 1}` }).check({ force: true })
    await form.getByRole('button', { name: 'Add' }).click()
    await admin.page.getByRole('listitem').filter({ hasText: name }).waitFor()
  }
  await picture(admin.page, 'tags-page')

  await newClient(3, 'Well Sorted')
  const { page } = olga
  await acceptFromList(page, 'Well Sorted')
  await openAbout(page)
  const field = panelOf(page).getByRole('combobox', { name: 'Add a tag' })
  await field.fill('vi')
  await panelOf(page).getByRole('option', { name: 'VIP' }).waitFor()
  await field.press('Enter')
  await panelOf(page).getByRole('button', { name: 'Take away the tag VIP' }).waitFor()
  await field.fill('ord')
  await panelOf(page).getByRole('option', { name: 'order' }).click()
  await panelOf(page).getByRole('button', { name: 'Take away the tag order' }).waitFor()
  await page.locator('header').getByText('VIP', { exact: true }).waitFor()
  await page
    .getByRole('link', { name: /Well Sorted/ })
    .getByText('Tags: order, VIP')
    .waitFor({ state: 'attached' })
  await field.fill('unheard of')
  await field.press('Enter')
  await panelOf(page).getByText('There is no such tag.').waitFor()
  await picture(page, 'tags')
  await panelOf(page).getByRole('button', { name: 'Take away the tag order' }).click()
  await panelOf(page).getByRole('button', { name: 'Take away the tag order' }).waitFor({ state: 'detached' })
})

test('a supervisor finds sessions by their tag, and tags and bans from the detail', async () => {
  const sara = await desk(browser, system, 'sara')
  const { page } = sara
  await page.getByRole('link', { name: 'All sessions' }).click()
  await page.getByRole('combobox', { name: 'Tag' }).selectOption({ label: 'VIP' })
  await page.getByRole('link', { name: 'Well Sorted' }).waitFor()
  expect(await page.getByRole('row').count()).toBe(2)
  await page.getByRole('link', { name: 'Well Sorted' }).click()
  const detail = panelOf(page)
  await detail.getByRole('combobox', { name: 'Add a tag' }).fill('compl')
  await page.keyboard.press('Enter')
  await detail.getByRole('button', { name: 'Take away the tag complaint' }).waitFor()
  await detail.getByRole('button', { name: 'Put on the blacklist' }).click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Spam')
  await page.getByRole('dialog').getByRole('button', { name: 'Put on the blacklist' }).click()
  await detail.getByText('This client is on the blacklist: Spam.').waitFor()
  await picture(page, 'supervise')
  await detail.getByRole('button', { name: 'Open ban' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Lift the ban' }).click()
  await detail.getByText('Not on the blacklist.').waitFor()
  await sara.context.close()
})

test('a setting takes the blacklist out of operators’ hands, and an administrator puts a number on it', async () => {
  const { page } = admin
  await page.goto(`${system.url}/blacklist`)
  const setting = page.getByRole('checkbox', { name: 'Operators may put clients on the blacklist' })
  await setting.uncheck()
  await expect
    .poll(async () => (await (await system.signIn('olga')).get('/api/v1/settings')).body.operatorsMayBan)
    .toBe(false)
  await olga.page.reload()
  await olga.page.getByRole('button', { name: 'More' }).click()
  await olga.page.getByRole('menuitem', { name: 'Tags, result, blacklist' }).waitFor()
  expect(await olga.page.getByRole('menuitem', { name: /Put on the blacklist/ }).count()).toBe(0)
  await olga.page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Add a number' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Fraud')
  await dialog.getByRole('textbox', { name: 'Phone number' }).fill('nobody')
  await dialog.getByRole('button', { name: 'Put on the blacklist' }).click()
  await dialog.getByText('Enter the number in international form').waitFor()
  await dialog.getByRole('textbox', { name: 'Phone number' }).fill('+420 777 999 001')
  await dialog.getByRole('button', { name: 'Put on the blacklist' }).click()
  await page.getByRole('listitem').filter({ hasText: '+420777999001' }).getByText('Fraud').waitFor()
  await setting.check()
  await expect
    .poll(async () => (await (await system.signIn('olga')).get('/api/v1/settings')).body.operatorsMayBan)
    .toBe(true)
})

test('a result made by the administrator ends a session with note and farewell; it is changed later, and the panel tells from what', async () => {
  await admin.page.goto(`${system.url}/settings/results`)
  const form = admin.page.getByRole('form', { name: 'Add' })
  await form.getByRole('textbox', { name: 'Name' }).fill('Sent back')
  await form.getByRole('combobox', { name: 'Under' }).selectOption({ label: 'Order' })
  await form.getByRole('checkbox', { name: 'Needs a note' }).check()
  await form.getByRole('checkbox', { name: 'Service' }).check()
  await form.getByRole('button', { name: 'Add' }).click()
  await admin.page.getByText('Needs a note · only for Service').waitFor()
  await picture(admin.page, 'results-page')

  const client = await newClient(4, 'Needs Closing')
  const { page } = olga
  await acceptFromList(page, 'Needs Closing')
  // A note during the session is there when it ends.
  await openAbout(page)
  await panelOf(page)
    .getByRole('textbox', { name: /Note for the result/ })
    .fill('Wants the blue one')
  await page.getByRole('button', { name: 'End', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: /Sent back/ }).check()
  expect(await dialog.getByRole('textbox', { name: /Note/ }).inputValue()).toBe('Wants the blue one')
  await dialog.getByRole('textbox', { name: /Farewell/ }).fill('Thank you and goodbye')
  await picture(page, 'end-dialog')
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Order › Sent back.').waitFor()
  await showsStatus(page, 'Thank you and goodbye', 'delivered')
  expect(client.received()).toHaveLength(1)

  const panel = panelOf(page)
  await panel.getByRole('button', { name: 'Change result' }).click()
  await panel.getByRole('radio', { name: 'Solved', exact: true }).check()
  await panel.getByRole('button', { name: 'Save result' }).click()
  await panel.getByText('Sent back → Solved').waitFor()
  await panel.getByText('Note before: Wants the blue one').waitFor()
  await picture(page, 'result-changed')
})

test('Meta refuses inside an open window: the message says until when it looked open, is sent again, and the field stays open', async () => {
  const client = await newClient(5, 'Refused Early')
  const { page } = olga
  await acceptFromList(page, 'Refused Early')
  system.simulator.knobs.set({ refuse: { code: 131047, when: 'now', times: 1 } })
  await write(page, 'Too late, says Meta')
  await bubble(page, 'Too late')
    .getByText(/although the window looked open until/)
    .waitFor()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
  await picture(page, 'refused-in-window')
  await bubble(page, 'Too late').getByRole('button', { name: 'Retry' }).click()
  await showsStatus(page, 'Too late, says Meta', 'delivered')
  expect(client.received()).toHaveLength(1)
})

test('before the window shuts the composer warns; at its end the field closes live, the draft stays, and the client’s next message opens it', async () => {
  const client = await newClient(6, 'Slow Typist')
  const { page } = olga
  await acceptFromList(page, 'Slow Typist')
  await page.getByRole('textbox', { name: 'Write a message' }).fill('I was about to say')
  const id = new URL(page.url()).pathname.split('/')[2] ?? ''
  await expect
    .poll(() => page.getByRole('textbox', { name: 'Write a message' }).inputValue())
    .toBe('I was about to say')
  await page.getByRole('textbox', { name: 'Write a message' }).blur()
  await system.skip(23 * 3_600_000, [id])
  const warned = () =>
    system.db
      .selectFrom('session_event')
      .select('n')
      .where('session_id', '=', id)
      .where('kind', '=', 'windowWarning')
      .execute()
  await expect.poll(async () => (await warned()).length, { timeout: 20_000 }).toBe(1)
  // A page learns the server's time when it connects.
  await page.reload()
  await page.locator('[data-window-warning]').waitFor()
  await picture(page, 'window-warning')
  // The workflow stands where the warning was due; so far it goes on until the window is over.
  await system.skip(3 * 3_600_000, [id])
  await closed(page, 'windowShut').getByText('I was about to say').waitFor()
  await picture(page, 'window-shut')
  await client.writes('Are you there?')
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Write a message' }).inputValue()).toBe('I was about to say')
})

test('a client who came by an advertisement: shown as free of charge, with its end, and no field opens by it', async () => {
  const client = system.simulator.phone.client({ phone: '+420777100099', name: 'Came By Ad' })
  await client.writes('Saw your ad', { referral: { headline: 'Bikes, half price', source_type: 'ad' } })
  const { page } = olga
  await acceptFromList(page, 'Came By Ad')
  await bubble(page, 'Saw your ad').getByText('Came by an advertisement: Bikes, half price').waitFor()
  await write(page, 'Yes, half price')
  await page.getByText('Free of charge').waitFor()
  await openAbout(page)
  await panelOf(page)
    .getByText(/costs nothing until .* It does not keep the window open/)
    .waitFor()
  await picture(page, 'free-entry-point')
})
