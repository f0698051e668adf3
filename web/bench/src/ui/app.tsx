// The frame of the page: its head, its two parts (the bench, the cases), and the components that both use.

import { Alert, Button, Masthead, MastheadBrand, MastheadContent, MastheadMain, Nav, NavItem, NavList, Page, PageSection, SkipToContent, Spinner, Title, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { useEffect, useState } from 'react';
import { builtIn } from '../worker/built-in.js';
import { BenchPage } from './bench-page.js';
import { CasesPage } from './cases-page.js';
import type { Engine } from './engine.js';
import { decode, encode, initial, type State } from './state.js';
import { chooseTheme, preferredTheme, type Theme } from './theme.js';

/** How long after the last change the link in the address bar follows, in milliseconds. */
const LINK_DELAY = 300;

const isCases = () => location.hash === '#cases';

/** The whole page. */
export function App() {
  const [engine, setEngine] = useState<Engine | string>();
  const [state, setState] = useState<State>();
  const [unread, setUnread] = useState(false);
  const [cases, setCases] = useState(isCases);
  useEffect(() => {
    builtIn.then(setEngine, (error: unknown) => setEngine(error instanceof Error ? error.message : String(error)));
    const follow = async () => {
      setCases(isCases());
      const link = /^#bench=(.+)$/.exec(location.hash)?.[1];
      const shared = link === undefined ? undefined : await decode(link);
      setUnread(link !== undefined && !shared);
      setState((current) => shared ?? current ?? initial());
    };
    void follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    if (!state || cases) return;
    const timer = setTimeout(async () => {
      const link = await encode(state);
      if (!isCases()) history.replaceState(null, '', `#bench=${link}`);
    }, LINK_DELAY);
    return () => clearTimeout(timer);
  }, [state, cases]);

  return (
    <Page masthead={<Head cases={cases} />} skipToContent={<SkipToContent href="#main">Skip to content</SkipToContent>} mainContainerId="main">
      {unread && (
        <PageSection>
          <Alert component="h2" variant="warning" isInline title="The link could not be read">
            It is damaged or of another version. You see the bench as it begins; ask for the link again.
          </Alert>
        </PageSection>
      )}
      {typeof engine === 'string' && (
        <PageSection>
          <Alert component="h2" variant="danger" isInline title="The components did not start" actionLinks={<Button variant="link" isInline onClick={() => location.reload()}>Reload the page</Button>}>
            {engine}. The bench needs a browser of the last two years that allows WebAssembly.
          </Alert>
        </PageSection>
      )}
      {(engine === undefined || !state) && (
        <PageSection className="waiting">
          <Spinner aria-label="Starting the components" />
          <p>Starting the components of the server in this browser…</p>
        </PageSection>
      )}
      {typeof engine === 'object' && state && (cases ? <CasesPage engine={engine} /> : <BenchPage engine={engine} setEngine={setEngine} state={state} setState={(change) => setState((current) => current && change(current))} />)}
    </Page>
  );
}

function Head({ cases }: { cases: boolean }) {
  return (
    <Masthead display={{ default: 'inline' }} className="head">
      <MastheadMain>
        <MastheadBrand>
          <Title headingLevel="h1" size="lg" className="brand">
            <img src="./favicon.svg" alt="" width="28" height="28" /> <span className="wide">Matricula test bench</span>
            <span className="narrow">Test bench</span>
          </Title>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isStatic>
          <ToolbarContent>
            <ToolbarGroup>
              <ToolbarItem>
                <Nav variant="horizontal" aria-label="Parts of the bench">
                  <NavList>
                    <NavItem to="#bench" itemId="bench" isActive={!cases}>
                      Bench
                    </NavItem>
                    <NavItem to="#cases" itemId="cases" isActive={cases}>
                      Cases
                    </NavItem>
                  </NavList>
                </Nav>
              </ToolbarItem>
            </ToolbarGroup>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem>
                <ThemeSwitch />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(preferredTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  const choose = () => {
    chooseTheme(other);
    setTheme(other);
  };
  return <Button variant="plain" aria-label={`Use ${other} colours`} icon={theme === 'dark' ? <SunIcon /> : <MoonIcon />} onClick={choose} />;
}
