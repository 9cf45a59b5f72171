// What stands in a cell of an exported CSV file. A spreadsheet runs a cell that begins like a formula, and what is
// exported was written by strangers: such a cell gets an apostrophe before it, which an import takes off again. A phone
// number is left alone, for all that it begins with a plus: digits and spaces compute nothing.

const FORMULA = /^[\t\r\n ]*[=+\-@＝＋－＠]|^[\t\r]/
const PHONE = /^\+\d[\d ]*$/

export const guardedCell = (text: string): string => (FORMULA.test(text) && !PHONE.test(text) ? `'${text}` : text)

export const unguardedCell = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text
