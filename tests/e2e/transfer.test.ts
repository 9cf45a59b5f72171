// A session handed on, as those see it who hand it on, take it, let it run out, and take it over.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, bubble, desk, launch, onPhone, phonePage, write, writeOnPhone } from './browser.ts'

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

const picture = async (page: import('playwright-core').Page, name: string) => {
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png` })
}

test('Transfer with a note to one operator, who accepts and answers; a supervisor takes it over', async () => {
  system.simulator.phone.client({ phone: '+420777123456', name: 'Jana Nováková' })
  const { page: olga } = await desk(browser, system, 'olga')
  const { page: omar } = await desk(browser, system, 'omar')
  const phone = await phonePage(browser, system, 'Jana Nováková')
  await writeOnPhone(phone, 'Where is my order?')
  await acceptFromList(olga, 'Jana Nováková')

  await olga.getByRole('button', { name: 'Transfer', exact: true }).click()
  const dialog = olga.getByRole('dialog', { name: 'Transfer Jana Nováková' })
  await dialog
    .getByText(/online, 0 busy, 0 away/)
    .first()
    .waitFor()
  await dialog
    .locator('summary')
    .first()
    .click({ position: { x: 300, y: 8 } })
  await dialog.getByRole('radio', { name: /Omar/ }).check()
  await dialog.getByLabel(/^Note/).fill('She has written twice already')
  await picture(olga, 'transfer-dialog')
  await dialog.getByRole('button', { name: 'Transfer to Omar' }).click()
  await dialog.waitFor({ state: 'detached' })

  await omar.getByText('For you').waitFor()
  await picture(omar, 'offered-to-me')
  await acceptFromList(omar, 'Jana Nováková')
  await write(omar, 'It is on its way')
  await onPhone(phone, 'It is on its way').waitFor()
  await omar.goto(`${omar.url()}/about`)
  await omar.getByText('She has written twice already').waitFor()
  await omar.getByLabel('A note for other operators').fill('Promised for Friday')
  await omar.getByRole('button', { name: 'Save the note' }).click()
  await omar.getByText('Promised for Friday').waitFor()
  await picture(omar, 'notes')

  const { page: sara } = await desk(browser, system, 'sara')
  const [, id] = /sessions\/([0-9a-f-]+)/.exec(omar.url()) ?? []
  await sara.goto(`${system.url}/sessions/${id}`)
  await bubble(sara, 'It is on its way').waitFor()
  await sara.getByRole('button', { name: 'More' }).click()
  await sara.getByRole('menuitem', { name: 'Take over' }).click()
  await write(sara, 'This is Sara')
  await onPhone(phone, 'This is Sara').waitFor()
  expect(await omar.getByRole('textbox', { name: 'Write a message' }).count()).toBe(0)
})

test('an offer that is declined comes back, and says so', async () => {
  system.simulator.phone.client({ phone: '+420777123457', name: 'Petr Dlouhý' })
  const { page: olga } = await desk(browser, system, 'olga')
  const { page: omar } = await desk(browser, system, 'omar')
  const phone = await phonePage(browser, system, 'Petr Dlouhý')
  await writeOnPhone(phone, 'Hello')
  await acceptFromList(olga, 'Petr Dlouhý')
  await olga.getByRole('button', { name: 'Transfer', exact: true }).click()
  const dialog = olga.getByRole('dialog')
  await dialog
    .locator('summary')
    .first()
    .click({ position: { x: 300, y: 8 } })
  await dialog.getByRole('radio', { name: /Omar/ }).check()
  await dialog.getByRole('button', { name: 'Transfer to Omar' }).click()
  await omar.getByRole('link', { name: /Petr Dlouhý/ }).click()
  await omar.getByRole('button', { name: 'More' }).click()
  await omar.getByRole('menuitem', { name: 'Decline' }).click()
  // She still looks at where it was.
  await olga.getByText('Omar Operator declined. It is yours again.').waitFor()
  await bubble(olga, 'Hello').waitFor()
  await picture(olga, 'came-back')
  await write(olga, 'I am back')
  await onPhone(phone, 'I am back').waitFor()
  await olga.getByText('Omar Operator declined. It is yours again.').waitFor({ state: 'detached' })
})
