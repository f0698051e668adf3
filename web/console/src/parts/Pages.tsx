// Which page of a long list is shown, and the way to the others. Entries are not counted for it: one more than a page holds
// tells that there is another page.

import { Pagination } from '@patternfly/react-core';
import type { Filters } from './filters';

/** Lists with more pages than this offer their first and last page, and a field for any other. */
const FEW = 5;

interface Props {
  /** What is listed, in the plural. */
  of: string;
  filters: Filters;
  /** Entries of a page. */
  max: number;
  /** How many came, one more than a page holds among them; undefined: they are awaited. */
  came: number | undefined;
  /** How many there are, if the server knows without counting. */
  total?: number | undefined;
  /** Name of the last entry of this page, where the server finds the next page by it: faster than by number. */
  last?: string | undefined;
  /** Lengths of pages to choose from. */
  lengths?: number[];
}

export function Pages({ of, filters: { first, show }, max, came, total, last, lengths = [] }: Props) {
  const here = Math.floor(first / max) + 1;
  const atEnd = came !== undefined && came <= max;
  const count = atEnd ? first + came : total;
  if (count === 0) {
    return null;
  }
  return (
    <Pagination
      isCompact={total === undefined || total <= FEW * max}
      className={lengths.length === 0 ? 'console-pages' : ''}
      page={here}
      perPage={max}
      perPageOptions={lengths.map((value) => ({ title: String(value), value }))}
      toggleTemplate={({ firstIndex, lastIndex }) => (
        <>
          {firstIndex?.toLocaleString()} – {lastIndex?.toLocaleString()}
          {count === undefined ? ', total not counted' : ` of ${count.toLocaleString()}`}
        </>
      )}
      {...(count !== undefined && { itemCount: count })}
      onSetPage={(_, page) => show({ first: String((page - 1) * max), ...(page === here + 1 && last !== undefined && { after: last }) })}
      onPerPageSelect={(_, length) => show({ max: String(length) })}
      titles={{ paginationAriaLabel: `Pages of ${of}` }}
      widgetId={`${of}-pages`}
    />
  );
}
