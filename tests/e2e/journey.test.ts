// A conversation from its first message to its result, between two real pages: the client's phone and the console.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import {
  acceptFromList,
  bubble,
  desk,
  launch,
  onPhone,
  phonePage,
  showsStatus,
  write,
  writeOnPhone,
} from './browser.ts'

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

test('a client writes on the phone, the operator sees it without reloading, answers, and the ticks climb to read', async () => {
  system.simulator.phone.client({ phone: '+420777123456', name: 'Jana Nováková' })
  const { page, context } = await desk(browser, system, 'olga')
  const phone = await phonePage(browser, system, 'Jana Nováková')
  let loads = 0
  page.on('load', () => {
    loads += 1
  })

  await writeOnPhone(phone, 'Hello, where is my order?')
  await acceptFromList(page, 'Jana Nováková')
  await bubble(page, 'where is my order').waitFor()

  await write(page, 'It leaves *today*')
  await onPhone(phone, 'It leaves').waitFor()
  await showsStatus(page, 'It leaves today', 'delivered')
  await phone.getByRole('button', { name: /^Read/ }).first().click()
  await showsStatus(page, 'It leaves today', 'read')
  expect(await bubble(page, 'It leaves').locator('strong').textContent()).toBe('today')

  await page.getByRole('button', { name: 'End', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Not solved' }).check()
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  // This result needs a note; the dialog says so and stays.
  expect(await dialog.isVisible()).toBe(true)
  await dialog.getByRole('textbox', { name: /Note/ }).fill('Parcel is late')
  await dialog.getByRole('button', { name: 'End', exact: true }).click()
  await page.getByText('This session has ended: Not solved.').waitFor()
  await page.getByText('Note: Parcel is late').waitFor()
  expect(loads).toBe(0)

  await writeOnPhone(phone, 'One more question')
  await page.getByRole('button', { name: 'Accept Jana Nováková' }).waitFor()
  await context.close()
  await phone.context().close()
})

test('an operator who was offline in between misses nothing, sees nothing twice, and sends once', async () => {
  const petr = system.simulator.phone.client({ phone: '+420777000111', name: 'Petr Dvořák' })
  await petr.writes('Good morning')
  const { page, context } = await desk(browser, system, 'omar')
  await acceptFromList(page, 'Petr Dvořák')
  await write(page, 'Good morning, Petr')
  await showsStatus(page, 'Good morning, Petr', 'delivered')

  await context.setOffline(true)
  await page.getByText('No connection. Your text is kept').waitFor()
  for (const text of ['First', 'Second', 'Third']) await petr.writes(`${text} while away`)
  petr.reads()
  await write(page, 'Written without a connection')
  await page.getByText('No connection. Sent once it is back.').waitFor()
  expect(petr.received().filter((note) => note.shown.body.includes('Written without'))).toEqual([])

  await context.setOffline(false)
  await showsStatus(page, 'Written without a connection', 'delivered')
  await showsStatus(page, 'Good morning, Petr', 'read')
  const texts = await page.locator('[data-message]').allInnerTexts()
  const told = texts.map((text) => text.split('\n')[0])
  expect(told).toEqual([
    'Good morning',
    'Good morning, Petr',
    'First while away',
    'Second while away',
    'Third while away',
    'Written without a connection',
  ])
  expect(petr.received().filter((note) => note.shown.body.includes('Written without'))).toHaveLength(1)
  expect(await page.locator('[data-entry]').count()).toBe(0)
  await context.close()
})

test('what one has begun to write is found again on another computer', async () => {
  const eva = system.simulator.phone.client({ phone: '+447700900123', name: 'Eva Draft' })
  await eva.writes('Do you ship to London?')
  const first = await desk(browser, system, 'olga')
  await acceptFromList(first.page, 'Eva Draft')
  const saved = first.page.waitForResponse(
    (response) => response.url().endsWith('/draft') && response.request().method() === 'PUT',
  )
  await first.page.getByRole('textbox', { name: 'Write a message' }).fill('Yes, we do, and')
  expect((await saved).status()).toBe(200)
  await first.context.close()

  const second = await desk(browser, system, 'olga')
  await second.page.getByRole('link', { name: /Eva Draft/ }).click()
  const field = second.page.getByRole('textbox', { name: 'Write a message' })
  await expect.poll(() => field.inputValue(), { timeout: 10_000 }).toBe('Yes, we do, and')
  await second.context.close()
})
