// Which view an address shows. Each view is an address, so that a reload, a bookmark or a colleague finds it again.
import { LocationProvider, Route, Router } from 'preact-iso/router'
import { me, signedIn, supervises } from './store/app.ts'
import { Contacts } from './views/contacts/contacts-page.tsx'
import { HistoryPage } from './views/history/history-page.tsx'
import { Workspace } from './views/inbox/workspace.tsx'
import { Blacklist } from './views/outcome/blacklist.tsx'
import { ResultsPage } from './views/outcome/results-page.tsx'
import { TagsPage } from './views/outcome/tags-page.tsx'
import { NumbersPage } from './views/settings/numbers-page.tsx'
import { SettingsPage } from './views/settings/settings-page.tsx'
import { UsersPage } from './views/settings/users-page.tsx'
import { Elsewhere } from './views/shell/elsewhere.tsx'
import { Shell } from './views/shell/shell.tsx'
import { SignIn } from './views/sign-in/sign-in.tsx'
import { Supervise } from './views/supervise/supervise.tsx'
import { Templates } from './views/templates/templates-page.tsx'

export function App() {
  if (signedIn.value === 'no') return <SignIn />
  if (signedIn.value === 'unknown') return null
  return (
    <LocationProvider>
      <Shell>
        <Router>
          <Route path="/" component={Workspace} />
          <Route path="/sign-in" component={Workspace} />
          <Route path="/sessions" component={Workspace} />
          <Route path="/sessions/:id" component={Workspace} />
          <Route path="/sessions/:id/:panel" component={Workspace} />
          <Route path="/sessions/:id/:panel/:messageId" component={Workspace} />
          <Route path="/templates" component={Templates} />
          <Route path="/templates/:id" component={Templates} />
          <Route path="/history" component={HistoryPage} />
          <Route path="/contacts" component={Contacts} />
          <Route path="/contacts/:id" component={Contacts} />
          {supervises(me.value)
            ? ['/supervise', '/supervise/:id'].map((path) => <Route key={path} path={path} component={Supervise} />)
            : []}
          {supervises(me.value) ? [<Route key="blacklist" path="/blacklist" component={Blacklist} />] : []}
          {me.value?.role === 'administrator'
            ? [
                <Route key="settings" path="/settings" component={SettingsPage} />,
                <Route key="users" path="/settings/users" component={UsersPage} />,
                <Route key="numbers" path="/settings/numbers" component={NumbersPage} />,
                <Route key="tags" path="/settings/tags" component={TagsPage} />,
                <Route key="results" path="/settings/results" component={ResultsPage} />,
              ]
            : []}
          <Route default component={Elsewhere} />
        </Router>
      </Shell>
    </LocationProvider>
  )
}
