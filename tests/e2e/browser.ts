// A real browser for tests: one Chromium a file, a context of its own for each person, as on two computers.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core'
import { eventually } from '../support/eventually.ts'
import { PASSWORD, type System } from '../support/system.ts'

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/** The machine's own where it has one, else the one that playwright keeps. */
function executable(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
  return process.env.CHROMIUM ?? found ?? chromium.executablePath()
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: executable(), args: ARGS })

export type Who = 'olga' | 'omar' | 'sara' | 'admin'
export type Theme = 'light' | 'dark'

export interface Desk {
  readonly context: BrowserContext
  readonly page: Page
}

export interface DeskOptions {
  readonly theme?: Theme
  readonly width?: number
  readonly height?: number
}

/** Somebody at the console, signed in by its own page. */
export async function desk(browser: Browser, system: System, who: Who, options: DeskOptions = {}): Promise<Desk> {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(`${system.url}/sessions`)
  await page.getByLabel('E-mail').fill(`${who}@parley.test`)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Offered' }).waitFor()
  return { context, page }
}

/** The bubbles of a conversation that hold this text. */
export const bubble = (page: Page, text: string): Locator => page.locator('[data-message]').filter({ hasText: text })

/** Waits until our message with this text shows that status, as a picture and as a word. */
export const showsStatus = (page: Page, text: string, status: string): Promise<void> =>
  bubble(page, text).locator(`[data-status="${status}"]`).first().waitFor({ state: 'attached' })

export const write = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Write a message' }).fill(text)
  await page.keyboard.press('Enter')
}

/** Until the caret has come to the text field, where accepting puts it: a key pressed before belongs to the list. */
export const acceptFromList = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: `Accept ${name}` }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor()
  await eventually(() => isWriting(page), 'the caret is in the text field')
}

/** The cursor is in the text field. */
export const isWriting = (page: Page): Promise<boolean> =>
  page.evaluate("document.activeElement?.hasAttribute('data-composer') ?? false")

/** A client's phone, as the simulator's page shows it in a browser of its own. */
export async function phonePage(browser: Browser, system: System, name: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 520, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(`${system.simulator.url}/phone/`)
  await page.getByRole('button', { name }).first().click()
  await page.getByRole('textbox', { name: 'Message' }).first().waitFor()
  return page
}

export async function writeOnPhone(phone: Page, text: string): Promise<void> {
  await phone.getByRole('textbox', { name: 'Message' }).first().fill(text)
  await phone.keyboard.press('Enter')
}

/** What the company sent, as the client sees it. */
export const onPhone = (phone: Page, text: string): Locator =>
  phone.getByRole('article', { name: 'From the company' }).filter({ hasText: text }).first()
