// Power, temperature and frequency over time, layers as bands beneath, one time axis for all. The
// series come as minimum, mean and maximum of buckets; on every zoom they are gathered again into
// at most MAX_POINTS, by minimum and maximum, so that peaks stay visible.
'use strict';

const MAX_POINTS = 1500;

function loadSeries(s) {
    const t = unpack(s.t, Uint32Array), lo = unpack(s.lo, Uint16Array), hi = unpack(s.hi, Uint16Array),
        mean = unpack(s.mean, Uint16Array);
    return { name: seriesName(s), unit: s.unit, quantity: s.quantity, t, lo, hi, mean, t0: s.t0_s, tq: s.t_step_s,
        v0: s.v_min, vq: s.v_step };
}

const at = (s, i) => s.t0 + s.t[i] * s.tq;

function lowerBound(s, time) {
    let a = 0, b = s.t.length;
    while (a < b) {
        const m = (a + b) >> 1;
        if (at(s, m) < time) a = m + 1; else b = m;
    }
    return a;
}

// Rows [time, [lo, mean, hi]] of one series between two times.
function gather(s, from, to) {
    const a = Math.max(0, lowerBound(s, from) - 1), b = Math.min(s.t.length, lowerBound(s, to) + 1);
    const step = Math.max(1, Math.ceil((b - a) / MAX_POINTS));
    const rows = [];
    for (let i = a; i < b; i += step) {
        let lo = 65535, hi = 0, sum = 0, n = 0, gap = false;
        for (let k = i; k < Math.min(i + step, b); k++) {
            if (s.lo[k] > s.hi[k]) { gap = true; continue; }
            lo = Math.min(lo, s.lo[k]);
            hi = Math.max(hi, s.hi[k]);
            sum += s.mean[k];
            n++;
        }
        if (n) rows.push([at(s, i), [s.v0 + lo * s.vq, s.v0 + (sum / n) * s.vq, s.v0 + hi * s.vq]]);
        if (gap) rows.push([at(s, i + step - 1 < b ? i + step - 1 : b - 1), [NaN, NaN, NaN]]);
    }
    return rows;
}

// Joins the rows of several series into one table for dygraphs.
function joined(list, from, to) {
    const all = new Map();
    list.forEach((s, i) => {
        for (const [t, v] of gather(s, from, to)) {
            let row = all.get(t);
            if (!row) {
                row = new Array(list.length + 1).fill(null);
                row[0] = t;
                all.set(t, row);
            }
            row[i + 1] = v;
        }
    });
    const rows = [...all.values()].sort((x, y) => x[0] - y[0]);
    return rows.length ? rows : [new Array(list.length + 1).fill(null).map((x, i) => (i ? null : from))];
}

// A time with the decimals that tell the ticks of a range apart.
function tickTime(x, [from, to]) {
    const decimals = Math.max(0, -Math.floor(Math.log10((to - from) / 10)));
    return x.toFixed(Math.min(9, decimals)) + ' s';
}

// One finger scrolls the page, as it does everywhere; two are for the chart.
const TOUCH = Object.fromEntries(['touchstart', 'touchmove'].map((kind) => [kind, (event, g, context) => {
    if (event.touches.length > 1) Dygraph.defaultInteractionModel[kind](event, g, context);
}]));

// What one sees of a series at a glance, for those who do not.
function inWords(s) {
    const top = s.hi.reduce((max, v, i) => (s.lo[i] <= v && v > max ? v : max), 0);
    return s.name + ' from ' + num(s.v0, s.unit) + ' to ' + num(s.v0 + top * s.vq, s.unit);
}

// Steady lines may lie on each other: they are told apart by their dashes.
function dashes(list) {
    return Object.fromEntries(list.map((s, i) => [s.name, { strokePattern: s.quantity === 'power' || !DASHES[i % DASHES.length].length ?
        null : DASHES[i % DASHES.length] }]));
}

// A clock by whose it is: "57000000.gpu" is a file's name.
function seriesName(s) {
    if (s.quantity !== 'frequency') return s.name;
    return (/gpu/i.test(s.name) ? 'GPU clock' : /^(policy|cpu)\d/.test(s.name) ? 'CPU clock' : 'clock') + ' (' + s.name + ')';
}

