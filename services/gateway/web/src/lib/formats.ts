/** Writers of numbers and times, made once each: to make one costs more than a hundred writings. */

const numbers = new Map<string, Intl.NumberFormat>();
const times = new Map<string, Intl.DateTimeFormat>();

export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return kept(numbers, options, () => new Intl.NumberFormat("en-US", options));
}

export function timeFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(times, options, () => new Intl.DateTimeFormat("en-GB", options));
}

function kept<T>(made: Map<string, T>, options: object, make: () => T): T {
  const name = JSON.stringify(options);
  const known = made.get(name);
  if (known) return known;
  const format = make();
  made.set(name, format);
  return format;
}
