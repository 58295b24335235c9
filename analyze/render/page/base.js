// Parts that every section of the report uses: DOM building (text only, never markup: names come
// from traces and are data), numbers with units, estimates with intervals, packed columns.
'use strict';

const erg = { doc: JSON.parse(document.getElementById('data').textContent), charts: [], painters: [] };

function el(tag, props, ...children) {
    const node = document.createElement(tag);
    for (const [k, v] of Object.entries(props || {})) {
        if (k === 'class') node.className = v;
        else if (k.startsWith('on')) node.addEventListener(k.slice(2), v);
        else node.setAttribute(k, v);
    }
    for (const c of children.flat(Infinity)) {
        if (c === null || c === undefined) continue;
        node.append(c instanceof Node ? c : document.createTextNode(String(c)));
    }
    return node;
}

const PREFIXES = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n'], [1e-12, 'p'],
    [1e-15, 'f'], [1e-18, 'a'], [1e-21, 'z']];

// Factor and prefix for a value in a unit. Small ratios and what is per something have none.
function prefix(v, unit) {
    const some = !unit ? PREFIXES.slice(0, 4) : unit.startsWith('1/') || unit === '°C' ? [[1, '']] : PREFIXES;
    return some.find(([x]) => Math.abs(v) >= x * 0.9995) || some[some.length - 1];
}

function withUnit(text, p, unit) {
    return text + (unit || p ? ' ' + p + (unit || '') : '');
}

// 0.0123 J -> "12.3 mJ": three significant digits where nothing says how many are meant.
function num(v, unit, digits) {
    if (v === null || v === undefined || !Number.isFinite(v)) return '–';
    if (v === 0) return unit ? '0 ' + unit : '0';
    const [f, p] = prefix(v, unit);
    const text = (v / f).toPrecision(digits || 3);
    return withUnit(text.includes('e') ? String(Number(text)) : text, p, unit);
}

// The same without zeroes at its end, for settings and axes: 30 W, not 30.00 W.
const short = (v, unit) => num(v, unit, 4).replace(/(\.\d*?)0+(?= |$)/, '$1').replace(/\.(?= |$)/, '');

// Ticks of an axis whose values go up to TOP: plain numbers, with a prefix where these would be long.
const ticksTo = (top, unit) => ({ callback: (v) => (top >= 0.01 && top < 1e5 ? String(Number(v.toPrecision(6))) : short(v, unit)) });

// An estimate as ["2.24", "±0.11", "J"]: half of its interval with two digits, the value with as many
// decimals, both in one unit. Without an interval the middle one is "".
function around(e, unit) {
    const half = (e.hi - e.lo) / 2;
    if (e.lo === null || e.lo === undefined || !(half > 0)) return [num(e.value, unit), '', ''];
    const [f, p] = prefix(Math.max(Math.abs(e.value), half / 100), unit);
    const decimals = Math.min(9, Math.max(0, 1 - Math.floor(Math.log10(half / f))));
    return [(e.value / f).toFixed(decimals), '±' + (half / f).toFixed(decimals), withUnit('', p, unit).trim()];
}

const resolved = (e) => e && e.value !== null && e.value !== undefined;

// Why nothing can be told, as `erg-analyze layers` says it.
const REASONS = { 'no-data': 'not seen', windows: 'seen too little', condition: 'not told from its neighbours', interval: 'interval too wide',
    'phase-locked': 'sampler in step with the layers', blocks: 'run too short', unfair: 'seen in unfair shares', unobserved: 'under half observed',
    impossible: 'would be an impossible power', 'too-many': 'too many layers', clipped: 'sensor at the end of its range', 'no-idle': 'no idle phase', 'no-work': 'none was counted' };
const methodOf = (e) => (!e ? '' : resolved(e) ? e.method || '' : REASONS[e.reason] || e.reason || 'unresolved');

function interval(e, unit) {
    return e.lo === null || e.lo === undefined || e.lo === e.hi ? '' :
        num(e.lo, unit) + ' … ' + num(e.hi, unit);
}

// A table cell of an estimate: value and half its interval, or "unresolved".
function estimateCell(e, unit) {
    if (!resolved(e)) return el('span', { class: 'unresolved' }, 'unresolved');
    const ci = interval(e, unit);
    const [value, half, of] = around(e, unit);
    return el('span', { title: (ci ? '95 %: ' + ci + '; ' : '') + 'method: ' + (e.method || '?') },
        value, half ? [' ', el('span', { class: 'ci' }, half), of ? ' ' + of : ''] : '');
}

