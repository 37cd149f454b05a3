/** A voice level meter: five bars that follow the loudness of one voice, drawn outside React's rendering. */
import { useEffect, useRef } from "react";
import type { Levels } from "../levels";

const REST = 0.08;
const BARS = [0, 1, 2, 3, 4];
/** Low frequencies in the middle, as a voice looks best and moves least at the edges. */
const BAND_OF_BAR = [3, 1, 0, 2, 4];

export function Meter({
  label,
  levels,
  side,
}: {
  label: string;
  levels: Levels | null;
  side: "mine" | "theirs";
}) {
  const bars = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const draw = (bands: number[]) => {
      const all = bars.current?.children ?? [];
      BAND_OF_BAR.forEach((band, bar) => {
        const height = Math.max(REST, bands[band] ?? 0);
        (all[bar] as HTMLElement | undefined)?.style.setProperty("transform", `scaleY(${height.toFixed(3)})`);
      });
    };
    if (levels === null) return draw([]);
    let frame = 0;
    const loop = () => {
      draw(levels.bands());
      frame = requestAnimationFrame(loop);
    };
    loop();
    return () => cancelAnimationFrame(frame);
  }, [levels]);
  return (
    <div className="meter" data-side={side}>
      <div className="bars" ref={bars} aria-hidden="true">
        {BARS.map((bar) => (
          <span key={bar} />
        ))}
      </div>
      <span className="meter-label">{label}</span>
    </div>
  );
}
