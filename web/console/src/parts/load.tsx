// Data that comes from the server: while it is awaited, when it is there, when it could not be had.

import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { Alert, AlertActionLink, Skeleton } from '@patternfly/react-core';
import { ApiError } from '../api/http';

export interface Loaded<T> {
  data?: T;
  error?: ApiError;
  /** It is being fetched; data of before may still be there. */
  busy: boolean;
  reload(): void;
  /** The same without a sign of it: what could not be had this time leaves the data of before. */
  refresh(): void;
}

/** Fetches anew whenever one of `keys` changes. */
export function useLoad<T>(fetch: (signal: AbortSignal) => Promise<T>, keys: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: ApiError; busy: boolean; key: string }>({ busy: true, key: '' });
  const [turn, setTurn] = useState(0);
  const quiet = useRef(false);
  const latest = useRef(fetch);
  latest.current = fetch;
  const key = JSON.stringify(keys);
  useEffect(() => {
    const controller = new AbortController();
    const isQuiet = quiet.current;
    quiet.current = false;
    if (!isQuiet) {
      setState((before) => ({ ...(before.data !== undefined && { data: before.data }), busy: true, key: before.key }));
    }
    const failed = (error: ApiError) => setState((before) => (isQuiet && (error.status === 0 || error.status >= 500) ? { ...before, busy: false } : { error, busy: false, key }));
    latest.current(controller.signal).then(
      (data) => controller.signal.aborted || setState({ data, busy: false, key }),
      (error: unknown) => controller.signal.aborted || failed(asApiError(error)),
    );
    return () => controller.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const refresh = useCallback(() => {
    quiet.current = true;
    reload();
  }, [reload]);
  const stale = state.key !== key && state.key !== '' ? { ...state, error: undefined } : state;
  return { ...(stale.data !== undefined && { data: stale.data }), ...(stale.error && { error: stale.error }), busy: stale.busy, reload, refresh };
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error), 'Reload the page. If it happens again, tell the operators.');
}

interface Props<T> {
  from: Loaded<T>;
  /** What is being awaited, for screen readers. */
  what: string;
  /** The role that is needed, for those who lack it. */
  role?: string;
  children(data: T): ReactNode;
}

/** Shows what was fetched; until then bars, and what went wrong otherwise. */
export function Show<T>({ from, what, role, children }: Props<T>) {
  if (from.error) {
    return <Failure error={from.error} role={role} retry={from.reload} />;
  }
  if (from.data === undefined) {
    return (
      <div className="console-waiting" role="status" aria-label={`Loading ${what}`}>
        {['35%', '80%', '65%', '75%', '50%'].map((width) => (
          <Skeleton key={width} width={width} screenreaderText="" />
        ))}
      </div>
    );
  }
  return <div aria-busy={from.busy}>{children(from.data)}</div>;
}

/** What went wrong and what would help. */
export function Failure({ error, role, retry }: { error: ApiError; role?: string | undefined; retry?: () => void }) {
  const advice = error.status === 403 && role ? `It needs the role ${role} of this realm. An administrator can give it to you.` : error.advice;
  return (
    <Alert isInline variant={error.status === 403 ? 'warning' : 'danger'} title={error.message} component="p" className="console-failure" actionLinks={retry && <AlertActionLink onClick={retry}>Try again</AlertActionLink>}>
      {advice}
    </Alert>
  );
}

/** What is named in the address and is not there. */
export function Missing({ what, name }: { what: string; name: string }) {
  return <Failure error={new ApiError(404, `There is no ${what} “${name}”.`, 'It may have been deleted or renamed meanwhile. Go back to the list.')} />;
}

/** Something that the administrator asked for and that takes its time. */
export interface Action {
  busy: boolean;
  error?: ApiError;
  /** Does it; false when it failed. */
  run(action: () => Promise<void>): Promise<boolean>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = useCallback(async (action: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await action();
      return true;
    } catch (failure) {
      setError(asApiError(failure));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, ...(error && { error }), run };
}