function unpack(text, type) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return new type(bytes.buffer);
}

function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const PALETTE = ['#3b82c4', '#d9822b', '#3f9b5f', '#b5536b', '#7d66b8', '#8a7a3c', '#3a9ca3', '#7f7f7f'];

// One color a type, in the order of appearance, so that few types never share one.
const colorIndex = new Map();

function colorOf(name) {
    if (!colorIndex.has(name)) colorIndex.set(name, colorIndex.size);
    return shade(colorIndex.get(name));
}

// Colors without end: those of the palette, then hues apart by the golden angle.
function shade(i) {
    return i < PALETTE.length ? PALETTE[i] : 'hsl(' + Math.round(i * 137.508 % 360) + ', 60%, ' + (i % 3 ? 45 : 62) + '%)';
}

function section(parent, id, title, note) {
    const s = el('section', { 'aria-labelledby': id }, el('h2', { id }, title),
        note ? el('p', { class: 'note' }, note) : null);
    parent.append(s);
    return s;
}

// What is drawn from here on ends at the edges of the plot.
function within(chart) {
    const a = chart.chartArea;
    chart.ctx.beginPath();
    chart.ctx.rect(a.left, a.top, a.right - a.left, a.bottom - a.top);
    chart.ctx.clip();
}

// Whiskers along x: dataset.errorsX[i] = [lo, hi].
function acrossWhiskers(chart, set, d) {
    const g = chart.ctx, axis = chart.scales.x;
    g.save();
    within(chart);
    g.strokeStyle = css('--fg');
    g.beginPath();
    chart.getDatasetMeta(d).data.forEach((p, i) => {
        const e = set.errorsX[i];
        if (!e || e[0] === null || e[1] === null) return;
        const a = axis.getPixelForValue(e[0]), b = axis.getPixelForValue(e[1]);
        for (const [x1, y1, x2, y2] of [[a, p.y, b, p.y], [a, p.y - 3, a, p.y + 3], [b, p.y - 3, b, p.y + 3]]) {
            g.moveTo(x1, y1);
            g.lineTo(x2, y2);
        }
    });
    g.stroke();
    g.restore();
}

// Lines that lie on each other are told apart by their dashes.
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];

// Whiskers of estimates over a bar or point chart: dataset.errors[i] = [lo, hi].
// Bars lie beneath theirs, points upon.
const whiskers = {
    id: 'whiskers',
    beforeDatasetsDraw(chart) { if (chart.config.type !== 'bar') this.draw(chart); },
    afterDatasetsDraw(chart) { if (chart.config.type === 'bar') this.draw(chart); },
    draw(chart) {
        const g = chart.ctx;
        // Lines may share a place: their whiskers stand side by side, in their colors.
        const lines = chart.data.datasets.filter((set) => set.errors && set.beside);
        chart.data.datasets.forEach((set, d) => {
            if (set.errorsX && chart.isDatasetVisible(d)) acrossWhiskers(chart, set, d);
            if (!set.errors || !chart.isDatasetVisible(d)) return;
            const horizontal = chart.options.indexAxis === 'y';
            const axis = chart.scales[horizontal ? 'x' : 'y'];
            const aside = set.beside ? (lines.indexOf(set) - (lines.length - 1) / 2) * 7 : 0;
            g.save();
            within(chart);
            g.strokeStyle = lines.length > 1 && set.beside ? set.borderColor : css('--fg');
            g.translate(aside, 0);
            g.beginPath();
            chart.getDatasetMeta(d).data.forEach((p, i) => {
                const e = set.errors[i];
                if (!e || e[0] === null || e[1] === null) return;
                const a = axis.getPixelForValue(e[0]), b = axis.getPixelForValue(e[1]);
                for (const [x1, y1, x2, y2] of horizontal ?
                    [[a, p.y, b, p.y], [a, p.y - 3, a, p.y + 3], [b, p.y - 3, b, p.y + 3]] :
                    [[p.x, a, p.x, b], [p.x - 3, a, p.x + 3, a], [p.x - 3, b, p.x + 3, b]]) {
                    g.moveTo(x1, y1);
                    g.lineTo(x2, y2);
                }
            });
            g.stroke();
            g.restore();
        });
    },
};

