// Registrations over time as stacked bars. Drawn as SVG, with the same figures as a table for those who cannot see it.

import { lazy, Suspense, useLayoutEffect, useRef, useState } from 'react';
import { Button, Skeleton } from '@patternfly/react-core';
import type { Figures } from '../api/types';

// Tables have a quarter of all styles: the first page does without.
const PlotTable = lazy(() => import('./PlotTable'));

const HEIGHT = 200;
const LEFT = 36;
const BOTTOM = 22;
const TOP = 8;

const series = [
  ['accepted', 'Let through'],
  ['held', 'Waiting'],
  ['refused', 'Refused'],
] as const;

/** A round number not below this one, for the top of the axis. */
function roof(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 4, 5, 10].map((factor) => factor * power).find((top) => top >= value) ?? value;
}

export function Plot({ figures, hours }: { figures: Figures; hours: number }) {
  const [asTable, setAsTable] = useState(false);
  // Drawn in the pixels that there are, so that its texts can be read on every screen.
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(entry.contentRect.width, 200)));
    if (frame.current) {
      observer.observe(frame.current);
    }
    return () => observer.disconnect();
  }, []);
  const format = new Intl.DateTimeFormat(undefined, hours > 48 ? { weekday: 'short', day: 'numeric' } : { hour: '2-digit', minute: '2-digit' });
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const { points } = figures;
  const sums = Object.fromEntries(series.map(([name]) => [name, points.reduce((sum, point) => sum + point[name], 0)])) as Record<(typeof series)[number][0], number>;
  const top = roof(Math.max(1, ...points.map((point) => point.accepted + point.held + point.refused)));
  const step = (width - LEFT) / points.length;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const lines = top >= 4 && top % 4 === 0 ? [0, top / 4, top / 2, (3 * top) / 4, top] : top % 2 === 0 ? [0, top / 2, top] : [0, top];
  const label = `Registrations: ${series.map(([name, caption]) => `${sums[name]} ${caption.toLowerCase()}`).join(', ')}.`;
  return (
    <div ref={frame} className="console-plot">
      <ul className="console-legend" aria-hidden="true">
        {series.map(([name, caption]) => (
          <li key={name}>
            <svg viewBox="0 0 12 12" width="12" height="12">
              <rect width="12" height="12" rx="2" className={`console-bar-${name}`} />
            </svg>
            {caption}: <strong>{sums[name].toLocaleString()}</strong>
          </li>
        ))}
      </ul>
      {asTable ? (
        <Suspense fallback={<Skeleton height="12rem" screenreaderText="Loading the table" />}>
          <PlotTable points={points} series={series} format={whole} />
        </Suspense>
      ) : (
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label} className="console-bars">
          {lines.map((value) => (
            <g key={value}>
              <line x1={LEFT} x2={width} y1={y(value)} y2={y(value)} className="console-grid" />
              <text x={LEFT - 6} y={y(value) + 4} textAnchor="end">
                {value.toLocaleString()}
              </text>
            </g>
          ))}
          {points.map((point, index) => {
            let below = 0;
            return (
              <g key={point.time}>
                <title>{`${whole.format(point.time)}: ${series.map(([name, caption]) => `${point[name]} ${caption.toLowerCase()}`).join(', ')}`}</title>
                <rect x={LEFT + index * step} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} fill="transparent" />
                {series.map(([name]) => {
                  const bottom = below;
                  below += point[name];
                  return point[name] > 0 && <rect key={name} x={LEFT + index * step + 2} y={y(below)} width={step - 4} height={y(bottom) - y(below)} className={`console-bar-${name}`} />;
                })}
                {index % (width < 500 ? 8 : 4) === 0 && (
                  <text x={LEFT + index * step + 2} y={HEIGHT - 6}>
                    {format.format(point.time)}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
      )}
      <Button variant="link" isInline size="sm" onClick={() => setAsTable(!asTable)}>
        {asTable ? 'Show as a plot' : 'Show as a table'}
      </Button>
    </div>
  );
}
