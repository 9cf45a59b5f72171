// What a company's message looks like on the phone.
import type { Body } from './contract.ts'
import type { Shown } from './words.ts'

export function shownBody(body: Body): Shown {
  switch (body.type) {
    case 'text':
      return { body: body.content.body }
    case 'image':
    case 'video':
      return { body: body.content.caption ?? '' }
    case 'document':
      return { body: body.content.caption ?? '', filename: body.content.filename ?? 'document' }
    case 'audio':
    case 'sticker':
      return { body: '' }
    case 'location': {
      const { name, address, latitude, longitude } = body.content
      return { ...(name === undefined ? {} : { header: name }), body: address ?? `${latitude}, ${longitude}` }
    }
    case 'contacts':
      return { body: body.content.map(({ name }) => name.formatted_name).join(', ') }
    case 'reaction':
      return { body: body.content.emoji }
    case 'interactive':
      return shownInteractive(body.content)
    case 'template':
      return { body: '' }
  }
}

type Interactive = Extract<Body, { type: 'interactive' }>['content']

function shownInteractive(content: Interactive): Shown {
  const base = { body: content.body.text }
  if (content.type === 'location_request_message') return base
  const { header, footer } = content
  const shown = {
    ...base,
    ...(header?.text ? { header: header.text } : {}),
    ...(footer ? { footer: footer.text } : {}),
  }
  switch (content.type) {
    case 'button':
      return {
        ...shown,
        buttons: content.action.buttons.map(({ reply }) => ({ kind: 'reply', id: reply.id, text: reply.title })),
      }
    case 'list':
      return {
        ...shown,
        buttons: content.action.sections
          .flatMap(({ rows }) => rows)
          .map(({ id, title, description }) => ({
            kind: 'list',
            id,
            text: title,
            ...(description ? { description } : {}),
          })),
      }
    case 'cta_url':
      return {
        ...shown,
        buttons: [{ kind: 'url', id: content.action.parameters.url, text: content.action.parameters.display_text }],
      }
  }
}