// The first place around point P that no name has TAKEN.
function nameAt(chart, p, text, taken) {
    const g = chart.ctx, w = g.measureText(text).width, left = p.x > (chart.chartArea.left + chart.chartArea.right) / 2;
    const places = [left ? [-8 - w, -6] : [8, -6], left ? [8, -6] : [-8 - w, -6], [8, 16], [-8 - w, 16], [8, -20], [-8 - w, -20], [8, 30]]
        .map(([x, y]) => [p.x + x, p.y + y]).filter(([x]) => x >= chart.chartArea.left && x + w <= chart.width);
    const free = ([x, y]) => taken.every(([a, b, v]) => x + w < a || a + v < x || Math.abs(y - b) > 12);
    const place = places.find(free);
    if (!place) return; // the tooltip has it
    taken.push([...place, w]);
    g.textAlign = 'left';
    g.fillText(text, ...place);
}

// Names beside the points of a dataset with names: true, for charts of few points.
const names = {
    id: 'names',
    afterDatasetsDraw(chart) {
        const g = chart.ctx;
        chart.data.datasets.forEach((set, d) => {
            if (!set.names || !chart.isDatasetVisible(d)) return;
            g.save();
            g.fillStyle = css('--fg');
            g.font = '12px system-ui, sans-serif';
            const taken = [];
            chart.getDatasetMeta(d).data.forEach((p, i) => { if (!set.data[i].quiet) nameAt(chart, p, set.data[i].name, taken); });
            g.restore();
        });
    },
};

// Axes reach as far as the whiskers do.
function makeRoom(config) {
    const key = config.options.indexAxis === 'y' ? 'x' : 'y';
    reach(config, key, 'errors');
    if (key === 'y') reach(config, 'x', 'errorsX');
}

function reach(config, key, errors) {
    const ends = config.data.datasets.flatMap((s) => s[errors] || []).flat().filter(Number.isFinite);
    const scales = config.options.scales = config.options.scales || {};
    if (!ends.length || (scales[key] || {}).type === 'logarithmic') return;
    const values = config.data.datasets.flatMap((s) => s.data || []).map((p) => (p && typeof p === 'object' ? p[key] : p)).filter(Number.isFinite);
    const floor = !config.signed && values.every((v) => v >= 0) ? 0 : -Infinity; // what cannot be negative has no axis below 0
    scales[key] = Object.assign({ suggestedMin: Math.max(floor, Math.min(...ends)), suggestedMax: Math.max(...ends) },
        floor === 0 ? { min: 0 } : {}, scales[key]);
}

function theme() {
    Chart.defaults.color = css('--fg');
    Chart.defaults.borderColor = css('--line');
}

// A chart keeps the defaults that it was made with.
function recolor(c) {
    for (const axis of Object.values(c.options.scales)) {
        axis.ticks.color = axis.title.color = css('--fg');
        axis.grid.color = axis.grid.borderColor = css('--line');
    }
    c.options.plugins.legend.labels.color = css('--fg');
    c.update('none');
}

// Charts have the width of their place, which paper has another of.
function refit() {
    document.querySelectorAll('.plot').forEach(setHeight);
    erg.charts.forEach((c) => c.resize());
    erg.painters.forEach((draw) => draw());
}

// Charts are drawn in the colors of the page, which paper and a dark screen have of their own.
function repaint() {
    theme();
    for (const c of erg.charts) {
        if (c.updateOptions) c.updateOptions({ gridLineColor: css('--line'), axisLineColor: css('--dim') });
        else recolor(c);
    }
    erg.painters.forEach((draw) => draw());
}

function paper(on) {
    document.documentElement.classList.toggle('paper', on);
    if (on) erg.drawAll();
    repaint();
    refit();
}

window.addEventListener('resize', () => document.querySelectorAll('.plot').forEach(setHeight));
window.addEventListener('beforeprint', () => paper(true));
window.addEventListener('afterprint', () => paper(false));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);

// What lies far below is drawn when it comes near, or when all is asked for: a page of a thousand runs
// opens at once.
const later = new Map();
const nearness = new IntersectionObserver((list) => list.filter((e) => e.isIntersecting).forEach((e) => drawNow(e.target)), { rootMargin: '1000px 0px' });

function whenNear(node, draw) {
    later.set(node, draw);
    nearness.observe(node);
}

function drawNow(node) {
    const draw = later.get(node);
    forget(node);
    if (draw) draw();
}

function forget(node) {
    later.delete(node);
    nearness.unobserve(node);
}

// All that is not folded.
erg.drawAll = () => {
    for (let some = [1]; some.length; some.forEach(drawNow))
        some = [...later.keys()].filter((node) => node.getClientRects().length);
};