function plotSeries(parent, label, list, span, group) {
    const box = el('div', { class: 'dygraph', role: 'img', 'aria-label': label + ' over time: ' + list.map(inWords).join('; ') });
    const values = el('div', { class: 'values' });
    parent.append(el('h3', {}, label), values, box);
    let busy = false;
    const g = new Dygraph(box, joined(list, span[0], span[1]), {
        labels: ['time', ...list.map((s) => s.name)], series: dashes(list), includeZero: list[0].quantity === 'frequency', customBars: true, connectSeparatedPoints: true,
        colors: list.map((s, i) => PALETTE[i % PALETTE.length]), strokeWidth: 1.3, fillAlpha: 0.25,
        dateWindow: span.slice(), legend: 'always', labelsDiv: values, labelsSeparateLines: false, animatedZooms: false,
        interactionModel: Object.assign({}, Dygraph.defaultInteractionModel, TOUCH), xRangePad: 0, gridLineColor: css('--line'), axisLineColor: css('--dim'),
        axes: { x: { valueFormatter: (x) => x.toFixed(6) + ' s', axisLabelFormatter: (x) => tickTime(x, group.range) },
            y: { valueFormatter: (v) => num(v, list[0].unit, 4), axisLabelFormatter: (v) => short(v, list[0].unit),
                axisLabelWidth: 72 } },
        drawCallback: (d, first) => {
            if (group.follow) group.follow(); // what lies beneath has its width and its place
            if (busy || first) return;
            group.move(d.xAxisRange());
        },
    });
    g.resetZoom = () => group.showAll(); // of a double click: dygraphs knows the gathered rows only
    group.members.push({ move(range) {
        busy = true;
        g.updateOptions({ file: joined(list, range[0], range[1]), dateWindow: range.slice() });
        busy = false;
    } });
    if (!group.area) { // the bands stand beneath the first chart
        group.area = () => g.getArea();
        group.width = () => g.size().width;
    }
    erg.charts.push(g);
    return g;
}

const MAX_ROWS = 12;

// The columns of the bands, and a row for each track that has any; the last one has all the rest.
function loadBands(bands) {
    const t = unpack(bands.begin, Uint32Array), d = unpack(bands.duration, Uint32Array),
        layer = unpack(bands.layer, Uint16Array), track = unpack(bands.track, Uint16Array);
    const tracks = [...new Set(track)], shown = tracks.slice(0, MAX_ROWS).map((k) => bands.tracks[k]);
    if (tracks.length > MAX_ROWS) shown[MAX_ROWS - 1] = tracks.length - MAX_ROWS + 1 + ' tracks';
    const rowOf = new Map(tracks.map((k, n) => [k, Math.min(n, MAX_ROWS - 1)]));
    const begin = (i) => bands.t0_s + t[i] * bands.t_step_s;
    return { n: t.length, total: bands.total, stretch: bands.stretch, rows: shown, begin,
        end: (i) => begin(i) + d[i] * bands.t_step_s, row: (i) => rowOf.get(track[i]),
        name: (i) => bands.names[layer[i]], type: (i) => bands.types[layer[i]],
        first(time) { // that begins at or after TIME
            let from = 0, to = t.length;
            while (from < to) { const m = (from + to) >> 1; if (begin(m) < time) from = m + 1; else to = m; }
            return from;
        } };
}

// Grey from the end of each stretch of instances to the begin of the next one.
function drawLeftOut(g, b, x, until, h) {
    g.fillStyle = css('--line');
    for (let i = b.stretch - 1; i < b.n; i += b.stretch) {
        const from = x(b.end(i)), to = x(i + 1 < b.n ? b.begin(i + 1) : until);
        g.fillRect(from, 2, to - from, h - 4);
    }
}

// The first that is in sight: of each row the last that began before may reach into it.
function firstBand(b, time) {
    const rows = new Set(b.rows.keys());
    let i = b.first(time);
    while (i > 0 && rows.size) rows.delete(b.row(--i));
    return i;
}

// Not more than one band a pixel of a row.
function drawBands(g, b, range, x, rowHeight) {
    const last = b.rows.map(() => -1);
    for (let i = firstBand(b, range[0]); i < b.n && b.begin(i) < range[1]; i++) {
        const from = x(b.begin(i)), to = x(b.end(i)), row = b.row(i), y = row * rowHeight;
        if (b.end(i) < range[0] || (Math.floor(to) === last[row] && to - from < 1)) continue;
        last[row] = Math.floor(to);
        g.fillStyle = colorOf(b.type(i) || b.name(i));
        g.fillRect(from, y + 2, Math.max(0.7, to - from - 0.5), rowHeight - 4);
        if (to - from > 60) inside(g, b.name(i), '#fff', from, y, to - from, rowHeight);
    }
}

// TEXT in the middle of a box, cut at its end.
function inside(g, text, color, x, y, w, h) {
    g.save();
    g.fillStyle = color;
    g.beginPath();
    g.rect(x, y, w, h);
    g.clip();
    g.fillText(text, x + 4, y + h / 2 + 4);
    g.restore();
}

