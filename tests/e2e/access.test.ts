// Everybody can use it: no serious finding of axe in any view, light or dark, wide or narrow; and a whole session
// without a mouse.
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, bubble, desk, isWriting, launch, showsStatus, type Theme, write } from './browser.ts'

let system: System
let browser: Browser
beforeAll(async () => {
  system = await startSystem({ settings: { queueTime: 1 } })
  await system.db.updateTable('user_account').set({ slots: 20 }).execute()
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  await system?.close()
})

async function findings(page: Page, view: string): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${view}: ${id} at ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    )
}

test.each(['light', 'dark'] as const)(
  'no view has a serious finding of axe, %s',
  async (theme: Theme) => {
    const found: string[] = []
    system.simulator.knobs.reset()
    const look = async (page: Page, view: string) => found.push(...(await findings(page, `${theme} ${view}`)))
    const n = theme === 'light' ? 1 : 2
    const name = `Checked ${theme}`
    const client = system.simulator.phone.client({ phone: `+42077711100${n}`, name })
    const other = system.simulator.phone.client({ phone: `+42077722200${n}`, name: `Waiting ${theme}` })
    await client.writes('Hello, *where* is `my` order?')
    await other.writes('Somebody there?')

    const context = await browser.newContext({ colorScheme: theme })
    const signIn = await context.newPage()
    await signIn.goto(system.url)
    await signIn.getByLabel('E-mail').waitFor()
    await look(signIn, 'sign-in')
    await context.close()

    const { page, context: own } = await desk(browser, system, 'olga', { theme })
    await page
      .getByText(/Overdue/)
      .first()
      .waitFor()
    await look(page, 'lists')
    await page.getByRole('link', { name: new RegExp(name) }).click()
    await bubble(page, 'Hello').waitFor()
    await look(page, 'preview')
    await acceptFromList(page, name)
    await write(page, 'It leaves today: https://example.com')
    await showsStatus(page, 'It leaves', 'delivered')
    system.simulator.knobs.set({ refuse: { code: 131026, when: 'now', times: 1 } })
    await write(page, 'Refused')
    await showsStatus(page, 'Refused', 'failed')
    system.simulator.knobs.set({ loseRequest: 1 })
    await write(page, 'Unclear')
    await showsStatus(page, 'Unclear', 'unknown')
    await client.does({ type: 'location', latitude: 50, longitude: 14, name: 'Here' })
    await bubble(page, 'Location').waitFor()
    await look(page, 'conversation')
    await page.getByRole('link', { name: 'Timeline' }).click()
    await page.getByText('Olga Operator accepted it.').waitFor()
    await page.getByText('Evidence').first().click()
    await look(page, 'timeline')
    await page.getByRole('link', { name: 'What happens next' }).click()
    await page.getByRole('heading', { name: 'Timers' }).waitFor()
    await look(page, 'what happens next')
    await bubble(page, 'Refused').getByRole('link', { name: 'Why?' }).first().click()
    await page.getByText('Attempt 1: Not sent').waitFor()
    await look(page, 'why')
    await page.getByRole('link', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Keys' }).click()
    await look(page, 'keys')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'End', exact: true }).click()
    await page.getByRole('radio', { name: 'Solved', exact: true }).waitFor()
    await look(page, 'end')
    await page.getByRole('button', { name: 'End, result later' }).click()
    await page.getByText('Ended. Choose a result').waitFor()
    await look(page, 'wrap-up')
    await page.setViewportSize({ width: 390, height: 844 })
    await look(page, 'wrap-up, narrow')
    await page.getByRole('link', { name: 'Back to the sessions' }).click()
    await look(page, 'lists, narrow')
    await own.close()

    const sara = await desk(browser, system, 'sara', { theme })
    await sara.page.getByRole('link', { name: 'All sessions' }).click()
    await sara.page.getByRole('link', { name }).click()
    await sara.page.getByText('Olga Operator accepted it.').waitFor()
    await look(sara.page, 'all sessions')
    await sara.context.close()
    expect(found).toEqual([])
  },
  240_000,
)

test('a whole session needs no mouse', async () => {
  const client = system.simulator.phone.client({ phone: '+420777333001', name: 'Keys Only' })
  await client.writes('Hello')
  const { page, context } = await desk(browser, system, 'omar')
  await page.getByRole('button', { name: 'Accept Keys Only' }).waitFor()
  const { keyboard } = page

  // J walks the list; Enter accepts and leads to the field.
  for (;;) {
    await keyboard.press('j')
    const heading = page.getByRole('heading', { level: 1 })
    await heading.filter({ hasNotText: 'No session chosen' }).waitFor()
    if ((await heading.textContent()) === 'Keys Only') break
  }
  await bubble(page, 'Hello').waitFor()
  await keyboard.press('Enter')
  await expect.poll(() => isWriting(page), { timeout: 10_000 }).toBe(true)
  await keyboard.type('One line, jr?')
  await keyboard.press('Shift+Enter')
  await keyboard.type('another e')
  await keyboard.press('Enter')
  const note = await client.gets((one) => one.shown.body === 'One line, jr?\nanother e')
  expect(note.status).toBeDefined()

  await keyboard.press('Escape')
  await keyboard.press('r')
  await page.getByText('Replying to “Hello”').waitFor()
  await expect.poll(() => isWriting(page), { timeout: 10_000 }).toBe(true)
  await keyboard.type('Quoted')
  await keyboard.press('Enter')
  await client.gets((one) => one.shown.body === 'Quoted')

  await keyboard.press('Escape')
  await keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' })
  await keyboard.press('e')
  await page.getByRole('radio', { name: 'Solved', exact: true }).waitFor()
  await expect
    .poll(() => page.evaluate('document.activeElement?.getAttribute("type")'), { timeout: 5_000 })
    .toBe('radio')
  await keyboard.press('Space')
  await keyboard.press('Enter')
  await page.getByText('This session has ended: Solved.').waitFor()
  await context.close()
})
