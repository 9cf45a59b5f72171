// Setting Parley up, as an administrator does: somebody is invited and comes, a number is added and checked, a time changed.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { desk, launch } from './browser.ts'

let system: System
let browser: Browser
beforeAll(async () => {
  system = await startSystem()
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  await system?.close()
})

test('an invitation is handed on, and whoever opens it chooses a password and signs in', async () => {
  const { page } = await desk(browser, system, 'admin')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'People' }).click()
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Eva Nová')
  await dialog.getByLabel('E-mail').fill('eva@parley.test')
  await dialog.getByRole('checkbox').first().check()
  await dialog.getByRole('button', { name: 'Make the account and the invitation' }).click()
  const address = await page.getByLabel('Address of the invitation').inputValue()
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/invited.png` })

  const eva = await (await browser.newContext()).newPage()
  await eva.goto(address)
  await eva.getByText('eva@parley.test').waitFor()
  await eva.getByLabel(/^Password/).fill('a password of Eva')
  await eva.getByRole('button', { name: 'Set the password' }).click()
  await eva.getByRole('link', { name: 'Sign in' }).click()
  await eva.getByLabel('E-mail').fill('eva@parley.test')
  await eva.getByLabel('Password').fill('a password of Eva')
  await eva.getByRole('button', { name: 'Sign in' }).click()
  await eva.getByRole('heading', { name: 'Offered' }).waitFor()

  await page.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: 'Switch off Eva Nová' }).click()
  await page.getByText('(switched off)').waitFor()
  await eva.getByRole('button', { name: 'Sign in' }).waitFor()
})

test('a number is checked, another one added; a time is changed, and what cannot be is refused', async () => {
  const { page } = await desk(browser, system, 'admin')
  await page.goto(`${system.url}/settings/numbers`)
  await page
    .getByRole('button', { name: /^Check / })
    .first()
    .click()
  await page.getByText('Meta answers for this number: it works.').waitFor()
  const form = page.getByRole('form', { name: 'Add a number' })
  await form.getByLabel('Name').fill('Second')
  await form.getByLabel(/^Phone number ID/).fill('not digits')
  await form.getByLabel(/^WhatsApp Business/).fill('200000000000001')
  await form.getByLabel(/^Access token/).fill('EAA-something')
  await form.getByLabel(/^Group/).selectOption({ index: 1 })
  await form.getByRole('button', { name: 'Add it' }).click()
  await page.getByText('This is not valid, or is taken: Phone number ID').waitFor()
  await form.getByLabel(/^Phone number ID/).fill('200000000000002')
  await form.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('button', { name: 'Check Second' }).click()
  await page.getByRole('listitem').filter({ hasText: 'Second' }).locator('.note.danger').first().waitFor()
  if (process.env.PICTURES !== undefined)
    await page.screenshot({ path: `${process.env.PICTURES}/numbers.png`, fullPage: true })

  await page.goto(`${system.url}/settings`)
  const accept = page.getByLabel('To accept what is transferred to one operator')
  await accept.fill('90')
  await accept.press('Tab')
  await page.getByText('As it is kept now.').waitFor()
  const kept = await system.db
    .selectFrom('setting')
    .select('value')
    .where('key', '=', 'timeToAccept')
    .executeTakeFirst()
  expect(kept?.value).toBe(90)
  await accept.fill('99999999')
  await accept.press('Tab')
  await page.getByText('This is not valid, or is taken: To accept what is transferred').waitFor()
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/settings.png` })
})

test('the first administrator comes by the address that an empty installation prints', async () => {
  const empty = await startSystem({ demo: false })
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(empty.service.setupUrl ?? '')
    await page.getByLabel('Name').fill('Ada')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel(/^Password/).fill('a password of Ada')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('a password of Ada')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'Settings' }).waitFor()
  } finally {
    await empty.close()
    await context.close()
  }
})
