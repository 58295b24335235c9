// Parts that every section of the report uses: DOM building (text only, never markup: names come
// from traces and are data), numbers with units, estimates with intervals, packed columns.
'use strict';

const erg = { doc: JSON.parse(document.getElementById('data').textContent), charts: [] };

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

const PREFIXES = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n']];

// 0.0123 J -> "12.3 mJ": three significant digits, or as many as the interval supports.
function num(v, unit, digits) {
    if (v === null || v === undefined || !Number.isFinite(v)) return '–';
    if (v === 0) return unit ? '0 ' + unit : '0';
    const a = Math.abs(v);
    const [f, p] = PREFIXES.find(([x]) => a >= x * 0.9995) || PREFIXES[PREFIXES.length - 1];
    const text = (v / f).toPrecision(digits || 3);
    const plain = text.includes('e') ? String(Number(text)) : text;
    return plain + (unit || p ? ' ' + p + (unit || '') : '');
}

const resolved = (e) => e && e.value !== null && e.value !== undefined;

function interval(e, unit) {
    return e.lo === null || e.lo === undefined || e.lo === e.hi ? '' :
        num(e.lo, unit) + ' … ' + num(e.hi, unit);
}

// A table cell of an estimate: value, interval beneath its title, or "unresolved".
function estimateCell(e, unit) {
    if (!resolved(e)) return el('span', { class: 'unresolved' }, 'unresolved');
    const ci = interval(e, unit);
    return el('span', { title: (ci ? '95 %: ' + ci + '; ' : '') + 'method: ' + (e.method || '?') },
        num(e.value, unit), ci ? el('span', { class: 'ci' }, ' ±' + num((e.hi - e.lo) / 2, unit)) : '');
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
    return PALETTE[colorIndex.get(name) % PALETTE.length];
}

function section(parent, id, title, note) {
    const s = el('section', { 'aria-labelledby': id }, el('h2', { id }, title),
        note ? el('p', { class: 'note' }, note) : null);
    parent.append(s);
    return s;
}

// Whiskers of estimates over a bar or point chart: dataset.errors[i] = [lo, hi].
const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
        const g = chart.ctx;
        chart.data.datasets.forEach((set, d) => {
            if (!set.errors || !chart.isDatasetVisible(d)) return;
            const horizontal = chart.options.indexAxis === 'y';
            const axis = chart.scales[horizontal ? 'x' : 'y'];
            g.save();
            g.strokeStyle = css('--fg');
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

function chart(parent, label, height, config) {
    const canvas = el('canvas', { role: 'img', 'aria-label': label });
    const box = el('div', { class: 'plot', style: 'height:' + height + 'px' }, canvas);
    parent.append(box);
    Chart.defaults.color = css('--fg');
    Chart.defaults.borderColor = css('--line');
    config.options = Object.assign({ responsive: true, maintainAspectRatio: false, animation: false },
        config.options);
    config.plugins = [whiskers];
    const c = new Chart(canvas, config);
    erg.charts.push(c);
    return c;
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
        body.replaceChildren(...shown.map((r) => el('tr', {}, columns.map((c) =>
            el('td', { class: c.text ? 'text' : '' }, c.cell(r))))));
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
