/** The frame around every page: navigation, what is live, who is signed in, and what opens over it by keys. */
import { ActionIcon, Menu, Modal, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useCallback, useState, useSyncExternalStore } from "react";
import { liveness } from "../api/live-streams";
import { frameQuery, signOut, useFrame } from "../api/queries/session";
import { isProblem } from "../api/problem";
import { Icon } from "../parts/icon";
import { Skeleton } from "../parts/skeleton";
import { Trouble } from "../parts/trouble";
import { Zone } from "../parts/zone";
import { frame } from "../words/en/frame";
import { Jobs } from "./jobs";
import { KeyList, useKeys } from "./keys";
import { PLACES } from "./navigation";
import { Palette } from "./palette";
import { sessionEnded } from "./session-ended";
import { SignInForm, SignInPage } from "./sign-in";

export function Gate() {
  const { data, error, refetch } = useQuery(frameQuery);
  if (data)
    return (
      <Zone value={data.time_zone}>
        <Shell />
      </Zone>
    );
  if (isProblem(error, 401)) return <SignInPage />;
  return (
    <main className="content">{error ? <Trouble error={error} again={() => void refetch()} /> : <Skeleton />}</main>
  );
}

function Shell() {
  const [isFinding, setFinding] = useState(false);
  const [isListing, setListing] = useState(false);
  const { pathname } = useLocation();
  const [menuAt, setMenuAt] = useState<string>();
  const setMenuOpen = (isOpen: boolean): void => setMenuAt(isOpen ? pathname : undefined);
  const isMenuOpen = menuAt === pathname;
  useKeys({
    onPalette: useCallback(() => setFinding(true), []),
    onKeys: useCallback(() => setListing(true), []),
  });
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {frame.skip}
      </a>
      <header className="topbar">
        <ActionIcon variant="subtle" aria-label={frame.menu} onClick={() => setMenuOpen(true)}>
          <Icon name="menu" />
        </ActionIcon>
        <strong>{useFrame().account_name}</strong>
        <ActionIcon variant="subtle" aria-label={frame.goTo} onClick={() => setFinding(true)}>
          <Icon name="search" />
        </ActionIcon>
      </header>
      <Side
        isOpen={isMenuOpen}
        onClose={() => setMenuOpen(false)}
        onFind={() => setFinding(true)}
        onKeys={() => setListing(true)}
      />
      <main id="content" className="content" tabIndex={-1}>
        <Outlet />
      </main>
      <Jobs />
      <Palette isOpen={isFinding} onClose={() => setFinding(false)} />
      <KeyList isOpen={isListing} onClose={() => setListing(false)} />
      <EndedSession />
    </div>
  );
}

interface SideProps {
  isOpen: boolean;
  onClose: () => void;
  onFind: () => void;
  onKeys: () => void;
}

function Side({ isOpen, onClose, onFind, onKeys }: SideProps) {
  const account = useFrame().account_name;
  return (
    <nav className="side" aria-label={frame.navigation} data-open={isOpen}>
      <div className="account">
        <img src="/milepost.svg" width={20} height={20} alt="" />
        <span title={account}>{account}</span>
        {isOpen ? (
          <ActionIcon variant="subtle" aria-label={frame.closeMenu} onClick={onClose} ml="auto">
            <Icon name="close" />
          </ActionIcon>
        ) : null}
      </div>
      <button type="button" className="go" onClick={onFind}>
        <Icon name="search" size={14} />
        {frame.goTo}
        <kbd>⌘K</kbd>
      </button>
      {PLACES.map(({ to, name, icon, isSub }) => (
        <Link
          key={to}
          to={to}
          className={isSub ? "link sub" : "link"}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          preload="intent"
        >
          {icon ? <Icon name={icon} /> : null}
          {name}
        </Link>
      ))}
      <div className="foot">
        <LiveDot />
        <Person onKeys={onKeys} />
      </div>
    </nav>
  );
}

function LiveDot() {
  const state = useSyncExternalStore(liveness.subscribe, liveness.read);
  return (
    <span className="live" data-state={state} role="status">
      {state === "none" ? null : <i aria-hidden="true" />}
      {frame.live[state]}
    </span>
  );
}

function Person({ onKeys }: { onKeys: () => void }) {
  const me = useFrame();
  const queries = useQueryClient();
  const { setColorScheme } = useMantineColorScheme();
  const leaving = useMutation({ mutationFn: signOut, onSuccess: () => queries.resetQueries() });
  return (
    <Menu position="top-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={me.name}>
          <Icon name="person" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me.name} · {frame.roles[me.role]}
        </Menu.Label>
        <Menu.Item onClick={() => setColorScheme("light")}>{frame.light}</Menu.Item>
        <Menu.Item onClick={() => setColorScheme("dark")}>{frame.dark}</Menu.Item>
        <Menu.Item onClick={() => setColorScheme("auto")}>{frame.auto}</Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={onKeys} rightSection={<kbd>?</kbd>}>
          {frame.keys}
        </Menu.Item>
        <Menu.Item component="a" href="/api/docs">
          {frame.apiDocs}
        </Menu.Item>
        <Menu.Item onClick={() => leaving.mutate()}>{frame.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function EndedSession() {
  const hasEnded = useSyncExternalStore(sessionEnded.subscribe, sessionEnded.read);
  const queries = useQueryClient();
  const goOn = (): void => {
    sessionEnded.set(false);
    void queries.invalidateQueries();
  };
  return (
    <Modal
      opened={hasEnded}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title={frame.ended}
    >
      <p style={{ marginTop: 0 }}>{frame.endedSays}</p>
      <SignInForm onDone={goOn} />
    </Modal>
  );
}
