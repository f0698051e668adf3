// The frame of every page: name, realm, navigation, user.

import { useEffect, useRef, useState, type ReactNode } from 'react';
import {
  Button,
  Divider,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  MenuFooter,
  MenuSearch,
  MenuSearchInput,
  MenuToggle,
  Nav,
  NavGroup,
  NavItem,
  NavList,
  Page,
  PageSidebar,
  PageSidebarBody,
  PageToggleButton,
  SearchInput,
  Select,
  SelectList,
  SelectOption,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import BarsIcon from '@patternfly/react-icons/dist/esm/icons/bars-icon';
import UserIcon from '@patternfly/react-icons/dist/esm/icons/user-icon';
import { useLocation } from 'react-router';
import { realmIn } from './address';
import { Brand } from './parts/Brand';
import { useNotice } from './parts/notices';
import { useSession } from './session';
import { chooseTheme, chosenTheme, type Theme } from './theme';

/** The realm in the address; on pages of the server the one before. */
function useRealm(): string {
  const { session } = useSession();
  const { pathname } = useLocation();
  const last = useRef(session.realm);
  last.current = realmIn(pathname) || last.current;
  return last.current;
}

export function Layout({ children }: { children: ReactNode }) {
  const realm = useRealm();
  const { pathname } = useLocation();
  const { session, may } = useSession();
  const main = useRef<string>(pathname);
  const narrow = () => window.matchMedia('(max-width: 1199px)').matches;
  const [open, setOpen] = useState(!narrow());

  useEffect(() => {
    try {
      sessionStorage.setItem('matricula-realm', realm);
    } catch {
      // Without storage a reload begins with the user's own realm.
    }
  }, [realm]);
  useEffect(() => {
    if (main.current !== pathname) {
      main.current = pathname;
      if (narrow()) {
        setOpen(false);
      }
      document.getElementById('main')?.scrollTo(0, 0);
    }
  }, [pathname]);

  const at = `/${encodeURIComponent(realm)}`;
  const item = (path: string, caption: string, exact = false) => {
    const here = exact ? pathname === path || pathname === `${path}/` : pathname === path || pathname.startsWith(`${path}/`);
    return (
      <NavItem key={path} to={`#${path}`} isActive={here} {...(here && { 'aria-current': 'page' as const })}>
        {caption}
      </NavItem>
    );
  };
  const sidebar = (
    <PageSidebar isSidebarOpen={open} id="navigation">
      <PageSidebarBody>
        <RealmSelect realm={realm} />
      </PageSidebarBody>
      <PageSidebarBody isFilled>
        <Nav aria-label="Pages">
          <NavList>{item(at, 'Start', true)}</NavList>
          <NavGroup title="Manage">
            {item(`${at}/clients`, 'Clients')}
            {item(`${at}/targets`, 'Targets')}
            {item(`${at}/decisions`, 'Decisions')}
            {item(`${at}/events`, 'Events')}
          </NavGroup>
          <NavGroup title="Configure">
            {item(`${at}/client-policies`, 'Client policies')}
            {item(`${at}/settings`, 'Realm settings')}
          </NavGroup>
          {(session.administrator || may('master', 'manage-realm')) && <NavGroup title="Server">{item('/-/components', 'Components')}</NavGroup>}
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
  const masthead = (
    <Masthead display={{ default: 'inline' }}>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton variant="plain" aria-label="Navigation" isSidebarOpen={open} onSidebarToggle={() => setOpen(!open)} id="navigation-toggle">
            <BarsIcon />
          </PageToggleButton>
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo href="#/" aria-label="Matricula, start page">
            <Brand />
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight>
          <ToolbarContent>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem>
                <UserMenu />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
  return (
    <Page onPageResize={noticeNarrow} masthead={masthead} sidebar={sidebar} skipToContent={<SkipToContent onClick={skip} href="#main">Skip to content</SkipToContent>} mainContainerId="main" mainAriaLabel="Page">
      {children}
    </Page>
  );
}

/** PatternFly's page notices that it is narrow, and lets the sidebar slide in there, only if somebody wants to know. */
function noticeNarrow() {}

/** The address stays: it names the page. */
function skip(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function RealmSelect({ realm }: { realm: string }) {
  const { session, refresh } = useSession();
  const [open, setOpen] = useState(false);
  const [part, setPart] = useState('');
  // Others make and delete realms too. A list that cannot be read anew stays as it was.
  const show = () => {
    setOpen(!open);
    if (!open) {
      void refresh().catch(() => undefined);
    }
  };
  const found = session.realms.filter((name) => name.toLowerCase().includes(part.toLowerCase()));
  const shown = found.slice(0, 100);
  return (
    <div className="console-realm">
      <span id="realm-label" className="console-realm-label">
        Realm
      </span>
      <Select
        isOpen={open}
        isScrollable
        maxMenuHeight="20rem"
        selected={realm}
        onOpenChange={(next) => {
          setOpen(next);
          setPart('');
        }}
        onSelect={(_, name) => {
          setOpen(false);
          setPart('');
          // As a link does, so that a form can ask about what was typed.
          location.hash = `#/${encodeURIComponent(String(name))}`;
        }}
        toggle={(ref) => (
          <MenuToggle ref={ref} id="realm-select" aria-label={`Realm: ${realm}`} isFullWidth isExpanded={open} onClick={show}>
            {realm}
          </MenuToggle>
        )}
      >
        {session.realms.length > 6 && (
          <>
            <MenuSearch>
              <MenuSearchInput>
                <SearchInput aria-label="Search realms" value={part} onChange={(_, text) => setPart(text)} onClear={() => setPart('')} />
              </MenuSearchInput>
            </MenuSearch>
            <Divider />
          </>
        )}
        <SelectList aria-label="Realms">
          {shown.map((name) => (
            <SelectOption key={name} value={name} isSelected={name === realm}>
              {name}
            </SelectOption>
          ))}
          {found.length === 0 && <SelectOption isDisabled>No realm has “{part}” in its name</SelectOption>}
          {found.length > shown.length && <SelectOption isDisabled>{found.length - shown.length} more: type a part of the name</SelectOption>}
        </SelectList>
        {session.administrator && (
          <MenuFooter>
            <Button variant="link" isInline component="a" href="#/-/create-realm" onClick={() => setOpen(false)}>
              Create realm
            </Button>
          </MenuFooter>
        )}
      </Select>
    </div>
  );
}

function UserMenu() {
  const { session, signOut } = useSession();
  const notice = useNotice();
  const [open, setOpen] = useState(false);
  const [theme, setTheme] = useState(chosenTheme);
  const themes: [Theme, string][] = [
    ['system', 'As the system'],
    ['light', 'Light'],
    ['dark', 'Dark'],
  ];
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle ref={ref} id="user-menu" icon={<UserIcon />} isExpanded={open} onClick={() => setOpen(!open)}>
          {session.user}
        </MenuToggle>
      )}
    >
      <DropdownGroup label="Colours" labelHeadingLevel="h2">
        <DropdownList>
          {themes.map(([value, caption]) => (
            <DropdownItem
              key={value}
              isSelected={theme === value}
              onClick={() => {
                chooseTheme(value);
                setTheme(value);
                setOpen(false);
              }}
            >
              {caption}
            </DropdownItem>
          ))}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => void signOut().catch((error: Error) => notice('Signing out failed', error.message, 'danger'))}>Sign out</DropdownItem>
      </DropdownList>
    </Dropdown>
  );
}
