/** The chart itself: candles with VWAP and levels, CVD in a pane below. Loaded when it is needed. */
import {
  type AutoscaleInfo,
  type CandlestickData,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type LineData,
  LineSeries,
  LineStyle,
  type SeriesMarker,
  TickMarkType,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { timeFormat } from "@/lib/formats";
import type { Zone } from "@/lib/time";
import { type Candle, type Level, type Mark, type Point, widened } from "./series";

const CVD_SHARE = 0.26;
const BAR_PX = 8;

export class ChartView {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly vwap: ISeriesApi<"Line">;
  private readonly cvd: ISeriesApi<"Line">;
  private readonly markers;
  private lines: IPriceLine[] = [];
  private shownLevels: readonly Level[] = [];
  private zone: Zone = "utc";
  /** The newest closed minute, and the newest one that was drawn. */
  private closedAt = 0;
  private openAt = 0;

  constructor(box: HTMLElement, digits: number) {
    const colors = this.colors();
    this.chart = createChart(box, {
      autoSize: true,
      layout: {
        background: { color: "transparent" },
        textColor: colors.muted,
        fontFamily: '"IBM Plex Mono", monospace',
        fontSize: 11,
        // Its own logo needs a <style>, which the content security policy refuses; the page links.
        attributionLogo: false,
        panes: { separatorColor: colors.edge, separatorHoverColor: colors.edge },
      },
      grid: { vertLines: { color: colors.raised }, horzLines: { color: colors.raised } },
      rightPriceScale: { borderColor: colors.edge, minimumWidth: 76 },
      timeScale: {
        borderColor: colors.edge,
        timeVisible: true,
        secondsVisible: false,
        barSpacing: BAR_PX,
        // The names of the levels stand there, not over the newest minutes.
        rightOffset: 7,
        tickMarkFormatter: (time: Time, type: TickMarkType) => this.tick(time as number, type),
      },
      localization: { timeFormatter: (time: Time) => this.moment(time as number) },
      crosshair: { vertLine: { color: colors.control }, horzLine: { color: colors.control } },
    });
    const priceFormat = { type: "price", precision: digits, minMove: 10 ** -digits } as const;
    this.candles = this.chart.addSeries(CandlestickSeries, {
      upColor: colors.up,
      downColor: colors.down,
      wickUpColor: colors.up,
      wickDownColor: colors.down,
      borderVisible: false,
      priceFormat,
      autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => {
        const found = original();
        const range = found?.priceRange;
        return range ? { ...found, priceRange: widened(range, this.shownLevels) } : found;
      },
    });
    const line = { lineWidth: 2, priceLineVisible: false, lastValueVisible: false } as const;
    this.vwap = this.chart.addSeries(LineSeries, { ...line, color: colors.vwap, priceFormat });
    this.cvd = this.chart.addSeries(
      LineSeries,
      { ...line, color: colors.muted, lastValueVisible: true, priceFormat: { type: "volume" } },
      1,
    );
    this.cvd.createPriceLine({
      price: 0,
      color: colors.control,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      axisLabelVisible: false,
      title: "",
    });
    this.markers = createSeriesMarkers(this.candles, []);
    const [top, bottom] = this.chart.panes();
    top?.setStretchFactor(1 - CVD_SHARE);
    bottom?.setStretchFactor(CVD_SHARE);
  }

  /** Draws what is closed, up to the minute `closedAt`. */
  closed(candles: Candle[], vwap: Point[], cvd: Point[], closedAt: number): void {
    this.closedAt = this.openAt = closedAt;
    this.candles.setData(candles as CandlestickData<UTCTimestamp>[]);
    this.vwap.setData(vwap as LineData<UTCTimestamp>[]);
    this.cvd.setData(cvd as LineData<UTCTimestamp>[]);
  }

  /**
   * Draws the candle that the open minute is in. A minute that is older than what was drawn is not drawn: a late trade brings
   * it, and the chart takes nothing back.
   */
  open(minute: number, candle: Candle, vwap: Point | null, cvd: Point | null): void {
    if (minute <= this.closedAt || minute < this.openAt) return;
    this.openAt = minute;
    this.candles.update(candle as CandlestickData<UTCTimestamp>);
    if (vwap) this.vwap.update(vwap as LineData<UTCTimestamp>);
    if (cvd) this.cvd.update(cvd as LineData<UTCTimestamp>);
  }

  levels(levels: readonly Level[]): void {
    this.shownLevels = levels;
    for (const line of this.lines) this.candles.removePriceLine(line);
    const colors = this.colors();
    this.lines = levels.map(({ name, price, tone }) =>
      this.candles.createPriceLine({
        price,
        title: name,
        color: colors[tone],
        lineWidth: 1,
        lineStyle: LineStyle.Dashed,
        axisLabelVisible: true,
      }),
    );
  }

  marks(marks: readonly Mark[]): void {
    const colors = this.colors();
    const tones = { signal: colors.lime, fill: colors.ink, stop: colors.bad, target: colors.up };
    this.markers.setMarkers(
      marks.map(
        ({ time, text, kind, isBuy }): SeriesMarker<Time> => ({
          time: time as UTCTimestamp,
          // A signal stands across the bar from the fills that follow it.
          position: isBuy === (kind !== "signal") ? "belowBar" : "aboveBar",
          shape: kind === "signal" ? "circle" : isBuy ? "arrowUp" : "arrowDown",
          color: tones[kind],
          text,
        }),
      ),
    );
  }

  /** Takes the palette and the zone that were chosen. */
  restyle(zone: Zone): void {
    this.zone = zone;
    const { up, down } = this.colors();
    this.candles.applyOptions({
      upColor: up,
      downColor: down,
      wickUpColor: up,
      wickDownColor: down,
    });
    this.chart.applyOptions({});
  }

  remove(): void {
    this.chart.remove();
  }

  private tick(time: number, type: TickMarkType): string {
    const isDay = type < TickMarkType.Time;
    return this.format(time, isDay ? { day: "2-digit", month: "short" } : { timeStyle: "short" });
  }

  private moment(time: number): string {
    const style = { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" } as const;
    return `${this.format(time, style)}${this.zone === "utc" ? " UTC" : ""}`;
  }

  private format(time: number, style: Intl.DateTimeFormatOptions): string {
    const zone = this.zone === "utc" ? { timeZone: "UTC" } : {};
    return timeFormat({ ...style, ...zone }).format(time * 1000);
  }

  private colors() {
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    return {
      up: color("--up"),
      down: color("--down"),
      ink: color("--color-ink"),
      muted: color("--color-muted"),
      edge: color("--color-edge"),
      raised: color("--color-raised"),
      control: color("--color-control"),
      vwap: color("--color-vwap"),
      bad: color("--color-bad"),
      lime: color("--color-lime"),
    };
  }
}
