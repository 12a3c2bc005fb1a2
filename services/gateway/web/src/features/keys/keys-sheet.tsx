import { Dialog } from "@/components/ui/dialog";
import { setPreferences, usePreferences } from "@/desk/preferences";
import { BINDINGS } from "./bindings";

interface KeysSheetProps {
  open: boolean;
  onOpenChange(open: boolean): void;
}

/** What each key does. */
export function KeysSheet({ open, onOpenChange }: KeysSheetProps) {
  const { hasKeys } = usePreferences();
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      testid="keys-sheet"
      title="Keys"
      description="They rest while you type in a field, and while a window is open."
      className="w-[min(32rem,calc(100vw-1.5rem))]"
    >
      <table className="w-full border-collapse text-sm">
        <thead className="text-2xs text-muted">
          <tr>
            <th className="text-left font-normal">keys</th>
            <th className="text-left font-normal">what they do</th>
          </tr>
        </thead>
        <tbody>
          {BINDINGS.map(({ keys, act, does }) => (
            <Row key={act} keys={keys} does={does} isSequence />
          ))}
          <Row keys={["Ctrl or ⌘", "Shift", "X"]} does="Go to the emergency stop, from anywhere" />
          <Row keys={["Esc"]} does="Close a window, and change nothing" />
        </tbody>
      </table>
      <p className="mt-4 text-muted text-sm">
        {hasKeys ? "Single keys are on. " : "Single keys are off. "}
        <button
          type="button"
          data-testid="keys-switch"
          className="min-h-6 cursor-pointer underline underline-offset-4 hover:text-ink"
          onClick={() => setPreferences({ hasKeys: !hasKeys })}
        >
          Turn them {hasKeys ? "off" : "on"}
        </button>{" "}
        for this browser.
      </p>
    </Dialog>
  );
}

interface RowProps {
  keys: readonly string[];
  does: string;
  /** One after the other, and not at once. */
  isSequence?: boolean;
}

function Row({ keys, does, isSequence = false }: RowProps) {
  return (
    <tr className="border-edge border-t">
      <td className="py-1.5 pr-4 whitespace-nowrap">
        {keys.map((key, at) => (
          <span key={key}>
            {at > 0 && <span className="text-muted text-xs">{isSequence ? " then " : " + "}</span>}
            <kbd className="num rounded border border-control bg-raised px-1.5 py-0.5 text-xs">
              {key}
            </kbd>
          </span>
        ))}
      </td>
      <td className="py-1.5">{does}</td>
    </tr>
  );
}
