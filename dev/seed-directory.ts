// The demo's canned texts and directory: a few of each kind, in English and in Czech.
import { v7 as uuidv7 } from 'uuid'
import type { Trx } from '../src/db/database.ts'
import { type ContactValue, displayName, keyOf, searchKey, sortKey } from '../src/domain/contact.ts'
import { fold } from '../src/domain/fold.ts'

type Owner = { readonly group?: true; readonly user?: string }

const TEXTS: readonly (Owner & {
  readonly folder?: string
  readonly name: string
  readonly shortcut: string
  readonly en: string
  readonly cs: string
})[] = [
  {
    name: 'Greeting',
    shortcut: 'hello',
    en: 'Hello {{client.name}}, this is {{operator.name}}. How can I help you?',
    cs: 'Dobrý den, {{client.name}}, tady {{operator.name}}. S čím vám mohu pomoci?',
  },
  {
    name: 'Thanks and goodbye',
    shortcut: 'bye',
    en: 'Thank you for writing to us. Have a nice day!',
    cs: 'Děkujeme, že jste nám napsali. Přejeme hezký den!',
  },
  {
    folder: 'Orders',
    name: 'Order on its way',
    shortcut: 'order',
    en: 'Your order {{order number}} leaves our warehouse on {{day}}.',
    cs: 'Vaše objednávka {{order number}} opustí náš sklad {{day}}.',
  },
  {
    group: true,
    folder: 'Orders',
    name: 'Ask for the order number',
    shortcut: 'number',
    en: 'Could you please tell me your order number?',
    cs: 'Mohu poprosit o číslo vaší objednávky?',
  },
  {
    user: 'olga@parley.test',
    name: 'I will find out',
    shortcut: 'wait',
    en: 'Let me find out, I will be right back.',
    cs: 'Zjistím to a hned se vám ozvu.',
  },
]

const FIELDS = [
  { key: 'customer_number', name: 'Customer number' },
  { key: 'company', name: 'Company' },
] as const

const CONTACTS: readonly { name: string; phone: string; email: string; customer: string }[] = [
  { name: 'Žofie Šťastná', phone: '+420777100201', email: 'zofie@example.com', customer: 'C-1001' },
  { name: 'Řehoř Dvořák', phone: '+420777100202', email: 'rehor@example.com', customer: 'C-1002' },
  { name: 'Emily Carter', phone: '+447700900201', email: 'emily@example.com', customer: 'C-1003' },
]

export async function seedDirectory(trx: Trx, serviceGroup: string, at: Date): Promise<void> {
  const folder = uuidv7()
  await trx.insertInto('canned_folder').values({ id: folder, name: 'Orders', group_ids: [], created_at: at }).execute()
  for (const text of TEXTS) {
    const id = uuidv7()
    const user =
      text.user === undefined
        ? null
        : await trx.selectFrom('user_account').select('id').where('email', '=', text.user).executeTakeFirstOrThrow()
    await trx
      .insertInto('canned_text')
      .values({
        id,
        group_id: text.group === true ? serviceGroup : null,
        user_id: user?.id ?? null,
        folder_id: text.folder === undefined ? null : folder,
        name: text.name,
        shortcut: text.shortcut,
        search_key: fold([text.shortcut, text.name, text.en, text.cs].join(' ')),
        updated_at: at,
      })
      .execute()
    await trx
      .insertInto('canned_text_variant')
      .values([
        { text_id: id, language: 'en', text: text.en, position: 0 },
        { text_id: id, language: 'cs', text: text.cs, position: 1 },
      ])
      .execute()
  }
  const fields = FIELDS.map((field, position) => ({ id: uuidv7(), ...field, position }))
  await trx.insertInto('contact_field').values(fields).execute()
  for (const { name, phone, email, customer } of CONTACTS) {
    const id = uuidv7()
    const values: readonly ContactValue[] = [
      { kind: 'name', fieldId: null, value: name },
      { kind: 'phone', fieldId: null, value: phone },
      { kind: 'email', fieldId: null, value: email },
      { kind: 'field', fieldId: fields[0]?.id ?? null, value: customer },
    ]
    await trx
      .insertInto('contact')
      .values({
        id,
        name: displayName(values),
        sort_key: sortKey(values),
        search_key: searchKey(values, { names: [], phones: [], bsuids: [] }),
        created_at: at,
        updated_at: at,
      })
      .execute()
    await trx
      .insertInto('contact_value')
      .values(
        values.map((value) => ({
          id: uuidv7(),
          contact_id: id,
          kind: value.kind,
          field_id: value.fieldId,
          value: value.value,
          key: keyOf(value),
          position: 0,
        })),
      )
      .execute()
  }
}
