import { Guarded } from "@/components/guarded";
import { AboutPanel } from "@/features/about/about-panel";

/** What runs here. */
export function AboutPage() {
  return (
    <div className="mx-auto grid max-w-4xl grid-cols-1 gap-3">
      <Guarded name="What runs here">
        <AboutPanel />
      </Guarded>
    </div>
  );
}