// CONFIG of Chart.js, or a function that makes it. HEIGHT in pixels, or a function of the chart's width.
function chart(parent, label, height, config) {
    const canvas = el('canvas', { role: 'img', 'aria-label': label });
    const box = el('div', { class: 'plot' }, canvas);
    box.height = typeof height === 'function' ? height : () => height;
    parent.append(box);
    setHeight(box);
    whenNear(box, () => drawChart(canvas, typeof config === 'function' ? config() : config));
}

function setHeight(box) {
    box.style.height = box.height(box.clientWidth || 600) + 'px';
}

function drawChart(canvas, config) {
    setHeight(canvas.parentNode); // in a fold it had no width
    theme();
    config.options = Object.assign({ responsive: true, maintainAspectRatio: false, animation: false },
        config.options);
    Object.assign(Chart.defaults.plugins.legend.labels, { usePointStyle: true, boxWidth: 8, boxHeight: 8 });
    Chart.defaults.elements.point.radius = 4;
    makeRoom(config);
    config.plugins = [whiskers, names];
    const c = new Chart(canvas, config);
    erg.charts.push(c);
}

const MANY_BARS = 40;

// One bar a row, in order; what is unresolved has a name and no bar. WHAT ends with its unit. Of many
// rows the largest are shown, and the rest is folded.
function bars(parent, label, what, rows, of, color) {
    if (rows.length < SORTED_BARS) return allBars(parent, label, what, rows, of, color);
    const first = rows.length > MANY_BARS ? {} : { 'in order': (list) => list }; // of many the largest are shown
    const box = el('div'), area = el('div'), orders = { ...first,
        'largest first': (list) => list.slice().sort((a, b) => (resolved(of(b)) ? of(b).value : -Infinity) - (resolved(of(a)) ? of(a).value : -Infinity)),
        'by name': (list) => list.slice().sort((a, b) => String(a.name).localeCompare(String(b.name))) };
    const choose = el('select', { 'aria-label': 'order of ' + label, onchange: () => draw() }, Object.keys(orders).map((o) => el('option', {}, o)));
    const draw = () => {
        drop(area);
        limitedBars(area, label, what, orders[choose.value](rows), of, color);
    };
    parent.append(box);
    box.append(el('div', { class: 'tools' }, choose), area);
    draw();
}

const SORTED_BARS = 16;

// Charts within NODE, and all else in it, go.
function drop(node) {
    [...later.keys()].filter((box) => node.contains(box)).forEach(forget);
    erg.charts.filter((c) => c.canvas && node.contains(c.canvas)).forEach((c) => c.destroy());
    erg.charts = erg.charts.filter((c) => c.canvas !== null);
    node.replaceChildren();
}

function limitedBars(parent, label, what, rows, of, color) {
    if (rows.length <= MANY_BARS) return allBars(parent, label, what, rows, of, color);
    const height = (r) => (resolved(of(r)) ? of(r).value : -Infinity);
    const largest = new Set(rows.slice().sort((a, b) => height(b) - height(a)).slice(0, MANY_BARS)), box = el('div');
    const shown = rows.filter((r) => largest.has(r)), others = rows.filter((r) => !largest.has(r));
    const rest = el('details', {}, el('summary', {}, 'The other ' + (rows.length - MANY_BARS) + ' of ' + rows.length));
    parent.append(box);
    box.append(el('p', { class: 'note' }, 'The ' + MANY_BARS + ' largest of ' + rows.length + '.'));
    allBars(box, label, what, shown, of, color);
    rest.addEventListener('toggle', () => allBars(rest, label + ', the rest', what, others, of, color), { once: true });
    box.append(rest);
}

function allBars(parent, label, what, rows, of, color) {
    const unit = what.split(', ')[1], values = rows.map(of), ranged = (e) => resolved(e) && e.lo < e.hi;
    const top = Math.max(0, ...values.filter(resolved).flatMap((e) => [e.value, e.lo, e.hi]).filter(Number.isFinite).map(Math.abs));
    const longest = Math.max(...rows.map((r) => String(r.name).length));
    const height = (width) => Math.max(140, rows.length * (longest > lineOf(width) ? 30 : 20) + 70);
    chart(parent, label, height, { type: 'bar', signed: /saved|more/.test(what), // differences may be below 0
        data: { labels: rows.map((r) => r.name || '(unnamed)'), datasets: [{ label: what,
            data: values.map((e) => (resolved(e) ? e.value : null)),
            errors: values.map((e) => (ranged(e) ? [e.lo, e.hi] : null)), backgroundColor: rows.map(color) }] },
        options: { indexAxis: 'y', plugins: { legend: { display: false }, tooltip: { callbacks: {
            label: (c) => num(c.raw, unit) + ' (' + (interval(values[c.dataIndex], unit) || 'no interval') + ')' } } },
        scales: { x: { ticks: ticksTo(top, unit), title: { display: true, text: what + (values.some(ranged) ? ' (whiskers: 95 %)' : '') } },
            y: { ticks: { autoSkip: false, callback(v) { return inLines(this.getLabelForValue(v), this.chart.width); } } } } } });
}

