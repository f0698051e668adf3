// Short notices that something was done; screen readers say them.

import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';
import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';

interface Notice {
  key: number;
  title: string;
  variant: 'success' | 'danger';
  text?: string;
}

const Context = createContext<(title: string, text?: string, variant?: 'success' | 'danger') => void>(() => undefined);

/** A function that shows a notice. */
export const useNotice = () => useContext(Context);

export function Notices({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const add = useCallback((title: string, text?: string, variant: 'success' | 'danger' = 'success') => {
    setNotices((before) => [...before.slice(-2), { key: Date.now() + Math.random(), title, variant, ...(text && { text }) }]);
  }, []);
  const remove = (key: number) => setNotices((before) => before.filter((notice) => notice.key !== key));
  const shown = useMemo(() => notices, [notices]);
  return (
    <Context.Provider value={add}>
      {children}
      <AlertGroup isToast isLiveRegion aria-label="Notices">
        {shown.map(({ key, title, variant, text }) => (
          <Alert key={key} variant={variant} title={title} component="p" timeout={variant === 'success' ? 6000 : false} onTimeout={() => remove(key)} actionClose={<AlertActionCloseButton aria-label="Close notice" onClose={() => remove(key)} />}>
            {text}
          </Alert>
        ))}
      </AlertGroup>
    </Context.Provider>
  );
}
