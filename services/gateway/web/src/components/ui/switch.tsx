import { Switch as Base } from "@base-ui/react/switch";

interface SwitchProps {
  checked: boolean;
  onCheckedChange(checked: boolean): void;
  label: string;
  testid: string;
  disabled?: boolean;
}

export function Switch({ checked, onCheckedChange, label, testid, disabled }: SwitchProps) {
  return (
    <Base.Root
      checked={checked}
      onCheckedChange={onCheckedChange}
      disabled={disabled}
      aria-label={label}
      data-testid={testid}
      className="relative inline-flex h-6 w-11 shrink-0 cursor-pointer items-center rounded-full border border-control bg-back transition-colors data-checked:border-lime data-checked:bg-lime data-disabled:cursor-default data-disabled:opacity-50"
    >
      <Base.Thumb className="ml-0.5 size-4.5 rounded-full bg-muted transition-transform data-checked:translate-x-4.5 data-checked:bg-back" />
    </Base.Root>
  );
}
