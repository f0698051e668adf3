// Tabs that are pages of their own: links, in the looks of PatternFly's tabs. (Its component gives links the roles of
// tabs, with panels that are not there.)

import { useEffect, useRef } from 'react';
import styles from '@patternfly/react-styles/css/components/Tabs/tabs';

interface Props {
  /** What the tabs are about, for screen readers. */
  label: string;
  /** Key of the tab of this page. */
  active: string;
  /** Key, caption and address. */
  tabs: [string, string, string][];
  /** The second row of tabs of a page. */
  secondary?: boolean;
}

export function LinkTabs({ label, active, tabs, secondary = false }: Props) {
  // Small screens have no room for all of them: they are moved along until this page's can be seen. Not by scrollIntoView,
  // from which browsers let the keyboard go on.
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const here = list.current?.querySelector('[aria-current]')?.getBoundingClientRect();
    if (list.current && here) {
      const { left, right } = list.current.getBoundingClientRect();
      list.current.scrollLeft += Math.max(0, here.right - right) - Math.max(0, left - here.left);
    }
  }, [active]);
  return (
    <nav className={`${styles.tabs} ${styles.modifiers.pageInsets} ${secondary ? styles.modifiers.subtab : ''} console-tabs`} aria-label={label}>
      <ul ref={list} className={styles.tabsList}>
        {tabs.map(([key, caption, href]) => (
          <li key={key} className={`${styles.tabsItem} ${key === active ? styles.modifiers.current : ''}`}>
            <a className={styles.tabsLink} href={href} {...(key === active && { 'aria-current': 'page' as const })}>
              <span className={styles.tabsItemText}>{caption}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
