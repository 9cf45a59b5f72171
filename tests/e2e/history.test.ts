// Looking back, as operators and supervisors do: the table with its filters, the words where they were said, and the file.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, desk, launch, phonePage, writeOnPhone } from './browser.ts'

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

test('an ended session is found by its words and its result, opened, and handed out as a file', async () => {
  system.simulator.phone.client({ phone: '+420777123456', name: 'Jana Nováková' })
  const { page } = await desk(browser, system, 'sara')
  const phone = await phonePage(browser, system, 'Jana Nováková')
  await writeOnPhone(phone, 'Kde je moje objednávka?')
  await acceptFromList(page, 'Jana Nováková')
  await page.getByRole('button', { name: 'End', exact: true }).click()
  const end = page.getByRole('dialog')
  await end.getByRole('radio', { name: 'Solved', exact: true }).check()
  await end.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Solved.').waitFor()

  // While the dialog is open, keys are its own.
  await end.waitFor({ state: 'detached' })
  await page.keyboard.press('g')
  await page.keyboard.press('h')
  const row = page.getByRole('row', { name: /Jana Nováková/ })
  await row.getByText('Solved').waitFor()
  await page.getByRole('combobox', { name: 'Result' }).selectOption('none')
  await page.getByText('No session is like this.').waitFor()
  await page.getByRole('combobox', { name: 'Result' }).selectOption('')
  // A sweep that runs already passes another one over: the words are there once one has committed.
  await eventually(async () => {
    await system.service.housekeeping.runAll()
    return (await system.db.selectFrom('search_entry').select('id').where('kind', '=', 'message').execute()).length > 0
  }, 'the message is indexed')
  await page.getByRole('searchbox', { name: 'Words in messages and notes' }).fill('objednavku')
  const said = page.getByRole('region', { name: 'Where it was said' })
  await said.getByText('objednávka', { exact: true }).waitFor()
  await row.waitFor()
  if (process.env.PICTURES !== undefined) await page.screenshot({ path: `${process.env.PICTURES}/history.png` })
  expect(page.url()).toContain('text=objednavku')

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export CSV' }).click()
  expect((await download).suggestedFilename()).toBe('sessions.csv')
  await said.getByRole('link').first().click()
  await page.getByText('This session has ended: Solved.').waitFor()
  await page.getByRole('button', { name: 'Reconnect' }).waitFor()

  // A colleague may take the client up again, and not change how another one ended it.
  const { page: olga } = await desk(browser, system, 'olga')
  await olga.getByRole('link', { name: 'History' }).click()
  await olga.getByRole('link', { name: 'Jana Nováková' }).click()
  await olga.getByRole('button', { name: 'Reconnect' }).waitFor()
  expect(await olga.getByRole('button', { name: 'Change result' }).count()).toBe(0)
})
