import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import { Button, type ButtonProps } from "./ui/button";

export const HOLD_MS = 1_200;

interface HoldButtonProps extends Omit<ButtonProps, "onClick"> {
  onHeld(): void;
  /** A short press; without it a short press does nothing. */
  onPress?: () => void;
  children: ReactNode;
}

/**
 * Acts only when it is held for 1.2 s, by pointer or by Space or Enter. Letting go early does
 * nothing dangerous. The progress is shown in the button.
 */
export function HoldButton({ onHeld, onPress, children, className, ...props }: HoldButtonProps) {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const hasActed = useRef(false);

  const begin = () => {
    if (timer.current || props.disabled) return;
    hasActed.current = false;
    setHeld(true);
    timer.current = setTimeout(() => {
      hasActed.current = true;
      end();
      onHeld();
    }, HOLD_MS);
  };
  const end = () => {
    if (timer.current) clearTimeout(timer.current);
    timer.current = null;
    setHeld(false);
  };
  const release = () => {
    const wasHeld = timer.current !== null;
    end();
    if (wasHeld && !hasActed.current) onPress?.();
  };
  const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";

  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current);
    },
    [],
  );

  return (
    <Button
      {...props}
      className={cn("relative touch-none select-none overflow-hidden", className)}
      onPointerDown={(event) => {
        if (event.button === 0) begin();
      }}
      onPointerUp={release}
      onPointerLeave={end}
      onPointerCancel={end}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!event.repeat) begin();
      }}
      onKeyUp={(event) => {
        if (isKey(event)) release();
      }}
      onBlur={end}
    >
      <span
        aria-hidden
        data-essential
        style={{ transitionDuration: isHeld ? `${HOLD_MS}ms` : "120ms" }}
        className={cn(
          "absolute inset-y-0 left-0 bg-bad transition-[width] ease-linear",
          isHeld ? "w-full" : "w-0",
        )}
      />
      <span className="relative flex items-center gap-2">{children}</span>
    </Button>
  );
}
