// Templates in the text field, the client's contact beside the conversation, and the directory as a page of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type System, startSystem } from '../support/system.ts'
import { acceptFromList, type Desk, desk, isWriting, launch } from './browser.ts'

let system: System
let browser: Browser
let olga: Desk
let admin: Desk
const folder = mkdtempSync(join(tmpdir(), 'parley-directory-'))
beforeAll(async () => {
  system = await startSystem()
  await system.db.updateTable('user_account').set({ slots: 20 }).execute()
  browser = await launch()
  await system.db
    .insertInto('tag')
    .values({ id: v7(), name: 'bakery', color: '#14693f', created_at: new Date() })
    .execute()
  olga = await desk(browser, system, 'olga')
  admin = await desk(browser, system, 'admin')
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await browser?.close()
  await system?.close()
})

let last = 0
async function talk(page: Page, name: string) {
  const client = system.simulator.phone.client({ phone: `+42077750${String(++last).padStart(4, '0')}`, name })
  await client.writes(`Hello from ${name}`)
  await acceptFromList(page, name)
  return client
}
const composer = (page: Page) => page.getByRole('textbox', { name: 'Write a message' })
const look = async (page: Page, name: string) => {
  const to = process.env.SCREENSHOTS
  if (to !== undefined) await page.screenshot({ path: join(to, `${name}.png`) })
}

test('# and a shortcut, Enter: the template stands in the text field with the client’s name, and is not sent', async () => {
  const { page } = olga
  const client = await talk(page, 'Jana Template')
  await composer(page).pressSequentially('Good morning. #hel')
  const list = page.getByRole('listbox', { name: 'Templates' })
  await list.getByRole('option', { name: 'Greeting' }).waitFor()
  await look(page, 'canned-list')
  await page.keyboard.press('Enter')
  await eventually(
    async () =>
      (await composer(page).inputValue()).startsWith('Good morning. Hello Jana Template, this is Olga Operator.'),
    'the filled template',
  )
  expect(await isWriting(page)).toBe(true)
  expect(client.received()).toEqual([])
  await page.keyboard.press('Enter')
  await client.gets((one) => String(one.shown.body).includes('Hello Jana Template'))
})

