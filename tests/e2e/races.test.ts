// Two people, or a person and a client, at the same moment: what the screens say is what was decided.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, bubble, desk, isWriting, launch, write } from './browser.ts'

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

test('two operators accept at once: one has it, the other is told, and loses sight of it', async () => {
  const client = system.simulator.phone.client({ phone: '+420777222333', name: 'Both Want' })
  await client.writes('Hello')
  const olga = await desk(browser, system, 'olga')
  const omar = await desk(browser, system, 'omar')
  const pages = [olga.page, omar.page]
  await Promise.all(pages.map((page) => page.getByRole('button', { name: 'Accept Both Want' }).waitFor()))
  await Promise.all(pages.map((page) => page.getByRole('button', { name: 'Accept Both Want' }).click()))

  await expect
    .poll(
      async () => {
        const mine = await Promise.all(pages.map((page) => page.locator('[data-composer]').count()))
        return mine.reduce((sum, one) => sum + one, 0)
      },
      { timeout: 15_000 },
    )
    .toBe(1)
  const loser = (await olga.page.locator('[data-composer]').count()) === 1 ? omar.page : olga.page
  await loser.getByText('Another operator was first to accept this session.').first().waitFor()
  await expect.poll(() => loser.locator('[data-row]').count(), { timeout: 15_000 }).toBe(0)
  await Promise.all([olga.context.close(), omar.context.close()])
})

test('what the client writes while one ends is shown in the dialog, and is read first', async () => {
  const client = system.simulator.phone.client({ phone: '+420777444555', name: 'Last Word' })
  await client.writes('Hello')
  const { page, context } = await desk(browser, system, 'olga')
  await acceptFromList(page, 'Last Word')
  await page.getByRole('button', { name: 'End', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Solved', exact: true }).check()
  await dialog.getByRole('textbox', { name: /Note/ }).fill('All done')
  await client.writes('Wait, one more thing')
  await dialog.getByText('Wait, one more thing').waitFor()
  expect(await dialog.getByRole('button', { name: 'End', exact: true }).count()).toBe(0)
  await dialog.getByRole('button', { name: 'Read first' }).click()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()

  // What was chosen and noted is kept.
  await page.getByRole('button', { name: 'End', exact: true }).click()
  expect(await dialog.getByRole('radio', { name: 'Solved', exact: true }).isChecked()).toBe(true)
  expect(await dialog.getByRole('textbox', { name: /Note/ }).inputValue()).toBe('All done')
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Solved.').waitFor()
  await context.close()
})

test('a client who writes during the wrap-up has the session open again, with its operator', async () => {
  const client = system.simulator.phone.client({ phone: '+420777666777', name: 'Comes Back' })
  await client.writes('Hello')
  const { page, context } = await desk(browser, system, 'olga')
  await acceptFromList(page, 'Comes Back')
  await page.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByRole('button', { name: 'End, result later' }).click()
  await page.getByText('Ended. Choose a result').waitFor()
  await client.writes('Are you there?')
  await bubble(page, 'Are you there?').waitFor()
  await write(page, 'I am')
  await client.gets((note) => note.shown.body === 'I am')
  await context.close()
})

test('arrivals take neither focus nor scroll; a pill counts them', async () => {
  const client = system.simulator.phone.client({ phone: '+420777888999', name: 'Writes Much' })
  for (let n = 1; n <= 30; n += 1) await client.writes(`Line ${n}.`)
  const { page, context } = await desk(browser, system, 'omar')
  await acceptFromList(page, 'Writes Much')
  await bubble(page, 'Line 30.').waitFor()
  await page.getByRole('textbox', { name: 'Write a message' }).fill('I am writing')
  const thread = 'document.querySelector(\'section[aria-label="Conversation with Writes Much"]\')'
  await page.evaluate(`${thread}.scrollTop = 0`)
  await client.writes('Are you reading this?')
  await page.getByRole('button', { name: '1 new message' }).waitFor()
  expect(await page.evaluate(`${thread}.scrollTop`)).toBe(0)
  expect(await isWriting(page)).toBe(true)
  await page.getByRole('button', { name: '1 new message' }).click()
  await page.getByRole('button', { name: '1 new message' }).waitFor({ state: 'detached' })
  await context.close()
})
