import { Input } from "@/components/ui/input";
import { ORDER } from "./filters";
import { useTyped } from "./use-typed";

interface OrderFilterProps {
  order: string | undefined;
  onOrder(order: string | undefined): void;
}

/** Takes the id of an order, its setup or its proposal; what is none yet filters nothing. */
export function OrderFilter({ order, onOrder }: OrderFilterProps) {
  const { box, text, setText } = useTyped(order ?? "");
  const isNone = text !== "" && !ORDER.test(text);
  return (
    <>
      <Input
        ref={box}
        type="search"
        placeholder="order or setup"
        aria-label="Filter by the id of an order, a setup or a proposal"
        aria-invalid={isNone}
        aria-describedby={isNone ? "activity-order-said" : undefined}
        data-testid="activity-filter-order"
        maxLength={36}
        value={text}
        onChange={(event) => {
          const typed = event.target.value.trim();
          setText(typed);
          onOrder(ORDER.test(typed) ? typed : undefined);
        }}
        className="num min-h-8 text-xs max-sm:basis-full sm:max-w-44"
      />
      {isNone && (
        <span
          id="activity-order-said"
          role="status"
          data-testid="activity-order-said"
          className="text-warn"
        >
          no whole id yet: every order is listed
        </span>
      )}
    </>
  );
}
