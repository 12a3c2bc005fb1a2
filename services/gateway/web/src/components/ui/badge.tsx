import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const badge = cva(
  "inline-flex items-center gap-1.5 rounded-full border px-2 py-px font-medium text-2xs whitespace-nowrap",
  {
    variants: {
      tone: {
        plain: "border-control text-ink",
        muted: "border-edge text-muted",
        good: "border-info/70 text-info",
        warning: "border-warn/70 text-warn",
        bad: "border-bad/70 text-bad",
        up: "border-up/70 text-up",
        down: "border-down/70 text-down",
      },
    },
    defaultVariants: { tone: "plain" },
  },
);

export type Tone = NonNullable<VariantProps<typeof badge>["tone"]>;
type BadgeProps = ComponentProps<"span"> & VariantProps<typeof badge>;

export function Badge({ tone, className, ...props }: BadgeProps) {
  return <span className={cn(badge({ tone }), className)} {...props} />;
}
