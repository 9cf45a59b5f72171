// The company begins, as the operator sees it: a new session by HeroCard, its answer, and an ended session taken up again.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { bubble, desk, launch, onPhone, phonePage, write } from './browser.ts'

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

test('New session, a number as people write it, a HeroCard: the field waits, opens with the answer, and the ended session is taken up again', async () => {
  system.simulator.phone.client({ phone: '+420777123456', name: 'Jana Nováková' })
  const { page } = await desk(browser, system, 'olga')
  const phone = await phonePage(browser, system, 'Jana Nováková')

  await page.keyboard.press('n')
  const dialog = page.getByRole('dialog', { name: 'New session on WhatsApp' })
  await dialog.getByLabel('Client’s phone number or WhatsApp id').fill('777 123 456')
  await dialog.getByText('+420777123456').waitFor()
  await dialog.getByText('Somebody new').waitFor()
  await dialog.getByRole('searchbox', { name: 'Search HeroCards' }).fill('order update en')
  expect(await dialog.getByRole('button', { name: /lottery/ }).count()).toBe(0)
  await dialog.getByRole('button', { name: /order update en/ }).click()
  await dialog.getByLabel('In the heading: 1').fill('7')
  await dialog.getByLabel('In the text: 1').fill('Jana')
  await dialog.getByLabel('In the text: 2').fill('Friday')
  await dialog.getByText('Hello Jana, your order leaves on Friday.').waitFor()
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/new-session.png` })
  await dialog.getByRole('button', { name: 'Send the HeroCard' }).click()
  await page.getByText('Waiting for the client.').waitFor()
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/awaiting.png` })

  await onPhone(phone, 'your order leaves on Friday').waitFor()
  await phone.getByRole('button', { name: 'Yes, please' }).click()
  await bubble(page, 'Yes, please').waitFor()
  await write(page, 'We will call')
  await onPhone(phone, 'We will call').waitFor()

  await page.getByRole('button', { name: 'End', exact: true }).click()
  const end = page.getByRole('dialog')
  await end.getByRole('radio', { name: 'Solved', exact: true }).check()
  await end.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Solved.').waitFor()
  await page.getByRole('button', { name: 'Reconnect' }).click()
  await write(page, 'One more thing')
  await onPhone(phone, 'One more thing').waitFor()
})