test('what nobody knows is asked for in place, with the text as it will be; Tab changes the language', async () => {
  const { page } = olga
  const client = await talk(page, 'Petr Placeholder')
  await composer(page).pressSequentially('#order')
  await page.getByRole('option', { name: 'Order on its way' }).waitFor()
  await page.keyboard.press('Tab')
  await page.getByRole('option', { name: 'Vaše objednávka' }).waitFor()
  await page.keyboard.press('Enter')
  const form = page.getByRole('region', { name: 'Fill in “Order on its way”' })
  await form.getByText('Vaše objednávka {{order number}} opustí náš sklad {{day}}.').waitFor()
  await page.keyboard.type('2026-117')
  await page.keyboard.press('Enter')
  await page.keyboard.type('zítra')
  await form.getByText('Vaše objednávka 2026-117 opustí náš sklad zítra.').waitFor()
  await look(page, 'canned-form')
  await page.keyboard.press('Enter')
  await eventually(
    async () => (await composer(page).inputValue()) === 'Vaše objednávka 2026-117 opustí náš sklad zítra.',
    'the filled template',
  )
  expect(client.received()).toEqual([])
  // Escape closes the list and leaves what was written.
  await composer(page).fill('')
  await composer(page).pressSequentially('#by')
  await page.getByRole('option', { name: 'Thanks and goodbye' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('listbox', { name: 'Templates' }).waitFor({ state: 'detached' })
  expect(await composer(page).inputValue()).toBe('#by')
  await composer(page).fill('')
})

test('templates stand beside the conversation, too', async () => {
  const { page } = olga
  await talk(page, 'Panel Template')
  await page.getByRole('heading', { level: 1, name: 'Panel Template' }).getByRole('link').click()
  await page.getByRole('link', { name: 'Templates' }).click()
  await page.getByRole('searchbox', { name: 'Search templates' }).fill('goodbye')
  await page.getByRole('button', { name: 'Thanks and goodbye' }).click()
  await eventually(async () => (await composer(page).inputValue()).startsWith('Děkujeme'), 'the template in the field')
  await look(page, 'canned-panel')
  await composer(page).fill('')
})

test('Add Contact: the client is in the directory; a new name shows at once, with what they call themselves beside', async () => {
  const { page } = olga
  await talk(page, 'kačenka 🌸')
  await page.getByRole('heading', { level: 1, name: 'kačenka' }).getByRole('link').click()
  await look(page, 'contact-unlinked')
  await page.getByRole('button', { name: 'Add Contact' }).click()
  const name = page.getByRole('textbox', { name: 'Name', exact: true })
  await name.fill('Kateřina Nováková')
  await name.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Kateřina Nováková' }).waitFor()
  await page.getByText('on WhatsApp: kačenka 🌸').waitFor()
  await page.getByRole('textbox', { name: 'New: E-mail' }).fill('not an address')
  await page.getByRole('textbox', { name: 'New: E-mail' }).press('Enter')
  await page.getByText('That is no e-mail address.').waitFor()
  await page.getByRole('textbox', { name: 'New: E-mail' }).fill('katerina@example.cz')
  await page.getByRole('textbox', { name: 'New: E-mail' }).press('Enter')
  await page.getByRole('textbox', { name: 'E-mail', exact: true }).waitFor()
  await look(page, 'contact-linked')
  await page.getByRole('link', { name: 'Timeline' }).first().click()
  await page.getByText('Olga Operator linked the client with a contact of the directory.').waitFor()
})

test('Select Existing: searched with a mistyped name, linked, disconnected again; a number that is known is suggested', async () => {
  const { page } = olga
  await talk(page, 'Somebody Unknown')
  await page.getByRole('heading', { level: 1, name: 'Somebody Unknown' }).getByRole('link').click()
  await page.getByRole('button', { name: 'Select Existing' }).click()
  await page.getByRole('searchbox', { name: 'Search the directory' }).fill('rehor dvorrak')
  await page.getByRole('button', { name: 'Select Řehoř Dvořák' }).click()
  await page.getByRole('heading', { level: 1, name: 'Řehoř Dvořák' }).waitFor()
  await page.getByRole('button', { name: 'Disconnect from Directory' }).click()
  await page.getByRole('heading', { level: 1, name: 'Somebody Unknown' }).waitFor()

  const known = system.simulator.phone.client({ phone: '+420777100201', name: 'Z.' })
  await known.writes('It is me')
  await acceptFromList(page, 'Z.')
  await page.getByRole('heading', { level: 1, name: 'Z.' }).getByRole('link').click()
  await page.getByText('same number').waitFor()
  await page.getByRole('button', { name: 'Select Žofie Šťastná' }).click()
  await page.getByRole('heading', { level: 1, name: 'Žofie Šťastná' }).waitFor()
})

test('the directory is a page: G then C, search, one contact with its sessions, changed where it stands', async () => {
  const { page } = olga
  await page.goto(`${system.url}/sessions`)
  await page.getByRole('heading', { name: 'Offered' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('c')
  await page.getByRole('heading', { level: 1, name: 'Contacts' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search the directory' }).fill('777 100 201')
  await page.getByRole('link', { name: 'Žofie Šťastná' }).click()
  const sheet = page.getByRole('article', { name: 'Žofie Šťastná' })
  await sheet.getByText('on WhatsApp: Z.').waitFor()
  await sheet.getByRole('link', { name: 'It is me' }).waitFor()
  await sheet.getByRole('textbox', { name: 'New: Company' }).fill('Bakery Ltd')
  await sheet.getByRole('textbox', { name: 'New: Company' }).press('Enter')
  await sheet.getByText('Changed: + Bakery Ltd').waitFor()
  const tags = sheet.getByRole('region', { name: 'Tags' })
  await tags.getByRole('combobox', { name: 'Add a tag' }).fill('baker')
  await tags.getByRole('option', { name: 'bakery' }).click()
  await tags.getByRole('button', { name: /^Take away the tag/ }).waitFor()
  await look(page, 'contacts')
  expect(await sheet.getByRole('button', { name: 'Merge…' }).count()).toBe(0)
  await page.setViewportSize({ width: 880, height: 900 })
  await look(page, 'contacts-narrow')
  await page.getByRole('link', { name: 'Back to the contacts' }).click()
  await page.getByRole('link', { name: 'Žofie Šťastná' }).waitFor()
  await page.setViewportSize({ width: 1440, height: 900 })
})

test('an administrator merges two, sees what will be, and undoes it', async () => {
  const { page } = admin
  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('button', { name: 'New contact' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Emily C.')
  await page.getByRole('textbox', { name: 'E-mail' }).fill('e.carter@example.com')
  await page.getByRole('button', { name: 'Add Contact' }).click()
  const sheet = page.getByRole('article', { name: 'Emily C.' })
  await sheet.getByRole('button', { name: 'Merge…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox', { name: 'Merge with' }).fill('emily')
  await dialog.getByRole('button', { name: 'Select Emily Carter' }).click()
  await dialog.getByText('e.carter@example.com, emily@example.com').waitFor()
  await look(page, 'merge')
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click()
  await sheet.getByText('Merged with another contact').waitFor()
  await sheet.getByRole('button', { name: 'Undo merge' }).click()
  await sheet.getByText('Merge undone').waitFor()
  await page.getByRole('link', { name: 'Emily Carter' }).waitFor()
  await sheet.getByRole('button', { name: 'Remove…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from Contact Directory' }).click()
  await page.getByRole('heading', { name: 'No contact chosen' }).waitFor()
})

test('an administrator imports a file: columns are recognised, what is wrong says why, the rest is stored', async () => {
  const { page } = admin
  const path = join(folder, 'contacts.csv')
  writeFileSync(path, 'Jméno;Mobil;Zákazník\nIva Importovaná;777 555 001;Z-9\nBroken;x;\n')
  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('button', { name: 'Import' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('CSV file').setInputFiles(path)
  await dialog.getByText('Phone “x” is no phone number.').waitFor()
  await dialog.getByLabel('What the column Zákazník is').selectOption('Customer number')
  await dialog.getByText('New: 1').waitFor()
  await look(page, 'import')
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByText('Done.').waitFor()
  await dialog.getByRole('link', { name: 'Result as a file' }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('searchbox', { name: 'Search the directory' }).fill('importovana')
  await page.getByRole('link', { name: 'Iva Importovaná' }).click()
  await page.getByRole('textbox', { name: 'Customer number' }).waitFor()
})

test('an operator keeps templates of their own, and uses them at once', async () => {
  const { page } = olga
  await page.goto(`${system.url}/templates`)
  await page.getByRole('link', { name: 'New template' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Opening hours')
  await page.getByRole('textbox', { name: 'Shortcut' }).fill('hello')
  await page.getByRole('textbox', { name: 'Text (en)' }).fill('We are here until ')
  await page.getByRole('textbox', { name: 'Text (en)' }).press('End')
  await page.keyboard.type('{{hour}}, says ')
  await page.getByRole('button', { name: 'operator.name' }).click()
  await page.getByRole('button', { name: 'Save template' }).click()
  await page.getByRole('form', { name: 'Opening hours' }).waitFor()
  await page.getByRole('textbox', { name: 'Shortcut' }).fill('two words')
  await page.getByRole('button', { name: 'Save template' }).click()
  await page.getByText('A shortcut is one word of letters, digits, - and _.').waitFor()
  await page.getByRole('textbox', { name: 'Shortcut' }).fill('hours')
  await page.getByRole('textbox', { name: 'Add language' }).fill('cs')
  await page.getByRole('button', { name: 'Add language' }).click()
  await page.getByRole('textbox', { name: 'Text (cs)' }).fill('Jsme tu do {{hour}}.')
  await page.getByRole('button', { name: 'Save template' }).click()
  await page.getByText('Saved.').waitFor()
  await look(page, 'template-editor')
  await page.getByRole('link', { name: 'Greeting' }).click()
  await page.getByText('This template is kept by others; you can use it.').waitFor()
  expect(await page.getByRole('button', { name: 'Save template' }).count()).toBe(0)

  await page.goto(`${system.url}/sessions`)
  await talk(page, 'Asks When')
  await composer(page).pressSequentially('#hou')
  await page.getByRole('option', { name: 'Opening hours' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Fill in “Opening hours”' }).waitFor()
  await page.keyboard.type('17:00')
  await page.keyboard.press('Enter')
  await eventually(async () => (await composer(page).inputValue()) === 'Jsme tu do 17:00.', 'the template of one’s own')
})

test('an administrator keeps folders for groups, the company’s templates, and the directory’s fields', async () => {
  const { page } = admin
  await page.goto(`${system.url}/templates/folders`)
  await page.getByRole('textbox', { name: 'New folder' }).fill('Complaints')
  await page.getByRole('button', { name: 'Add folder' }).click()
  await page.getByRole('textbox', { name: 'Name of the folder Complaints' }).waitFor()
  const row = page.getByRole('listitem').filter({ has: page.getByLabel('Name of the folder Complaints') })
  await row.getByLabel('Orders').check()
  await eventually(
    async () =>
      (
        await system.db
          .selectFrom('canned_folder')
          .select('group_ids')
          .where('name', '=', 'Complaints')
          .executeTakeFirst()
      )?.group_ids.length === 1,
    'the folder is for one group',
  )
  await look(page, 'folders')
  await page.getByRole('link', { name: 'New template' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Sorry')
  await page.getByLabel('Whose').selectOption('Company')
  await page.getByLabel('Folder').selectOption('Complaints')
  await page.getByRole('textbox', { name: 'Text (en)' }).fill('We are sorry.')
  await page.getByRole('button', { name: 'Save template' }).click()
  await page.getByRole('form', { name: 'Sorry' }).waitFor()
  // Olga's group is not one of the folder's.
  await olga.page.goto(`${system.url}/templates`)
  await olga.page.getByRole('link', { name: 'Greeting' }).waitFor()
  expect(await olga.page.getByRole('link', { name: 'Sorry' }).count()).toBe(0)

  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('button', { name: 'Fields' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'New field' }).fill('Birthday')
  await dialog.getByRole('button', { name: 'Add field' }).click()
  await dialog.getByRole('textbox', { name: 'Name of the field Birthday' }).waitFor()
  await dialog.getByRole('button', { name: 'Move Birthday up' }).click()
  await look(page, 'fields')
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Řehoř Dvořák' }).click()
  await page.getByRole('textbox', { name: 'New: Birthday' }).waitFor()
})

test('somebody whose number WhatsApp does not tell is on every screen: list, head, panel, directory, search', async () => {
  const { page } = olga
  system.simulator.knobs.set({ bsuidOnly: 'all' })
  const client = system.simulator.phone.client({ phone: '+420777599001', name: 'Nameless Number' })
  await client.writes('You do not see my number')
  system.simulator.knobs.reset()
  await page.goto(`${system.url}/sessions`)
  await acceptFromList(page, 'Nameless Number')
  await page.getByText('No phone number').first().waitFor()
  await page.getByRole('heading', { level: 1, name: 'Nameless Number' }).getByRole('link').click()
  const { bsuid } = client.who
  await page.getByText(bsuid).waitFor()
  await page.getByRole('button', { name: 'Add Contact' }).click()
  await page.getByRole('textbox', { name: 'New: Phone' }).waitFor()
  await page.getByRole('link', { name: 'Open in directory' }).click()
  const sheet = page.getByRole('article', { name: 'Nameless Number' })
  await sheet.getByText(bsuid).waitFor()
  await page.getByRole('searchbox', { name: 'Search the directory' }).fill(bsuid)
  await page.getByRole('link', { name: 'Nameless Number' }).waitFor()
})

test.each(['light', 'dark'] as const)('no view of it has a serious finding of axe, %s', async (theme) => {
  const { page, context } = await desk(browser, system, 'admin', { theme })
  const found: string[] = []
  const check = async (view: string) => {
    const { violations } = await new AxeBuilder({ page }).analyze()
    for (const { id, impact, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        found.push(...nodes.map((node) => `${view}: ${id} at ${node.target.join(' ')}: ${node.failureSummary ?? ''}`))
  }
  const name = `Axe ${theme}`
  const client = system.simulator.phone.client({ phone: theme === 'light' ? '+420777600001' : '+420777600002', name })
  await client.writes('Hello')
  await acceptFromList(page, name)
  await composer(page).pressSequentially('#')
  await page.getByRole('option').first().waitFor()
  await check('list of templates')
  await composer(page).pressSequentially('order')
  await page.getByRole('option', { name: 'Order on its way' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: /Fill in/ }).waitFor()
  await check('what a template leaves open')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { level: 1, name }).getByRole('link').click()
  await page.getByRole('button', { name: 'Select Existing' }).click()
  await page
    .getByRole('button', { name: /^Select / })
    .first()
    .waitFor()
  await check('contact, not linked')
  await page.getByRole('button', { name: 'Add Contact' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).waitFor()
  await check('contact')
  await page.getByRole('link', { name: 'Templates' }).click()
  await page.getByRole('button', { name: 'Greeting' }).waitFor()
  await check('templates beside the conversation')
  await page.getByRole('link', { name: 'Contacts' }).click()
  await page.getByRole('link', { name: 'Žofie Šťastná' }).click()
  await page.getByRole('article', { name: 'Žofie Šťastná' }).getByText('Linked with a client').waitFor()
  await check('contacts')
  await page.goto(`${system.url}/templates`)
  await page.getByRole('link', { name: 'Greeting' }).click()
  await page.getByRole('button', { name: 'operator.name' }).waitFor()
  await check('templates')
  await page.goto(`${system.url}/templates/folders`)
  await page.getByRole('textbox', { name: 'Name of the folder Orders' }).waitFor()
  await check('folders')
  await context.close()
  expect(found).toEqual([])
})