function plotBands(parent, bands, span, group) {
    if (!bands || !bands.names.length) return;
    const b = loadBands(bands), rowHeight = b.rows.length > 1 ? 22 : 54;
    const canvas = el('canvas', { class: 'bands', role: 'img', 'aria-label': 'layers over time',
        style: 'height:' + rowHeight * b.rows.length + 'px' });
    const tip = el('p', { class: 'note', 'aria-live': 'polite' });
    const plain = b.total > b.n ? 'The page holds ' + b.n + ' of ' + b.total +
        ' layer instances, spread over the run; where bands are grey they are left out. ' : '';
    parent.append(canvas, tip);
    let range = span.slice();
    const area = () => group.area ? group.area() : { x: 0, w: canvas.clientWidth }; // as the chart above
    function draw() {
        if (group.width) canvas.style.width = group.width() + 'px'; // its pixels, on any screen and on paper
        const w = canvas.clientWidth, h = canvas.clientHeight, k = window.devicePixelRatio || 1;
        canvas.width = w * k;
        canvas.height = h * k;
        const g = canvas.getContext('2d'), { x: left, w: width } = area(), scale = width / (range[1] - range[0]);
        const x = (time) => left + (Math.min(range[1], Math.max(range[0], time)) - range[0]) * scale;
        g.scale(k, k);
        g.font = '11px system-ui, sans-serif';
        if (b.total > b.n) drawLeftOut(g, b, x, span[1], h);
        drawBands(g, b, range, x, rowHeight);
        if (b.rows.length > 1) b.rows.forEach((name, i) =>
            inside(g, name, css('--fg'), 0, i * rowHeight, left - 4, rowHeight));
        tip.textContent = plain + (scale * (b.total ? (span[1] - span[0]) / b.total : 1) < 2 ?
            'Zoom in (drag over the chart) to tell layers apart; double-click or “Show all” zooms out.' :
            'Point at a band for its layer.');
    }
    canvas.addEventListener('mousemove', (e) => {
        const box = canvas.getBoundingClientRect(), row = Math.floor((e.clientY - box.top) / rowHeight);
        const time = range[0] + (e.clientX - box.left - area().x) / area().w * (range[1] - range[0]);
        let i = b.first(time) - 1;
        while (i >= 0 && b.row(i) !== row) i--;
        if (i >= 0 && b.end(i) >= time)
            tip.textContent = b.name(i) + ': ' + num(b.end(i) - b.begin(i), 's') + ' at ' +
                b.begin(i).toFixed(6) + ' s' + (b.rows.length > 1 ? ', ' + b.rows[row] : '');
    });
    group.follow = draw;
    window.addEventListener('resize', draw);
    erg.painters.push(draw);
    group.members.push({ move(r) { range = r.slice(); draw(); } });
    requestAnimationFrame(draw);
}

function timelineSection(parent, run, n) {
    const list = (run.series || []).map(loadSeries).filter((s) => s.t.length);
    if (!list.length && !(run.bands && run.bands.names.length)) return;
    const s = section(parent, 'timeline' + n, 'Over time',
        'Lines are means, shades reach from minimum to maximum.' + (list.some((x) => x.quantity === 'temperature') ? ' Axes of temperature do not begin at 0.' : ''));
    s.append(el('p', { class: 'note hint' }, 'Drag to zoom, Shift-drag to pan; on a touch screen, with two fingers.'));
    const span = [run.begin_s, run.end_s];
    const group = { members: [], moving: false, range: span.slice(), move(range) {
        if (this.moving || (range[0] === this.range[0] && range[1] === this.range[1])) return;
        const inside = [Math.max(span[0], range[0]), Math.min(span[1], range[1])];
        this.set(inside[1] > inside[0] ? inside : span.slice());
    }, set(range) {
        this.moving = true;
        this.range = range;
        this.members.forEach((m) => m.move(range));
        this.moving = false;
    }, showAll() { this.set(span.slice()); } }; // also where only the values are zoomed
    erg.groups = erg.groups || [];
    erg.groups.push(group);
    const zoom = (f, shift) => {
        const [a, b] = group.range, w = (b - a) * f, c = (a + b) / 2 + (shift || 0) * (b - a);
        group.move([Math.max(span[0], c - w / 2), Math.min(span[1], c + w / 2)]);
    };
    s.append(el('div', { class: 'tools', role: 'group', 'aria-label': 'zoom' },
        el('button', { type: 'button', onclick: () => zoom(0.5) }, 'Zoom in'),
        el('button', { type: 'button', onclick: () => zoom(2) }, 'Zoom out'),
        el('button', { type: 'button', onclick: () => zoom(1, -0.5) }, '◀ Earlier'),
        el('button', { type: 'button', onclick: () => zoom(1, 0.5) }, 'Later ▶'),
        el('button', { type: 'button', onclick: () => group.showAll() }, 'Show all')));
    const kinds = [['power', 'Power'], ['temperature', 'Temperature'], ['frequency', 'Frequency']];
    plotBandsLast(s, kinds, list, span, group, run);
}

function plotBandsLast(s, kinds, list, span, group, run) {
    let first = true;
    for (const [q, label] of kinds) {
        const some = list.filter((x) => x.quantity === q);
        if (some.length) plotSeries(s, label, some, span, group);
        if (first) plotBands(s, run.bands, span, group);
        first = false;
    }
}
