// The lists of sessions: offers, one’s own, and the supervisor’s.

export const inbox = {
  'sessions.title': 'Sessions · Parley',

  'workspace.title': 'No session chosen',
  'workspace.lead': 'Choose one at the left. An offered session can be read before you accept it.',

  'inbox.label': 'Sessions',
  'inbox.offered': 'Offered',
  'inbox.mine': 'Mine',
  'inbox.waiting': 'Waiting for the client',
  'inbox.noOffers': 'Nobody is waiting. A client who writes to one of your numbers appears here.',
  'inbox.noneOfMine': 'None. A session that you accept appears here.',
  'inbox.overdue': { one: '{count} overdue', other: '{count} overdue' },

  'offer.accept': 'Accept',
  'offer.accepting': 'Accepting…',
  'offer.acceptWhom': 'Accept {name}',
  'offer.waits': 'Has waited {span}',
  'offer.dueIn': 'due in {span}',
  'offer.dueAt': 'Due at {at}',
  'offer.overdue': 'Overdue {span}',

  'row.unread': { one: '{count} unread message', other: '{count} unread messages' },
  'row.waits': 'Waits for an answer:',
  'row.waitsSince': 'The client waits since {at}',
  'row.wrapUp': 'Result missing',
  'row.wrapUpLeft': 'Result: {left}',
  'row.failed': { one: '{count} not sent', other: '{count} not sent' },
  'row.unknown': { one: '{count} unclear', other: '{count} unclear' },
  'row.banned': 'On the blacklist',

  'absent.title': 'This session is not here',
  'absent.lead': 'It does not exist, or is not one of those that you may see.',
  'absent.unreachable': 'The conversation could not be loaded',
  'absent.retries': 'It is tried again as soon as the connection is back.',
  'absent.back': 'To the sessions',

  'offer.forYou': 'For you',

  'supervise.title': 'All sessions',
  'supervise.filters': 'Phase',
  'supervise.filter.all': 'All',
  'supervise.filter.queued': 'Offered',
  'supervise.filter.active': 'Active',
  'supervise.filter.wrapUp': 'Wrap-up',
  'supervise.filter.ended': 'Ended',
  'supervise.empty': 'No sessions here. They appear as clients write.',
  'supervise.more': 'Show older sessions',
  'supervise.open': 'Conversation',
  'supervise.nobody': '–',
  'supervise.answered': 'answered',
} as const
