// Tabs that are pages of their own: links, in the looks of PatternFly's tabs. (Its component gives links the roles of
// tabs, with panels that are not there.)

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
  return (
    <nav className={`${styles.tabs} ${styles.modifiers.pageInsets} ${secondary ? styles.modifiers.subtab : ''} console-tabs`} aria-label={label}>
      <ul className={styles.tabsList}>
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
