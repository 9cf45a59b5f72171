// A text with WhatsApp's marks, drawn as elements; never as markup, so that nothing a client writes can become a page.
import { Fragment } from 'preact'
import { type Piece, parse } from '../text/format.ts'

export const RichText = ({ text }: { text: string }) => <>{draw(parse(text))}</>

const draw = (pieces: readonly Piece[]) => pieces.map((piece, n) => <Fragment key={n}>{one(piece)}</Fragment>)

function one(piece: Piece) {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'bold':
      return <strong>{draw(piece.pieces)}</strong>
    case 'italic':
      return <em>{draw(piece.pieces)}</em>
    case 'strike':
      return <s>{draw(piece.pieces)}</s>
    case 'code':
      return <code>{piece.text}</code>
    case 'block':
      return <pre>{piece.text.replace(/^\n|\n$/g, '')}</pre>
    case 'link':
      return (
        <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
          {piece.text}
        </a>
      )
  }
}
