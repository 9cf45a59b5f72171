// History and search.

export const history = {
  'history.title': 'History',
  'history.views': 'Which sessions',
  'history.view.history': 'History',
  'history.view.live': 'Live',
  'history.by.text': 'Words in messages and notes',
  'history.by.q': 'Client: name or number',
  'history.by.result': 'Result',
  'history.by.from': 'From',
  'history.by.to': 'to',
  'history.anyResult': 'Any result',
  'history.export': 'Export CSV',
  'history.empty': 'No session is like this.',

  'search.label': 'Where it was said',
  'search.nothing': 'Nowhere. What was written in the last seconds is found a little later.',
  'search.kind.message': 'message',
  'search.kind.note': 'note',
  'search.kind.result': 'note of the result',

  'column.started': 'Started',
  'column.length': 'Took',
  'column.result': 'Result',
  'column.client': 'Client',
  'column.phase': 'Phase',
  'column.operator': 'Operator',
  'column.last': 'Last message',
  'column.waits': 'Waits',
  'column.window': 'Window',
} as const
