// Short notices that something was done; screen readers say them.

import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Alert, AlertActionCloseButton, AlertGroup } from '@patternfly/react-core';
import { watchPending } from '../api/http';
import { onItsWay } from '../wording/targets';

type Variant = 'success' | 'info' | 'danger';

interface Notice {
  key: number;
  title: string;
  variant: Variant;
  text?: string;
}

const Context = createContext<(title: string, text?: string, variant?: Variant) => void>(() => undefined);

/** A function that shows a notice. */
export const useNotice = () => useContext(Context);

export function Notices({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const add = useCallback((title: string, text?: string, variant: Variant = 'success') => {
    setNotices((before) => [...before.slice(-2), { key: Date.now() + Math.random(), title, variant, ...(text && { text }) }]);
  }, []);
  useEffect(() => watchPending((targets) => add(onItsWay(targets), 'If it does not get there, the Targets tab of the client says why.', 'info')), [add]);
  const remove = (key: number) => setNotices((before) => before.filter((notice) => notice.key !== key));
  const shown = useMemo(() => notices, [notices]);
  return (
    <Context.Provider value={add}>
      {children}
      <AlertGroup isToast isLiveRegion aria-label="Notices">
        {shown.map(({ key, title, variant, text }) => (
          <Alert key={key} variant={variant} title={title} component="p" timeout={variant === 'danger' ? false : 6000} onTimeout={() => remove(key)} actionClose={<AlertActionCloseButton aria-label="Close notice" onClose={() => remove(key)} />}>
            {text}
          </Alert>
        ))}
      </AlertGroup>
    </Context.Provider>
  );
}
