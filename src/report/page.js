"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const MINUS = "-", DASH = "\u2013";
  let chosen = 0;
  const asset = () => data.assets[chosen];

  // Columns: three bytes a number, the upper ones of a single-precision float.
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const wholes = (text) => {
    const raw = bytes(text), out = new Uint32Array(raw.length / 3);
    for (let i = 0; i < out.length; i++) out[i] = raw[3 * i] << 16 | raw[3 * i + 1] << 8 | raw[3 * i + 2];
    return out;
  };
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const small = (text) => Uint16Array.from({ length: text.length / 2 }, (_, i) => DIGITS.indexOf(text[2 * i]) << 6 | DIGITS.indexOf(text[2 * i + 1]));
  const numbers = (text) => new Float32Array(wholes(text).map((bits) => bits << 8).buffer);
  const once = (make) => { const known = new WeakMap(); return (of) => { if (!known.has(of)) known.set(of, make(of)); return known.get(of); }; };
  const table = once((of) => ({
    n: of.rows, place: wholes(of.place), merit: of.merit ? numbers(of.merit) : null,
    metrics: of.metrics.map(numbers), at: of.parameters.map((one) => one.small === undefined ? wholes(one.at) : small(one.small)),
  }));

  // Numbers for people.
  const grouped = (value, digits) => {
    const text = Math.abs(value) >= 1e15 ? Math.abs(value).toExponential(2)
      : Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && /[1-9]/.test(text) ? MINUS : "") + text;
  };
  const told = (value, unit) => {
    if (!Number.isFinite(value)) return DASH;
    switch (unit) {
      case "share": return grouped(value * 100, 1) + " %";
      case "whole": return grouped(value, 0);
      case "year": return grouped(value, 1);
      default: return grouped(value, 2);
    }
  };
  const date = (seconds) => {
    const text = new Date(seconds * 1000).toISOString();
    return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
  };

  // Elements; text is never read as HTML.
  const SVG = "http" + "://www.w3.org/2000/svg";
  const set = (node, of, inside) => {
    for (const [name, value] of Object.entries(of || {})) if (value !== null && value !== undefined) node.setAttribute(name, value);
    if (inside !== undefined) node.append(...[].concat(inside));
    return node;
  };
  const el = (name, of, inside) => set(document.createElement(name), of, inside);
  const svg = (name, of, inside) => set(document.createElementNS(SVG, name), of, inside);
  const title = (text) => svg("title", {}, text);
  const plot = (id) => { const figure = $(id); return figure ? figure.querySelector(".plot") : null; };
  const picture = (width, height, label) =>
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const width = (place) => Math.max(300, Math.min(1180, Math.round(place.clientWidth || 1000)));

  // Ticks of 1, 2 or 5 times a power of ten.
  const ticks = (low, high, about) => {
    const raw = (high - low) / about || 1, power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999);
    const out = [];
    for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) out.push(at * step);
    return { out, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  };
  const logTicks = (low, high) => {
    const out = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
      for (const one of [1, 2, 5]) { const at = one * Math.pow(10, power); if (at >= low && at <= high) out.push(at); }
    return out.length > 1 ? out : ticks(low, high, 4).out;
  };

  const PAD = { left: 62, right: 14, top: 10, bottom: 24 };
  const times = once((lines) => { let now = 0; return lines.t.map((step) => now += step); });

  // Lines over time. `of`: lines, how values are told, whether a log scale is offered, what is shaded or marked.
  const drawLines = (id, of) => {
    const place = plot(id);
    if (!place) return;
    const lines = asset().lines;
    if (!lines || !of.lines.length) { place.replaceChildren(el("p", {}, "Nothing to show.")); return; }
    const t = times(lines), ys = of.lines.map((one) => numbers(one.y));
    const state = place.state || (place.state = { log: false });
    const all = ys.flatMap((y) => Array.from(y).filter(Number.isFinite));
    if (!all.length) { place.replaceChildren(el("p", {}, "Nothing to show: the run is too short.")); return; }
    let low = all.reduce((a, b) => Math.min(a, b)), high = all.reduce((a, b) => Math.max(a, b));
    if (of.zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
    const isLog = state.log && low > 0;
    if (low === high) { low -= Math.abs(low) * 0.01 || 1; high += Math.abs(high) * 0.01 || 1; }
    const W = width(place), H = of.height || 300;
    const label = `${of.label}: ${of.lines.map((one, i) => `${one.name} ends at ${Number.isFinite(ys[i].at(-1)) ? of.tell(ys[i].at(-1)) : DASH}`).slice(0, 3).join(", ")}`;
    const root = picture(W, H, label);
    const bars = t.length - 1 || 1, [t0, t1] = [t[0], t[bars]];
    const x = (i) => PAD.left + (W - PAD.left - PAD.right) * (t1 > t0 ? (t[i] - t0) / (t1 - t0) : 0);
    const scale = isLog ? (value) => Math.log(value / low) / Math.log(high / low) : (value) => (value - low) / (high - low);
    const y = (value) => H - PAD.bottom - (H - PAD.top - PAD.bottom) * scale(value);
    const seconds = (second) => PAD.left + (W - PAD.left - PAD.right) * (t1 > t0 ? (second - t0) / (t1 - t0) : 0);
    for (const [from, to] of of.shaded || [])
      root.append(svg("rect", { class: "shade", x: seconds(from), y: PAD.top, width: Math.max(1, seconds(to) - seconds(from)), height: H - PAD.top - PAD.bottom }));
    const marks = isLog ? logTicks(low, high) : ticks(low, high, 5).out;
    for (const at of marks) root.append(
      svg("line", { class: at === 0 ? "zero" : "rule", x1: PAD.left, x2: W - PAD.right, y1: y(at), y2: y(at) }),
      svg("text", { x: PAD.left - 8, y: y(at) + 4, "text-anchor": "end" }, of.tell(at, true)));
    const from = new Date(t0 * 1000), to = new Date(t1 * 1000), span = to.getUTCFullYear() - from.getUTCFullYear();
    const put = (second, text) => { const at = seconds(second); if (at > PAD.left + 12 && at < W - PAD.right - 12) root.append(
      svg("line", { class: "rule", x1: at, x2: at, y1: PAD.top, y2: H - PAD.bottom }), svg("text", { x: at, y: H - 7, "text-anchor": "middle" }, text)); };
    if (span >= 2) {
      const step = Math.max(1, Math.ceil(span / (W / 75)));
      for (let year = from.getUTCFullYear() + 1; year <= to.getUTCFullYear(); year++) if (year % step === 0) put(Date.UTC(year, 0, 1) / 1000, String(year));
    } else for (let i = 1; i < 5; i++) { const at = t0 + (t1 - t0) * i / 5; put(at, date(Math.floor(at / 86400) * 86400)); }
    for (const second of of.marks || []) root.append(svg("line", { class: "mark", x1: seconds(second), x2: seconds(second), y1: PAD.top, y2: H - PAD.bottom }));
    const path = (values) => {
      let text = "", pen = false;
      for (let i = 0; i < values.length; i++) {
        if (!Number.isFinite(values[i])) { pen = false; continue; }
        text += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(values[i]).toFixed(1)}`; pen = true;
      }
      return text;
    };
    const order = of.lines.map((_, i) => i).reverse();
    for (const i of order) {
      const d = path(ys[i]);
      if (of.area && i === 0 && d) root.append(svg("path", { class: "area", d: `${d}L${x(bars).toFixed(1)} ${y(0)}L${x(0).toFixed(1)} ${y(0)}Z` }));
      root.append(svg("path", { class: `line ${of.lines[i].style || "c" + Math.min(i, 1)}`, d }));
    }
    const hair = svg("line", { class: "mark", y1: PAD.top, y2: H - PAD.bottom, visibility: "hidden" });
    root.append(hair);
    const read = el("p", { class: "read" }, "\u00a0");
    const show = (i) => {
      set(hair, { x1: x(i), x2: x(i), visibility: "visible" });
      const parts = of.lines.map((one, at) => [one, ys[at][i]]).filter(([one]) => one.style !== "faint").map(([one, value]) => `${one.name} ${Number.isFinite(value) ? of.tell(value) : DASH}`);
      read.textContent = `${date(t[i])}: ${parts.join(", ")}`;
    };
    root.addEventListener("pointermove", (event) => {
      const box = root.getBoundingClientRect(), share = ((event.clientX - box.left) * W / box.width - PAD.left) / (W - PAD.left - PAD.right);
      const second = t0 + (t1 - t0) * Math.max(0, Math.min(1, share));
      let a = 0, b = bars;
      while (b - a > 1) { const middle = (a + b) >> 1; if (t[middle] <= second) a = middle; else b = middle; }
      show(second - t[a] < t[b] - second ? a : b);
    });
    root.addEventListener("pointerleave", () => { hair.setAttribute("visibility", "hidden"); read.textContent = "\u00a0"; });
    const controls = el("div", { class: "controls" });
    if (of.lines.length > 1 || of.keys) for (const [name, kind] of of.keys || of.lines.map((one, i) => [one.name, i ? "k1" : "k0"]))
      controls.append(el("span", { class: "key" }, [el("i", { class: kind }), name]));
    if (of.log) {
      const button = el("button", { type: "button", "aria-pressed": String(isLog) }, "Log scale");
      button.addEventListener("click", () => { state.log = !state.log; drawLines(id, of); plot(id).querySelector("button").focus(); });
      if (low > 0) controls.append(button);
    }
    place.replaceChildren(controls, root, read);
  };

  const curves = () => {
    const one = asset(), lines = one.lines || { equity: [], drawdown: [], rolling: [] };
    const short = (value) => { const [by, unit] = Math.abs(value) >= 1e9 ? [1e9, " bn"] : Math.abs(value) >= 1e6 ? [1e6, " M"] : Math.abs(value) >= 1e4 ? [1e3, " k"] : [1, ""]; return String(Number((value / by).toPrecision(4))).replace("-", MINUS) + unit; };
    const money = (value, isTick) => isTick ? short(value) : grouped(value, 0), share = (value) => grouped(value * 100, 1) + " %", ratio = (value) => grouped(value, 2);
    if (lines.paths) {
      const order = lines.paths.map((path, i) => ({ ...path, style: i === lines.median ? "c0" : "faint" }));
      order.sort((a, b) => (a.style === "c0" ? 0 : 1) - (b.style === "c0" ? 0 : 1));
      drawLines("paths", { lines: order, tell: money, log: true, label: "Equity of each path", height: 360, keys: [["the median path", "k0"], ["other paths", "kf"]] });
      return;
    }
    drawLines("equity", { lines: lines.equity, tell: money, log: true, label: "Equity", height: 340, shaded: one.shaded, marks: one.marks });
    drawLines("drawdown", { lines: lines.drawdown, tell: share, label: "Drawdown", height: 210, zero: true, area: true, marks: one.marks });
    drawLines("rolling", { lines: lines.rolling, tell: ratio, label: "Rolling Sharpe ratio", height: 210, zero: true, marks: one.marks });
  };

  const choice = (label, values, now, act) => {
    const select = el("select", {}, values.map(([value, text]) => el("option", { value, selected: value === now ? "" : null }, text)));
    select.addEventListener("change", () => act(select.value));
    return el("label", {}, [label + " ", select]);
  };
  const refocus = (place, at) => { const all = place.querySelectorAll("select, button"); if (at >= 0 && all[at]) all[at].focus(); };
  const focused = (place) => Array.from(place.querySelectorAll("select, button")).indexOf(document.activeElement);

  // The ranking: sorted by a column, filtered by conditions, 25 rows at a time.
  const PAGE = 25;
  const SHOWN = ["sharpe", "total_return", "cagr", "max_drawdown", "sortino", "trades", "win_rate", "profit_factor", "exposure"];
  const ranking = { by: "place", down: false, from: 0, text: "", all: false };
  const columns = () => {
    const of = asset(), known = table(of), out = [{ name: "place", heading: "#", value: (i) => known.place[i] || NaN, text: (i) => known.place[i] ? grouped(known.place[i], 0) : DASH }];
    data.parameters.forEach((name, p) => out.push({
      name, heading: name, text: (i) => of.parameters[p].values[known.at[p][i]],
      value: (i) => { const number = Number(of.parameters[p].values[known.at[p][i]]); return Number.isNaN(number) ? known.at[p][i] : number; },
    }));
    if (known.merit) out.push({ name: "rank_by", heading: "rank by", value: (i) => known.merit[i], text: (i) => told(known.merit[i], "ratio") });
    const shown = data.metrics.map((one, m) => ({ ...one, m }));
    shown.sort((a, b) => (SHOWN.indexOf(a.name) + 99) % 99 - (SHOWN.indexOf(b.name) + 99) % 99);
    for (const one of shown) out.push({
      name: one.name, heading: one.heading, isExtra: !SHOWN.includes(one.name) && one.name !== data.merit.metric,
      value: (i) => known.metrics[one.m][i], text: (i) => told(known.metrics[one.m][i], one.unit), better: one.lower ? "low" : "high",
    });
    return out;
  };
  const condition = (text, all) => {
    const tests = [];
    const parts = text.split(/,|&&|\band\b/).map((one) => one.trim()).filter(Boolean);
    for (const part of parts) {
      const found = part.match(/^([A-Za-z_]\w*)\s*(<=|>=|!=|==|=|<|>)\s*(.+)$/);
      if (!found) {
        tests.push((i) => all.some((one) => one.text(i).toLowerCase().includes(part.toLowerCase())));
        continue;
      }
      const [, name, sign, right] = found;
      const column = all.find((one) => one.name === name.toLowerCase() || one.heading === name);
      if (!column) return { error: `no column is called ${name}: ${all.map((one) => one.name).join(", ")}` };
      const number = right.endsWith("%") ? Number(right.slice(0, -1)) / 100 : Number(right);
      if (Number.isNaN(number)) {
        if (sign !== "=" && sign !== "==" && sign !== "!=") return { error: `${right} is no number` };
        tests.push((i) => (column.text(i) === right) === (sign !== "!="));
        continue;
      }
      const test = { "<": (a) => a < number, "<=": (a) => a <= number, ">": (a) => a > number, ">=": (a) => a >= number, "!=": (a) => a !== number, "=": (a) => a === number, "==": (a) => a === number }[sign];
      tests.push((i) => test(column.value(i)));
    }
    return { test: (i) => tests.every((one) => one(i)) };
  };
  const drawRanking = () => {
    const block = document.querySelector(`#ranking [data-asset="${chosen}"] table`);
    if (!block) return;
    const of = asset(), all = columns(), shown = all.filter((one) => ranking.all || !one.isExtra);
    const { test, error } = condition(ranking.text, all);
    const said = $("filter-said");
    let rows = Array.from({ length: of.rows }, (_, i) => i);
    if (test) rows = rows.filter(test);
    const by = all.find((one) => one.name === ranking.by) || all[0], sign = ranking.down ? -1 : 1;
    const key = rows.map((i) => by.value(i)), order = rows.map((_, i) => i);
    order.sort((a, b) => { const [x, y] = [key[a], key[b]]; return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) || a - b : sign * (x - y) || a - b; });
    rows = order.map((i) => rows[i]);
    ranking.from = Math.max(0, Math.min(ranking.from, Math.floor((rows.length - 1) / PAGE) * PAGE));
    said.textContent = error ? `Not understood: ${error}` : ranking.text ? `${grouped(rows.length, 0)} of ${grouped(of.rows, 0)} trials` : "";
    const at = document.activeElement && block.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const head = shown.map((one) => {
      const button = el("button", { type: "button", "data-name": one.name }, one.heading);
      button.addEventListener("click", () => {
        if (ranking.by === one.name) ranking.down = !ranking.down;
        else { ranking.by = one.name; ranking.down = one.better === "high"; }
        ranking.from = 0; drawRanking();
      });
      return el("th", { scope: "col", "aria-sort": ranking.by === one.name ? (ranking.down ? "descending" : "ascending") : null }, button);
    });
    const body = rows.slice(ranking.from, ranking.from + PAGE).map((i) => el("tr", {}, shown.map((one, column) => el(column ? "td" : "th", column ? {} : { scope: "row" }, one.text(i)))));
    block.replaceChildren(block.caption, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
    if (at) { const again = head.map((one) => one.firstChild).find((one) => one.dataset.name === at); if (again) again.focus(); }
    const pager = $("pager"), step = (text, by, off) => {
      const button = el("button", { type: "button" }, text);
      button.disabled = off;
      button.addEventListener("click", () => { const at = focused(pager); ranking.from += by; drawRanking(); refocus(pager, at); });
      return button;
    };
    pager.replaceChildren(...(rows.length > PAGE ? [step("Earlier", -PAGE, ranking.from === 0), step("Later", PAGE, ranking.from + PAGE >= rows.length),
      el("span", {}, `${grouped(ranking.from + 1, 0)} to ${grouped(Math.min(rows.length, ranking.from + PAGE), 0)} of ${grouped(rows.length, 0)}`)] : []));
  };

  // Viridis, which the colour-blind can read as well, between nine of its colours.
  const STOPS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
  const colour = (share) => {
    const at = Math.max(0, Math.min(1, share)) * (STOPS.length - 1), low = Math.min(STOPS.length - 2, Math.floor(at)), rest = at - low;
    return `rgb(${STOPS[low].map((one, i) => Math.round(one + rest * (STOPS[low + 1][i] - one))).join(",")})`;
  };
  const MOST_CELLS = 48;
  const map = { metric: null, x: null, y: null, how: "best", at: null };
  const several = () => data.parameters.map((name, p) => [name, p]).filter(([, p]) => asset().parameters[p].values.length > 1);
  const drawMap = () => {
    const place = plot("map");
    if (!place) return;
    const of = asset(), known = table(of), axes = several();
    if (axes.length < 2 || !of.rows) { place.replaceChildren(el("p", {}, "Fewer than two parameters vary among the trials of this page.")); return; }
    const names = axes.map(([name]) => name);
    if (!names.includes(map.x)) map.x = names[1];
    if (!names.includes(map.y) || map.y === map.x) map.y = names.find((name) => name !== map.x);
    const metrics = data.metrics.map((one) => [one.name, one.heading]);
    if (known.merit) metrics.unshift(["rank_by", "rank by"]);
    if (!map.metric) map.metric = known.merit ? "rank_by" : data.merit.metric;
    const m = data.metrics.findIndex((one) => one.name === map.metric);
    const unit = m < 0 ? "ratio" : data.metrics[m].unit, lower = m < 0 ? data.merit.lower : data.metrics[m].lower;
    const values = m < 0 ? known.merit : known.metrics[m];
    const [px, py] = [data.parameters.indexOf(map.x), data.parameters.indexOf(map.y)];
    const axis = (p) => { const all = of.parameters[p].values, cells = Math.min(MOST_CELLS, all.length); return { all, cells, cell: (i) => Math.floor(known.at[p][i] * cells / all.length) }; };
    const [ax, ay] = [axis(px), axis(py)];
    const held = Array.from({ length: ax.cells * ay.cells }, () => []);
    for (let i = 0; i < of.rows; i++) if (known.place[i]) held[ay.cell(i) * ax.cells + ax.cell(i)].push(values[i]);
    const middle = (all) => { const sorted = all.slice().sort((a, b) => a - b); return sorted[(sorted.length - 1) >> 1]; };
    const how = { best: (all) => all.reduce((a, b) => (lower ? b < a : b > a) ? b : a), median: middle, worst: (all) => all.reduce((a, b) => (lower ? b > a : b < a) ? b : a) }[map.how];
    const cells = held.map((all) => { const defined = all.filter(Number.isFinite); return defined.length ? how(defined) : NaN; });
    const defined = cells.filter(Number.isFinite);
    const low = defined.reduce((a, b) => Math.min(a, b), Infinity), high = defined.reduce((a, b) => Math.max(a, b), -Infinity);
    const isOne = (i) => names.length > 2 || ax.cells < ax.all.length || ay.cells < ay.all.length;
    const W = width(place), left = 78, bottom = 46, side = Math.max(4, Math.min(44, (W - left - 16) / ax.cells));
    const tall = Math.max(4, Math.min(side, 460 / ay.cells)), H = Math.round(tall * ay.cells + bottom + 14);
    const share = (value) => high > low ? (lower ? high - value : value - low) / (high - low) : 1;
    const tell = (c) => { const [column, row] = [c % ax.cells, Math.floor(c / ax.cells)]; const of = (axis, at) => { const first = Math.ceil(at * axis.all.length / axis.cells), last = Math.ceil((at + 1) * axis.all.length / axis.cells) - 1; return first === last ? axis.all[first] : `${axis.all[first]} to ${axis.all[last]}`; };
      return `${map.y} ${of(ay, row)}, ${map.x} ${of(ax, column)}: ${Number.isFinite(cells[c]) ? told(cells[c], unit) : DASH}${held[c].length > 1 ? ` (${map.how} of ${grouped(held[c].length, 0)})` : ""}`; };
    const heading = m < 0 ? "rank by" : data.metrics[m].heading;
    const root = picture(W, H, `${heading} by ${map.y} and ${map.x}, from ${told(low, unit)} to ${told(high, unit)}`);
    set(root, { tabindex: "0", class: "grid" });
    const y = (row) => 8 + (ay.cells - 1 - row) * tall, x = (column) => left + column * side;
    cells.forEach((value, c) => { if (held[c].length) root.append(svg("rect", { x: x(c % ax.cells), y: y(Math.floor(c / ax.cells)), width: side + 0.3, height: tall + 0.3, fill: Number.isFinite(value) ? colour(share(value)) : null, class: Number.isFinite(value) ? null : "none" }, title(tell(c)))); });
    const labels = (axis, room) => { const step = Math.ceil(axis.cells / Math.max(1, Math.floor(room))); return Array.from({ length: axis.cells }, (_, i) => i).filter((i) => i % step === 0); };
    for (const i of labels(ax, side * ax.cells / 44)) root.append(svg("text", { x: x(i) + side / 2, y: 8 + tall * ay.cells + 16, "text-anchor": "middle" }, String(ax.all[Math.floor(i * ax.all.length / ax.cells)]).slice(0, 8)));
    for (const i of labels(ay, tall * ay.cells / 18)) root.append(svg("text", { x: left - 8, y: y(i) + tall / 2 + 4, "text-anchor": "end" }, String(ay.all[Math.floor(i * ay.all.length / ay.cells)]).slice(0, 10)));
    root.append(svg("text", { x: left + side * ax.cells / 2, y: H - 4, "text-anchor": "middle" }, map.x), svg("text", { x: 12, y: 8 + tall * ay.cells / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${8 + tall * ay.cells / 2})` }, map.y));
    const outline = (kind, column, row, extra) => svg("rect", { class: kind, x: x(column) + extra, y: y(row) + extra, width: side - 2 * extra, height: tall - 2 * extra });
    let bestSaid = "";
    if (known.place[0] === 1) {
      const [bx, by] = [ax.cell(0), ay.cell(0)];
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
        const [column, row] = [bx + dx, by + dy];
        if ((dx || dy) && column >= 0 && row >= 0 && column < ax.cells && row < ay.cells && held[row * ax.cells + column].length) root.append(outline("near", column, row, 1));
      }
      root.append(outline("best", bx, by, 0), outline("best-in", bx, by, 1.2));
      bestSaid = `Outlined: the best, ${map.y} ${of.parameters[py].values[known.at[py][0]]} and ${map.x} ${of.parameters[px].values[known.at[px][0]]}; dashed: its neighbours. `;
    }
    const mark = svg("rect", { class: "focus", visibility: "hidden" });
    root.append(mark);
    const read = el("p", { class: "read", "aria-live": "polite" }, "\u00a0");
    const point = (column, row) => { map.at = [column, row]; const c = row * ax.cells + column; set(mark, { x: x(column), y: y(row), width: side, height: tall, visibility: "visible" }); read.textContent = tell(c); };
    root.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [column, row] = map.at || [ax.cell(0) - step[0], ay.cell(0) - step[1]];
      point(Math.max(0, Math.min(ax.cells - 1, column + step[0])), Math.max(0, Math.min(ay.cells - 1, row + step[1])));
    });
    root.addEventListener("pointermove", (event) => {
      const box = root.getBoundingClientRect(), column = Math.floor(((event.clientX - box.left) * W / box.width - left) / side), row = ay.cells - 1 - Math.floor(((event.clientY - box.top) * H / box.height - 8) / tall);
      if (column >= 0 && row >= 0 && column < ax.cells && row < ay.cells) point(column, row);
    });
    map.at = null;
    const act = (key) => (value) => { const at = focused(place); if (key === "x" && value === map.y) map.y = map.x; if (key === "y" && value === map.x) map.x = map.y; map[key] = value; drawMap(); refocus(place, at); };
    const pairs = names.map((name) => [name, name]);
    const controls = el("div", { class: "controls" }, [choice("Metric", metrics, map.metric, act("metric")), choice("across", pairs, map.x, act("x")), choice("up", pairs, map.y, act("y"))]);
    if (isOne()) controls.append(choice("each cell", [["best", "its best"], ["median", "its median"], ["worst", "its worst"]], map.how, act("how")));
    const scale = svg("svg", { viewBox: "0 0 120 10", width: "120", height: "10", "aria-hidden": "true", style: "width:120px" }, Array.from({ length: 24 }, (_, i) => svg("rect", { x: i * 5, y: 0, width: 5.2, height: 10, fill: colour(i / 23) })));
    const legend = el("div", { class: "controls" }, [told(lower ? high : low, unit), scale, told(lower ? low : high, unit)]);
    const cut = of.rows < of.done ? `Of the ${of.caption}. ` : "";
    place.replaceChildren(controls, root, legend, read, el("p", { class: "note" }, bestSaid + cut));
  };

  // Bars: how a metric is spread.
  const spread = { metric: null };
  const drawHistogram = () => {
    const place = plot("histogram");
    if (!place) return;
    const of = asset(), isTear = data.kind === "tear";
    if (!spread.metric) spread.metric = data.merit && data.merit.metric || "sharpe";
    const m = isTear ? 0 : data.metrics.findIndex((one) => one.name === spread.metric), one = of.spread[m];
    const unit = isTear ? "share" : data.metrics[m].unit, heading = isTear ? "return of a bar" : data.metrics[m].heading;
    const controls = el("div", { class: "controls" });
    if (!isTear) controls.append(choice("Metric", data.metrics.map((one) => [one.name, one.heading]), spread.metric, (value) => { spread.metric = value; drawHistogram(); refocus(place, 0); }));
    if (!one) { place.replaceChildren(controls, el("p", {}, "It is defined for no trial.")); return; }
    const W = width(place), H = 230, most = Math.max(...one.counts), step = (W - PAD.left - PAD.right) / one.counts.length;
    const limit = !isTear && spread.metric === "sharpe" ? of.threshold : null;
    const low = one.low, high = one.high, reach = limit === null || limit === undefined ? high : Math.max(high, limit);
    const x = (value) => PAD.left + (W - PAD.left - PAD.right) * (reach > low ? (value - low) / (reach - low) : 0.5);
    const root = picture(W, H, `${heading} of ${grouped(one.all, 0)}, from ${told(low, unit)} to ${told(high, unit)}`);
    const y = (count) => H - PAD.bottom - (H - PAD.top - PAD.bottom) * count / most;
    for (const at of ticks(0, most, 4).out) if (Number.isInteger(at)) root.append(svg("line", { class: "rule", x1: PAD.left, x2: W - PAD.right, y1: y(at), y2: y(at) }), svg("text", { x: PAD.left - 8, y: y(at) + 4, "text-anchor": "end" }, grouped(at, 0)));
    one.counts.forEach((count, i) => {
      const wide = (high - low) / one.counts.length, from = low + i * wide, left = x(from), right = high > low ? x(from + wide) : left + step;
      if (count) root.append(svg("rect", { class: "f0", x: left + 0.5, y: y(count), width: Math.max(1, right - left - 1), height: H - PAD.bottom - y(count) }, title(`${told(from, unit)} to ${told(from + wide, unit)}: ${grouped(count, 0)}`)));
    });
    if (high > low) for (const at of ticks(low, reach, Math.max(2, W / 130)).out) root.append(svg("text", { x: x(at), y: H - 7, "text-anchor": "middle" }, told(at, unit)));
    else root.append(svg("text", { x: x(low), y: H - 7, "text-anchor": "middle" }, told(low, unit)));
    const notes = [];
    if (limit !== null && limit !== undefined) {
      root.append(svg("line", { class: "bad", x1: x(limit), x2: x(limit), y1: PAD.top, y2: H - PAD.bottom }));
      notes.push(`The line at ${told(limit, unit)} is what the best of as many worthless trials is expected to have: only what is well above it is more than luck.`);
    }
    if (!isTear) notes.push(`${grouped(one.all, 0)} of ${grouped(of.done, 0)} trials have it.`);
    place.replaceChildren(controls, root, el("p", { class: "note" }, notes.join(" ")));
  };

  // Bars by year, the account beside buy and hold.
  const drawYears = () => {
    const place = plot("years");
    if (!place) return;
    const years = asset().years, W = width(place), H = 230, all = years.flatMap(([, own, hold]) => [own, hold ?? 0]);
    if (!years.length) { place.replaceChildren(el("p", {}, "Nothing to show.")); return; }
    const low = Math.min(0, ...all), high = Math.max(0, ...all) || 0.01;
    const y = (value) => H - PAD.bottom - (H - PAD.top - PAD.bottom) * (value - low) / (high - low);
    const root = picture(W, H, `Returns by year, from ${years[0][0]} to ${years[years.length - 1][0]}`);
    for (const at of ticks(low, high, 5).out) root.append(svg("line", { class: at === 0 ? "zero" : "rule", x1: PAD.left, x2: W - PAD.right, y1: y(at), y2: y(at) }), svg("text", { x: PAD.left - 8, y: y(at) + 4, "text-anchor": "end" }, grouped(at * 100, 0) + " %"));
    const step = (W - PAD.left - PAD.right) / years.length, each = Math.ceil(years.length / (W / 50));
    years.forEach(([year, own, hold], i) => {
      [own, hold].forEach((value, which) => {
        if (value === null) return;
        root.append(svg("rect", { class: "f" + which, x: PAD.left + step * (i + 0.14 + 0.36 * which), y: Math.min(y(value), y(0)), width: step * 0.33, height: Math.max(0.5, Math.abs(y(value) - y(0))) }, title(`${year}, ${which ? "buy and hold" : "strategy"}: ${grouped(value * 100, 1)} %`)));
      });
      if (i % each === 0) root.append(svg("text", { x: PAD.left + step * (i + 0.5), y: H - 7, "text-anchor": "middle" }, String(year)));
    });
    place.replaceChildren(el("div", { class: "controls" }, [["strategy", "k0"], ["buy and hold", "k1"]].map(([name, kind]) => el("span", { class: "key" }, [el("i", { class: kind }), name]))), root);
  };

  // Parallel coordinates: the parameters and what ranks.
  const MOST_LINES = 1500;
  const drawParallel = () => {
    const place = plot("parallel");
    if (!place) return;
    const of = asset(), known = table(of), axes = several();
    const m = data.merit.metric ? data.metrics.findIndex((one) => one.name === data.merit.metric) : -1;
    const values = m < 0 ? known.merit : known.metrics[m], unit = m < 0 ? "ratio" : data.metrics[m].unit;
    let ranked = [];
    for (let i = 0; i < of.rows; i++) if (known.place[i] && Number.isFinite(values[i])) ranked.push(i);
    if (!axes.length || !ranked.length) { place.replaceChildren(el("p", {}, "Nothing to show.")); return; }
    const stride = Math.max(1, Math.ceil(ranked.length / MOST_LINES));
    const top = new Set(ranked.slice(0, Math.max(1, Math.ceil(ranked.length / 10))));
    ranked = ranked.filter((_, i) => i % stride === 0);
    const [low, high] = [Math.min(...ranked.map((i) => values[i])), Math.max(...ranked.map((i) => values[i]))];
    const W = width(place), H = 320, count = axes.length + 1, x = (a) => PAD.left + (W - PAD.left - 60) * (a / (count - 1));
    const y = (share) => H - 34 - (H - 64) * share;
    const share = (a, i) => a < axes.length ? (of.parameters[axes[a][1]].values.length > 1 ? known.at[axes[a][1]][i] / (of.parameters[axes[a][1]].values.length - 1) : 0.5) : high > low ? (values[i] - low) / (high - low) : 0.5;
    const line = (i) => Array.from({ length: count }, (_, a) => `${a ? "L" : "M"}${x(a).toFixed(1)} ${y(share(a, i)).toFixed(1)}`).join("");
    const root = picture(W, H, `${axes.map(([name]) => name).join(", ")} and ${data.merit.text} of ${grouped(ranked.length, 0)} trials`);
    root.append(svg("path", { class: "many", d: ranked.filter((i) => !top.has(i)).map(line).join("") }), svg("path", { class: "top", d: ranked.filter((i) => top.has(i)).map(line).join("") }));
    for (let a = 0; a < count; a++) {
      const ends = a < axes.length ? [of.parameters[axes[a][1]].values[0], of.parameters[axes[a][1]].values.at(-1)] : [told(low, unit), told(high, unit)];
      const anchor = a === 0 ? "start" : a === count - 1 ? "end" : "middle", at = a === 0 ? x(a) - 30 : a === count - 1 ? x(a) + 50 : x(a);
      root.append(svg("line", { class: "zero", x1: x(a), x2: x(a), y1: y(0), y2: y(1) }), svg("text", { x: at, y: 14, "text-anchor": anchor }, a < axes.length ? axes[a][0] : data.merit.text.slice(0, 24)),
        svg("text", { x: at, y: y(1) - 4, "text-anchor": anchor }, String(ends[1]).slice(0, 14)), svg("text", { x: at, y: y(0) + 15, "text-anchor": anchor }, String(ends[0]).slice(0, 14)));
    }
    place.replaceChildren(root, el("p", { class: "note" }, stride > 1 ? `One of every ${stride} ranked trials is drawn.` : ""));
  };

  // Tables whose rows are in the page already.
  for (const one of document.querySelectorAll("table.sortable")) {
    const body = one.tBodies[0];
    const number = (text) => { const plain = Number(text.replace(/[,% ]/g, "")); return text === DASH ? NaN : plain; };
    Array.from(one.tHead.rows[0].cells).forEach((head, column) => {
      const button = el("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        for (const other of one.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = Array.from(body.rows).map((row) => [row, row.cells[column].textContent]), sign = down ? -1 : 1;
        const isNumber = rows.every(([, text]) => text === DASH || !Number.isNaN(number(text)));
        rows.sort(([, a], [, b]) => { if (!isNumber) return sign * a.localeCompare(b); const [x, y] = [number(a), number(b)]; return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : sign * (x - y); });
        body.append(...rows.map(([row]) => row));
      });
    });
  }

  const draw = () => {
    for (const block of document.querySelectorAll("[data-asset]")) block.hidden = Number(block.dataset.asset) !== chosen;
    if (!data.assets.length) return;
    curves(); drawMap(); drawHistogram(); drawYears(); drawParallel();
    if ($("ranking")) drawRanking();
  };
  if ($("asset")) $("asset").addEventListener("change", (event) => { chosen = Number(event.target.value); ranking.from = 0; draw(); });
  const form = $("filter");
  if (form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.text.addEventListener("input", (event) => { ranking.text = event.target.value; ranking.from = 0; drawRanking(); });
    form.elements.all.addEventListener("change", (event) => { ranking.all = event.target.checked; drawRanking(); });
  }
  let seen = window.innerWidth, waits = 0;
  window.addEventListener("resize", () => { if (window.innerWidth === seen) return; seen = window.innerWidth; clearTimeout(waits); waits = setTimeout(draw, 120); });
  draw();
})();
