import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";

const button = cva(
  "inline-flex cursor-pointer items-center justify-center gap-2 rounded-lg border font-medium whitespace-nowrap transition-colors disabled:cursor-default disabled:opacity-50 aria-disabled:cursor-default aria-disabled:opacity-50",
  {
    variants: {
      variant: {
        plain: "border-control text-ink enabled:hover:border-ink enabled:hover:bg-raised",
        primary: "border-lime bg-lime text-back enabled:hover:brightness-110",
        danger: "border-bad text-ink enabled:hover:bg-bad/15",
        ghost: "border-transparent text-muted enabled:hover:bg-raised enabled:hover:text-ink",
      },
      size: {
        small: "min-h-7 px-2.5 text-xs",
        normal: "min-h-9 px-3.5 text-sm",
        large: "min-h-12 px-4 text-sm",
      },
    },
    defaultVariants: { variant: "plain", size: "normal" },
  },
);

export type ButtonProps = ComponentProps<"button"> & VariantProps<typeof button>;

export function Button({ className, variant, size, type = "button", ...props }: ButtonProps) {
  return <button type={type} className={cn(button({ variant, size }), className)} {...props} />;
}
