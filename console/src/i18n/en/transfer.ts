// Handing a session on.

export const transfer = {
  'transfer.open': 'Transfer',
  'transfer.title': 'Transfer {name}',
  'transfer.to': 'To a group, or to one of its operators',
  'transfer.nobody': 'Nobody is signed in.',
  'transfer.counts': '{online} online, {busy} busy, {away} away',
  'transfer.waiting': '{count} waiting',
  'transfer.slots': '{sessions} of {slots} sessions',
  'transfer.status.online': 'Online',
  'transfer.status.busy': 'Busy',
  'transfer.status.away': 'Away',
  'transfer.status.offline': 'Offline',
  'transfer.note': 'Note for whoever has it next (the client never sees it)',
  'transfer.choose': 'Choose a group or an operator.',
  'transfer.submit': 'Transfer',
  'transfer.submitTo': 'Transfer to {name}',
  'transfer.cameBack.unanswered': '{name} did not accept it in time. It is yours again.',
  'transfer.cameBack.returned': '{name} declined. It is yours again.',
} as const