// How many letters of a label fit into the left half of a chart.
const lineOf = (width) => Math.max(12, Math.floor(width * 0.45 / 6.5));

// A label that leaves half of the chart to its bars: on two lines, and cut where these are too long.
function inLines(text, width) {
    const most = lineOf(width);
    if (text.length <= most) return text;
    const comma = text.lastIndexOf(', ', most) + 1, cut = comma > text.length - most - 2 && comma > 0 ? comma : text.lastIndexOf(' ', most), short = (t) => (t.length > most ? t.slice(0, most - 1) + '…' : t);
    return cut > 0 ? [text.slice(0, cut), short(text.slice(cut + 1))] : short(text);
}

const isSimulated = (warning) => warning.code === 'simulated';
// LIST with the warning of simulated power if what it is about is SIMULATED, and without if it is not.
const saying = (simulated, list) => (simulated ? [{ code: 'simulated' }] : []).concat((list || []).filter((w) => !isSimulated(w)));

// What the makers of the data say of it: that power is simulated first, and long lists folded.
function warnings(parent, list) {
    if ((list || []).some(isSimulated))
        parent.append(el('p', { class: 'warning' }, 'Power is simulated: it comes from a model, not from a sensor.'));
    const texts = new Set(saying(false, list).map((w) => w.text));
    const rest = [...texts].map((text) => el('p', { class: 'warning' }, text));
    if (rest.length > 4) parent.append(el('details', {}, el('summary', {}, rest.length + ' warnings about the data'), rest));
    else parent.append(...rest);
}

// Which color is which.
function legend(entries) {
    return el('p', { class: 'legend' }, entries.map(([name, color]) => el('span', {},
        el('i', { style: 'background:' + color, 'aria-hidden': 'true' }), name)));
}

function figure(title, value, note) {
    return el('div', { class: 'figure' }, el('span', {}, title), el('b', { class: value.length > 16 ? 'long' : '' }, value), note ? el('span', {}, note) : null);
}

function estimateFigure(title, e, unit) {
    return resolved(e) ? figure(title, num(e.value, unit, 4), interval(e, unit) ? '95 %: ' + interval(e, unit) : e.method || '')
        : figure(title, 'unresolved', '');
}

// columns: [{title, text: bool, value(row) for sorting, cell(row) -> Node|string}]
function table(parent, caption, columns, rows, searchOf) {
    const body = el('tbody');
    const state = { key: -1, down: true, filter: '' };
    const heads = columns.map((c, i) => el('th', { scope: 'col', class: c.text ? 'text' : '' },
        el('button', { type: 'button', onclick: () => sortBy(i) }, c.title)));
    function draw() {
        let shown = rows.filter((r) => !state.filter || searchOf(r).toLowerCase().includes(state.filter));
        if (state.key >= 0) {
            const v = columns[state.key].value;
            shown = shown.slice().sort((a, b) => {
                const x = v(a), y = v(b);
                const nx = x === null || x === undefined, ny = y === null || y === undefined;
                if (nx || ny) return nx - ny;
                return (x < y ? -1 : x > y ? 1 : 0) * (state.down ? -1 : 1);
            });
        }
        body.replaceChildren(...shown.map((r) => el('tr', {}, columns.map((c) => {
            const cell = el('td', { class: c.text ? 'text' : '' }, c.cell(r));
            cell.classList.toggle('long', Boolean(c.text) && cell.textContent.length > 24);
            return cell;
        }))));
    }
    function sortBy(i) {
        state.down = state.key === i ? !state.down : !columns[i].text;
        state.key = i;
        heads.forEach((h, k) => h.setAttribute('aria-sort',
            k !== i ? 'none' : state.down ? 'descending' : 'ascending'));
        draw();
    }
    if (searchOf) {
        parent.append(el('div', { class: 'tools' }, el('label', {}, 'Search ',
            el('input', { type: 'search', oninput: (e) => {
                state.filter = e.target.value.toLowerCase();
                draw();
            } }))));
    }
    parent.append(el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
        el('table', {}, el('caption', { class: 'dim' }, caption), el('thead', {}, el('tr', {}, heads)), body)));
    draw();
}
