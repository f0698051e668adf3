// Times and spans in words.

const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A moment, given in milliseconds. */
export function moment(ms: number): string {
  return full.format(ms);
}

/** How far away a moment is: "3 hours ago", "in 2 days". */
export function distance(ms: number, now = Date.now()): string {
  const seconds = (ms - now) / 1000;
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return Math.abs(seconds) < 45 ? (seconds <= 0 ? 'just now' : 'in a few seconds') : relative.format(Math.round(seconds / length), unit);
}

/** A number of seconds: "5 minutes". */
export function span(seconds: number): string {
  for (const [unit, length] of units) {
    if (seconds >= length && seconds % length === 0) {
      const number = seconds / length;
      return `${number} ${unit}${number === 1 ? '' : 's'}`;
    }
  }
  return `${seconds} second${seconds === 1 ? '' : 's'}`;
}
