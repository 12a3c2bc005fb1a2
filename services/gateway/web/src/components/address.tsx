import { useState } from "react";
import { cn } from "@/lib/cn";
import { shortened } from "@/lib/text";

interface AddressProps {
  of: string;
  testid: string;
  className?: string;
}

/** An address or a signature, short; pressed, it is copied, or shown whole where it cannot be. */
export function Address({ of, testid, className }: AddressProps) {
  const [said, setSaid] = useState<"" | "copied" | "whole">("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(of);
      setSaid("copied");
      setTimeout(() => setSaid(""), 1_500);
    } catch {
      setSaid("whole"); // The browser lets nobody write to its clipboard here.
    }
  };
  return (
    <button
      type="button"
      data-testid={testid}
      title={of}
      aria-label={`Copy ${of}`}
      onClick={() => void copy()}
      className={cn(
        "num min-h-6 cursor-pointer rounded text-right underline decoration-control decoration-dotted underline-offset-4 hover:decoration-ink",
        said === "whole" && "wrap-anywhere",
        className,
      )}
    >
      {said === "copied" ? "copied" : said === "whole" ? of : shortened(of, 6)}
      <span role="status" data-testid={`${testid}-said`} className="sr-only">
        {said === "copied" ? "Copied." : ""}
      </span>
    </button>
  );
}
