// The choice of a HeroCard with its values, as bodies carry it wherever one can be sent.
import { z } from 'zod'
import { anyText } from './fields.ts'

const value = anyText(4096)
const place = z.strictObject({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  name: anyText(1000).optional(),
  address: anyText(1000).optional(),
})

export const templateBody = z.strictObject({
  name: anyText(512),
  language: anyText(20).describe('As Meta names it, like `en` or `en_US`'),
  parameters: z
    .strictObject({
      header: z
        .array(z.union([value, place]))
        .max(10)
        .optional()
        .describe('The values of a text; the web address of an image, video or document; a place'),
      body: z
        .union([z.array(value).max(100), z.record(z.string().max(100), value)])
        .optional()
        .describe('Values in their order, or by name where the HeroCard names them'),
      buttons: z
        .array(z.strictObject({ index: z.int().min(0).max(9), value }))
        .max(10)
        .optional()
        .describe('Suffixes of links, codes to copy, payloads of quick replies'),
    })
    .default({}),
})
