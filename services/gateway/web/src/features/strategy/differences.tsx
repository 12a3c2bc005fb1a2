import type { Change } from "./settings";

interface DifferencesProps {
  changes: Change[];
  testid: string;
  caption: string;
}

/** Settings before and after. */
export function Differences({ changes, testid, caption }: DifferencesProps) {
  return (
    <table data-testid={testid} className="w-full border-collapse">
      <caption className="pb-1 text-left text-muted text-xs">{caption}</caption>
      <tbody>
        {changes.map((one) => (
          <tr key={one.name} className="border-edge border-t">
            <td className="w-full py-1.5">{one.name}</td>
            <td className="num py-1.5 text-right text-muted line-through">{one.before}</td>
            <td aria-hidden className="px-2 text-muted">
              →
            </td>
            <td className="num whitespace-nowrap py-1.5 text-right font-semibold">
              {one.after} <span className="font-normal text-muted">{one.unit}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
