// Elements of Teams' cards that the open renderer does not know: charts, badges, people. Others it does not
// know are drawn by their fallback, as in every client that lacks them.

import { avatar, el, svg } from "./dom.js";

// Teams' named chart colours; the categorical ones come in this order where a datum names none.
const COLOURS = {
  good: "#13a10e", warning: "#eaa300", attention: "#d13438", neutral: "#8a8886",
  categoricalBlue: "#0f6cbd", categoricalLime: "#73aa24", categoricalTeal: "#00b7c3", categoricalPurple: "#5c2e91",
  categoricalLavender: "#8764b8", categoricalMarigold: "#eaa300", categoricalRed: "#d13438", categoricalGreen: "#107c10",
};
const ORDER = ["categoricalBlue", "categoricalLavender", "categoricalTeal", "categoricalMarigold", "categoricalLime",
  "categoricalPurple", "categoricalRed", "categoricalGreen"];
const colourOf = (datum, index) => COLOURS[datum.color] ?? COLOURS[ORDER[index % ORDER.length]];

/** Register them with the renderer. */
export function registerElements(AdaptiveCards) {
  const register = (type, draw) => {
    class Element extends AdaptiveCards.CardElement {
      getJsonTypeName() {
        return type;
      }

      internalParse(source, context) {
        super.internalParse(source, context);
        this.source = source;
      }

      internalRender() {
        return draw(this.source);
      }
    }
    AdaptiveCards.GlobalRegistry.elements.register(type, Element);
  };
  register("Chart.Donut", (source) => round(source, 0.62));
  register("Chart.Pie", (source) => round(source, 0));
  register("Chart.HorizontalBar", bars);
  register("Chart.HorizontalBar.Stacked", stacked);
  register("Chart.VerticalBar", columns);
  register("Badge", badge);
  register("Component", component);
}

/** The next card element's host element must let wide content shrink. */
function figure(source, ...content) {
  return el("figure", { class: "chart" }, source.title ? el("figcaption", {}, source.title) : null, ...content);
}

function legend(data) {
  return el("ul", { class: "chart-legend" }, data.map((datum, index) => {
    const dot = el("i", {});
    dot.style.background = colourOf(datum, index);
    return el("li", {}, dot, `${datum.legend ?? datum.x ?? ""} `, el("b", {}, String(datum.value ?? datum.y ?? "")));
  }));
}

const spoken = (data) => data.map((datum) => `${datum.legend ?? datum.x}: ${datum.value ?? datum.y}`).join(", ");

function round(source, hole) {
  const data = (source.data ?? []).filter((datum) => datum.value > 0);
  const total = data.reduce((sum, datum) => sum + datum.value, 0);
  const picture = svg("svg", { viewBox: "-50 -50 100 100", class: "chart-round", role: "img", "aria-label": spoken(data) });
  const circle = { fill: "none", r: hole ? 40 : 24, "stroke-width": hole ? 16 : 48 };
  const length = 2 * Math.PI * circle.r;
  let start = 0;
  data.forEach((datum, index) => {
    const share = (datum.value / total) * length;
    picture.append(svg("circle", {
      ...circle, stroke: colourOf(datum, index), "stroke-dasharray": `${Math.max(share - 0.8, 0.5)} ${length}`,
      "stroke-dashoffset": -start, transform: "rotate(-90)",
    }));
    start += share;
  });
  if (hole) picture.append(svg("text", { "text-anchor": "middle", y: 6, class: "chart-total" }, String(source.value ?? total)));
  return figure(source, el("div", { class: "chart-row" }, picture, legend(source.data ?? [])));
}

function stacked(source) {
  const rows = (source.data ?? []).map((row) => ({ title: row.title, data: row.data ?? [] }));
  const names = new Map();
  const drawn = rows.map((row) => {
    const total = row.data.reduce((sum, datum) => sum + datum.value, 0) || 1;
    const bar = el("div", { class: "chart-bar", role: "img", "aria-label": spoken(row.data) });
    row.data.forEach((datum, index) => {
      const part = el("span", { title: `${datum.legend}: ${datum.value}` });
      part.style.background = colourOf(datum, index);
      part.style.width = `${(datum.value / total) * 100}%`;
      bar.append(part);
      const known = names.get(datum.legend);
      names.set(datum.legend, { ...datum, color: datum.color ?? ORDER[index % ORDER.length], value: (known?.value ?? 0) + datum.value });
    });
    return el("div", {}, row.title ? el("div", { class: "chart-name" }, row.title) : null, bar);
  });
  return figure(source, ...drawn, legend([...names.values()]));
}

function bars(source) {
  const data = source.data ?? [];
  const most = Math.max(1, ...data.map((datum) => datum.y ?? 0));
  return figure(source, ...data.map((datum, index) => {
    const part = el("span", {});
    part.style.background = colourOf({ color: datum.color ?? source.color }, source.color ? 0 : index);
    part.style.width = `${((datum.y ?? 0) / most) * 100}%`;
    return el("div", { class: "chart-line" }, el("span", {}, datum.x ?? ""), el("div", { class: "chart-bar" }, part),
      el("b", {}, String(datum.y ?? "")));
  }));
}

function columns(source) {
  const data = source.data ?? [];
  const most = Math.max(1, ...data.map((datum) => datum.y ?? 0));
  const picture = svg("svg", { viewBox: `0 0 ${data.length * 40} 100`, class: "chart-columns", role: "img", "aria-label": spoken(data) });
  data.forEach((datum, index) => {
    const height = ((datum.y ?? 0) / most) * 70;
    picture.append(
      svg("rect", { x: index * 40 + 8, y: 80 - height, width: 24, height, fill: colourOf({ color: datum.color ?? source.color }, 0) }),
      svg("text", { x: index * 40 + 20, y: 94, "text-anchor": "middle", class: "chart-tick" }, String(datum.x ?? "")),
      svg("text", { x: index * 40 + 20, y: 76 - height, "text-anchor": "middle", class: "chart-tick" }, String(datum.y ?? "")),
    );
  });
  return figure(source, picture);
}

function badge(source) {
  const style = String(source.style ?? "Default").toLowerCase();
  const tint = source.appearance === "Tint" ? "tinted" : "";
  return el("span", { class: `badge badge-${style} ${tint}`, title: source.tooltip }, source.text ?? "");
}

function component(source) {
  if (source.name !== "graph.microsoft.com/user") return undefined;
  const { id, displayName, userPrincipalName } = source.properties ?? {};
  return el("span", { class: "persona", title: userPrincipalName }, avatar({ id, display_name: displayName }, 28), displayName ?? "");
}
