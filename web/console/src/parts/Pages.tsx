// Which page of a long list is shown, and the way to the next. Nothing is counted: one entry more than a page holds tells
// that there is another page.

import { Pagination } from '@patternfly/react-core';
import type { Filters } from './filters';

interface Props {
  /** What is listed, in the plural. */
  of: string;
  filters: Filters;
  /** Entries of a page. */
  max: number;
  /** How many came, one more than a page holds among them; undefined: they are awaited. */
  came: number | undefined;
  /** Lengths of pages to choose from. */
  lengths?: number[];
}

export function Pages({ of, filters: { first, show }, max, came, lengths = [] }: Props) {
  const last = came !== undefined && came <= max;
  return (
    <Pagination
      isCompact
      page={Math.floor(first / max) + 1}
      perPage={max}
      perPageOptions={lengths.map((value) => ({ title: String(value), value }))}
      toggleTemplate={({ firstIndex, lastIndex }) => (
        <>
          {firstIndex} – {lastIndex}
        </>
      )}
      {...(last && { itemCount: first + came })}
      onSetPage={(_, page) => show({ first: String((page - 1) * max) })}
      onPerPageSelect={(_, length) => show({ max: String(length) })}
      titles={{ paginationAriaLabel: `Pages of ${of}` }}
      widgetId={`${of}-pages`}
    />
  );
}
