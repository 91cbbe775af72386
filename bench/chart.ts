// Charts as SVG: panels beside and below each other, each with lines over an axis or with a bar for each subject, and
// whiskers from the least to the most. Made with Apache ECharts on the server, without a browser. A light ground of
// their own makes them readable on dark pages, too.

import { init, type EChartsOption, type SeriesOption } from "echarts";

const PANEL = { width: 480, height: 300 } as const;
const MARGIN = { left: 74, right: 34, top: 58, bottom: 62 } as const;
const NAMES = 90; // more room for names than for figures
const COLUMNS = 2;
const COLORS = ["#0b6bcb", "#c2410c", "#15803d", "#7c3aed"];
const [GROUND, INK, FAINT, PLAIN] = ["#fbfbf9", "#24292f", "#d8dadd", "#8a939d"];
const WHISKER = 5;

/** A figure with its range. */
export interface Point {
  x: number | string;
  median: number;
  min: number;
  max: number;
}

export interface Panel {
  title: string;
  /** What the axes tell, with units. */
  x: string;
  y: string;
  /** Whether the x axis is logarithmic. */
  log?: boolean;
  /** Lines over numbers, or bars over names. */
  kind: "lines" | "bars";
  series: { name: string; points: Point[] }[];
}

/** Draws panels in two columns under a title. */
export function draw(panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS);
  const width = COLUMNS * PANEL.width;
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height: rows * PANEL.height });
  chart.setOption(optionOf(panels));
  const svg = chart.renderToSVGString();
  chart.dispose(); // a chart that is left has timers
  return `${svg}\n`;
}

function optionOf(panels: readonly Panel[]): EChartsOption {
  return {
    animation: false, backgroundColor: GROUND, color: COLORS, textStyle: { fontFamily: "sans-serif", color: INK },
    title: panels.map(({ title }, i) => ({
      text: title, left: corner(i).left + MARGIN.left, top: corner(i).top + 10, textStyle: { fontSize: 15, color: INK },
    })),
    legend: panels.flatMap(({ series }, i) => series.length < 2 ? [] : [{
      data: series.map(({ name }) => name), left: corner(i).left + MARGIN.left, top: corner(i).top + 32,
      itemHeight: 9, itemGap: 18, textStyle: { color: INK },
    }]),
    grid: panels.map((panel, i) => placeOf(panel, i)),
    xAxis: panels.map((panel, i) => panel.kind === "lines" ? numbersAxis(panel, i) : valuesAxis(panel, i)),
    yAxis: panels.map((panel, i) => panel.kind === "lines" ? timesAxis(panel, i) : namesAxis(panel, i)),
    series: panels.flatMap((panel, i) => panel.series.flatMap((one, k) => panel.kind === "lines"
      ? lineOf(one, i, COLORS[k % COLORS.length]!) : barsOf(one.points, i))),
  };
}

function corner(index: number): { left: number; top: number } {
  return { left: index % COLUMNS * PANEL.width, top: Math.floor(index / COLUMNS) * PANEL.height };
}

function placeOf({ kind }: Panel, index: number): object {
  const { left, top } = corner(index);
  const margin = kind === "bars" ? MARGIN.left + NAMES : MARGIN.left;
  return {
    left: left + margin, top: top + MARGIN.top, width: PANEL.width - margin - MARGIN.right,
    height: PANEL.height - MARGIN.top - MARGIN.bottom,
  };
}

const LOOK = {
  axisLine: { show: true, lineStyle: { color: INK } }, axisLabel: { color: INK, hideOverlap: true },
  splitLine: { show: true, lineStyle: { color: FAINT } }, nameTextStyle: { color: INK }, nameLocation: "middle",
} as const;

function numbersAxis({ x, log }: Panel, gridIndex: number): object {
  return {
    ...LOOK, gridIndex, name: x, nameGap: 30, type: log ? "log" : "value", ...log ? { logBase: 4 } : {},
    splitLine: { show: false }, axisLabel: { ...LOOK.axisLabel, formatter: (value: number) => short(value) },
  };
}

function timesAxis({ y }: Panel, gridIndex: number): object {
  return { ...LOOK, gridIndex, name: y, nameGap: 48, type: "value", min: 0 };
}

function valuesAxis({ x }: Panel, gridIndex: number): object {
  return { ...LOOK, gridIndex, name: x, nameGap: 30, type: "value", min: 0 };
}

function namesAxis({ series }: Panel, gridIndex: number): object {
  const data = series[0]?.points.map(({ x }) => x) ?? [];
  return { ...LOOK, gridIndex, type: "category", data, inverse: true, splitLine: { show: false } };
}

function lineOf({ name, points }: Panel["series"][number], panel: number, color: string): SeriesOption[] {
  const data = points.map(({ x, median }) => [x, median]);
  return [
    { xAxisIndex: panel, yAxisIndex: panel, name, type: "line", symbol: "circle", symbolSize: 6, color, data },
    whiskers(points.map(({ x, min, max }) => [[x, min], [x, max]]), panel, color, [WHISKER, 0]),
  ];
}

function barsOf(points: readonly Point[], panel: number): SeriesOption[] {
  const data = points.map(({ x, median }) => ({
    value: median, itemStyle: { color: `${x}`.startsWith("taploom") ? COLORS[0]! : PLAIN },
  }));
  return [
    { xAxisIndex: panel, yAxisIndex: panel, type: "bar", barCategoryGap: "30%", data },
    whiskers(points.map(({ x, min, max }) => [[min, x], [max, x]]), panel, INK, [0, WHISKER]),
  ];
}

type Place = [number | string, number | string];

/** Lines from the least to the most, with a short one across each end, so far to its sides. */
function whiskers(
  ranges: readonly Place[][], panel: number, stroke: string, [dx, dy]: readonly [number, number],
): SeriesOption {
  return {
    xAxisIndex: panel, yAxisIndex: panel, type: "custom", silent: true, z: 5,
    data: ranges.map(([from, to]) => [...from!, ...to!]), encode: { x: [0, 2], y: [1, 3] },
    renderItem: (_, api) => {
      const ends = [[0, 1], [2, 3]].map(([x, y]) => api.coord([api.value(x!), api.value(y!)]) as [number, number]);
      const [[x1, y1], [x2, y2]] = ends as [[number, number], [number, number]];
      const lines = [[x1, y1, x2, y2], ...ends.map(([x, y]) => [x - dx, y - dy, x + dx, y + dy])];
      return {
        type: "group",
        children: lines.map(([a, b, c, d]) => ({
          type: "line", shape: { x1: a!, y1: b!, x2: c!, y2: d! }, style: { stroke, lineWidth: 1.5 },
        })),
      };
    },
  };
}

function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toPrecision(3)} M`;
  return value >= 1e4 ? `${+(value / 1e3).toPrecision(3)} k` : `${value}`;
}
