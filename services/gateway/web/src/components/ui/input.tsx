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

const BOX =
  "size-6 shrink-0 cursor-pointer appearance-none border border-control bg-back bg-center bg-no-repeat checked:border-lime checked:bg-lime disabled:cursor-default disabled:opacity-60";

/** A box to tick, as large as a finger needs it. */
export function Checkbox({ className, ...props }: Omit<ComponentProps<"input">, "type">) {
  return (
    <input type="checkbox" className={cn(BOX, "rounded-md checked:tick", className)} {...props} />
  );
}

/** One of several that exclude each other. */
export function Radio({ className, ...props }: Omit<ComponentProps<"input">, "type">) {
  return (
    <input
      type="radio"
      className={cn(BOX, "rounded-full checked:bg-back checked:border-[7px]", className)}
      {...props}
    />
  );
}
