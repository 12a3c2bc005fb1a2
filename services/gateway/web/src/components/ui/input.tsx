import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

export function Input({ className, ...props }: ComponentProps<"input">) {
  return (
    <input
      autoComplete="off"
      className={cn(
        "min-h-9 w-full min-w-0 rounded-lg border border-control bg-back px-3 text-ink placeholder:text-muted aria-invalid:border-bad",
        className,
      )}
      {...props}
    />
  );
}

export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <select
      className={cn(
        "min-h-9 max-w-full rounded-lg border border-control bg-back px-2.5 text-ink",
        className,
      )}
      {...props}
    />
  );
}

/** A box to tick, as large as a finger needs it. */
export function Checkbox({ className, ...props }: Omit<ComponentProps<"input">, "type">) {
  return (
    <input type="checkbox" className={cn("size-6 shrink-0 accent-lime", className)} {...props} />
  );
}

/** One of several that exclude each other. */
export function Radio({ className, ...props }: Omit<ComponentProps<"input">, "type">) {
  return <input type="radio" className={cn("size-6 shrink-0 accent-lime", className)} {...props} />;
}
