// Charts of whole studies: networks against each other, power traces over each other, what a clock can
// change, combinations of programs under a budget, stages of models, networks that were predicted.
'use strict';

const percentOf = (e) => resolved(e) ? { value: 100 * e.value, lo: e.lo === null || e.lo === undefined ? null : 100 * e.lo,
    hi: e.hi === null || e.hi === undefined ? null : 100 * e.hi, method: e.method } : e;
const ends = (e) => e.lo === null || e.lo === undefined || !(e.lo < e.hi) ? null : [e.lo, e.hi];

// From blue (low) by green to yellow (high), the same on any background.
function ramp(x) {
    return 'hsl(' + Math.round(240 - 190 * x) + ', 65%, ' + Math.round(45 + 8 * x) + '%)';
}

const workloadOf = (r) => (r.tags || {}).workload || (r.factors || {}).workload || r.workload || r.name;

function accuracies(runs) {
    const known = new Map();
    for (const r of runs) {
        const a = Number((r.tags || {}).accuracy);
        if ((r.tags || {}).accuracy !== undefined && Number.isFinite(a)) known.set(workloadOf(r), a);
    }
    return known;
}

// A point for each workload and setting, or for each run where nothing is repeated.
function networkPoints(doc) {
    const groups = (doc.sweep || {}).groups || [];
    const at = (g) => g.points.filter((p) => g.points.length === 1 || JSON.stringify(p.factors) === JSON.stringify(g.reference));
    const some = groups.flatMap((g) => at(g).map((p) => ({ workload: g.group.workload || groupTitle(g.group), name: Object.values(g.group).join(', ') ||
        label(p.factors), time: p.time_s, energy: p.ets_j })));
    if (some.length || doc.corun || doc.models) return some;
    if (doc.thermal) return []; // the same work, hot and cool
    return (doc.runs || []).filter((r) => r.totals).map((r) => ({ workload: workloadOf(r), name: r.title, quiet: r.repetition > 1, energy: r.totals.ets_j,
        time: { value: r.totals.time_s, lo: null, hi: null } }));
}

// Energy against time of several networks, accuracy as color and size.
function networkSection(parent, doc) {
    const roofs = new Set((doc.runs || []).filter((r) => rowsOf(r, 'layer').some((l) => l.type === 'roof')).map(workloadOf));
    const all = networkPoints(doc).filter((p) => resolved(p.energy) && resolved(p.time) && !roofs.has(p.workload));
    const acc = accuracies(doc.runs || []), networks = new Set(all.map((p) => p.workload));
    if (networks.size < 2 || all.length > 60) return;
    const range = [Math.min(...acc.values()), Math.max(...acc.values())];
    const at = (a) => range[1] > range[0] ? (a - range[0]) / (range[1] - range[0]) : 1;
    const swept = ((doc.sweep || {}).groups || []).some((g) => g.points.length > 1);
    const s = section(parent, 'networks', 'Energy against time', (swept ? 'At full throttle. ' : '') + (acc.size ? 'Color and size are the accuracy, from ' +
        percentText(range[0]) + ' (blue, small) to ' + percentText(range[1]) + ' (yellow, large); grey where none was given. Whiskers: 95 %.' :
        'Whiskers: 95 %.'));
    const known = (p) => acc.has(p.workload);
    chart(s, 'energy against time of each workload', 380, { type: 'scatter', data: { datasets: [{ names: all.length <= 16,
        data: all.map((p) => ({ x: p.time.value, y: p.energy.value, name: p.name, quiet: p.quiet, workload: p.workload })),
        errors: all.map((p) => ends(p.energy)), errorsX: all.map((p) => ends(p.time)),
        backgroundColor: all.map((p) => known(p) ? ramp(at(acc.get(p.workload))) : PALETTE[7]),
        pointRadius: all.map((p) => known(p) ? 5 + 7 * at(acc.get(p.workload)) : 5) }] },
    options: { plugins: { legend: { display: false }, tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.y, 'J') + ' in ' +
        num(c.raw.x, 's') + (acc.has(c.raw.workload) ? ', accuracy ' + percentText(acc.get(c.raw.workload)) : '') } } },
    scales: { x: { beginAtZero: true, title: { display: true, text: 'time, s' } },
        y: { beginAtZero: true, title: { display: true, text: 'energy, J' } } } } });
}

const percentText = (v) => Number((100 * v).toPrecision(3)) + ' %';

// ---- power traces over each other ----

const TRACE_POINTS = 400;

// Mean power of a run as points, from the buckets of its own rail.
function trace(run) {
    const list = (run.series || []).filter((s) => s.quantity === 'power');
    const own = list.find((s) => s.name === (run.totals || {}).rail) || list[0];
    if (!own) return [];
    const s = loadSeries(own), step = Math.max(1, Math.ceil(s.t.length / TRACE_POINTS)), points = [], zero = beginOf(run);
    for (let i = 0; i < s.t.length; i += step) {
        let sum = 0, n = 0;
        for (let k = i; k < Math.min(i + step, s.t.length); k++) if (s.lo[k] <= s.hi[k]) { sum += s.mean[k]; n++; }
        if (n) points.push({ x: at(s, i) - zero, y: s.v0 + sum / n * s.vq });
    }
    return points;
}

// When the first layer of a run begins, s; 0 where that is not known.
function beginOf(run) {
    return run.bands && run.bands.names.length ? loadBands(run.bands).begin(0) : 0;
}

// The value of a factor that others are compared with: the highest clock or cap, no partner.
function usual(values) {
    return values.every((v) => Number.isFinite(Number(v))) ? values.reduce((a, b) => (Number(b) > Number(a) ? b : a)) :
        values.includes('none') ? 'none' : values[0];
}

// One chart for each factor that varies, all others at what is usual: [{ title, runs: Map of setting to its first run }].
function tracesOf(runs, workload) {
    const some = runs.filter((r) => workloadOf(r) === workload && (r.series || []).length);
    const values = new Map([...new Set(some.flatMap((r) => Object.keys(r.factors || {})))].map((k) => [k, [...new Set(some.map((r) => r.factors[k]))]]));
    const varied = [...values.keys()].filter((k) => k !== 'workload' && values.get(k).length > 1);
    return varied.map((k) => {
        const rest = varied.filter((x) => x !== k), shown = new Map();
        for (const r of some.filter((r) => rest.every((x) => r.factors[x] === usual(values.get(x)))))
            if (!shown.has(setting(k, r.factors[k]))) shown.set(setting(k, r.factors[k]), r);
        return { shown, title: workload + (k === 'corun' ? ' beside each partner' : ' under each ' + factor(k).title) + (rest.length ? ' (' + rest.map((x) => setting(x, usual(values.get(x)))).join(', ') + ')' : '') };
    }).filter((t) => t.shown.size > 1);
}

function traceSection(parent, doc) {
    const runs = doc.runs || [], matrix = (doc.corun || {}).matrix || [], own = new Set(matrix.map((c) => c.workload));
    const partners = new Set(matrix.flatMap((c) => String(c.partner).split('+'))); // which run alone to be compared
    const charts = [...new Set(runs.map(workloadOf))].filter((w) => own.has(w) || !partners.has(w)).flatMap((w) => tracesOf(runs, w));
    if (!charts.length) return;
    const s = section(parent, 'traces', 'Power over time under each setting', 'The first run of each setting; 0 s is the beginning of its first layer, or of its command where it has no layers.');
    const pair = el('div', { class: 'pair' });
    s.append(pair);
    for (const t of charts) {
        const box = el('div', {}, el('h3', {}, t.title)), settings = [...t.shown.keys()];
        pair.append(box);
        chart(box, 'power over time under each setting: ' + t.title, 300, () => ({ type: 'line', data: { datasets: settings.map((name, i) => ({ label: name,
            data: trace(t.shown.get(name)), borderColor: shade(i), backgroundColor: shade(i), borderDash: DASHES[Math.floor(i / PALETTE.length) % DASHES.length],
            borderWidth: 1.3, pointRadius: 0 })) },
        options: { plugins: { legend: { display: settings.length <= 16 }, tooltip: { enabled: false } },
            scales: { x: { type: 'linear', title: { display: true, text: 'time, s' } },
                y: { beginAtZero: true, title: { display: true, text: 'power, W' } } } } }));
    }
}

// ---- where each network spends it ----

// Energy and time of each module, and shares of kinds of layers, of the first run of each workload.
function spentSection(parent, doc) {
    const runs = doc.runs || [], varied = ((doc.sweep || {}).groups || []).some((g) => g.points.length > 1);
    const first = new Map();
    for (const r of runs) if (!first.has(workloadOf(r)) && rowsOf(r, 'layer').some((l) => l.type !== 'roof') && kindsOf(r).length > 1) first.set(workloadOf(r), r);
    if (varied || doc.corun || doc.thermal || first.size < 2 || first.size > MANY_NETWORKS) return;
    const s = section(parent, 'spent', 'Where each network spends it', 'The first run of each; whiskers: 95 %. Shares are of the energy of all layers of an inference.');
    for (const [name, r] of first) {
        const modules = rowsOf(r, 'module').length > 1 ? 'module' : 'layer', pair = el('div', { class: 'pair' });
        const box = el('div', { class: 'whole' }, el('h3', {}, name), pair);
        s.append(box);
        const rows = rowsOf(r, modules), color = (l) => (l.type ? colorOf(l.type) : css('--bar'));
        if (rows.some((l) => resolved(l.energy_j))) bars(pair, name + ': energy by ' + modules, 'energy, J', rows, (l) => l.energy_j, color);
        bars(pair, name + ': time by ' + modules, 'time, s', rows, (l) => l.time_s, color);
        const shares = el('div', { class: 'pair' }), kinds = ['block', 'type'].filter((k, i, all) => rowsOf(r, k).length > 1 &&
            (!i || namesOf(r, k) !== namesOf(r, all[0])));
        box.append(shares);
        for (const k of kinds) shareBars(shares, rowsOf(r, k), name + ': share of the inference by ' + k);
    }
}

const MANY_NETWORKS = 12;
const namesOf = (r, k) => rowsOf(r, k).map((l) => l.name).join();
const kindsOf = (r) => (rowsOf(r, 'block').length > 1 ? rowsOf(r, 'block') : rowsOf(r, 'type'));

// ---- what a clock can change ----

// Of the time at the highest clock the part that no clock shortens: 100 % is bound by memory, 0 by computing.
function boundBars(s, groups) {
    const rows = groups.filter((g) => g.sensitivity && resolved(g.sensitivity.t_mem_s) && g.sensitivity.memory_share !== null).map((g) => {
        const t = g.sensitivity.t_mem_s, share = 100 * g.sensitivity.memory_share, f = share / t.value;
        return { name: groupTitle(g.group) || 'all runs', bound: g.sensitivity.bound, share: { value: share,
            lo: t.lo === null || !Number.isFinite(f) ? null : Math.max(0, t.lo * f), hi: t.hi === null || !Number.isFinite(f) ? null : Math.min(100, t.hi * f) } };
    });
    if (rows.length < 2) return;
    const kinds = ['memory', 'mixed', 'compute', 'unresolved'], color = (r) => shade(kinds.indexOf(r.bound));
    s.append(el('h3', {}, 'Memory-bound against compute-bound'),
        el('p', { class: 'note' }, 'The part of the time at full throttle that a higher clock does not shorten (T = t₀ + c/f).'),
        legend(kinds.filter((k) => rows.some((r) => r.bound === k)).map((k) => [k + (k === 'unresolved' || k === 'mixed' ? '' : '-bound'), shade(kinds.indexOf(k))])));
    bars(s, 'time that no clock shortens', 'of the time, %', rows, (r) => r.share, color);
}

// ---- combinations under a budget ----

const isGpuClock = (k) => /^devfreq|^nvml.*graphics/.test(k);

// Vertical bars: one group a label, one bar a series; BUDGET is a line across.
function columns(parent, title, what, labels, series, budget) {
    chart(parent, title, 300, { type: 'bar', data: { labels, datasets: series.map((t, i) => ({ label: t.name,
        data: t.values.map((e) => (resolved(e) ? e.value : null)), errors: t.values.map((e) => (resolved(e) ? ends(e) : null)),
        backgroundColor: shade(i) })).concat(budget === undefined ? [] : [{ label: 'budget', type: 'line', data: labels.map(() => budget),
        borderColor: css('--fg'), borderDash: [6, 4], borderWidth: 1.5, pointRadius: 0, pointStyle: 'line' }]) },
    options: { plugins: { legend: { display: series.length > 1 || budget !== undefined } },
        scales: { x: { ticks: { autoSkip: false, maxRotation: 0, callback(v) { return this.getLabelForValue(v).split(/(?<=\+)/); } } }, y: { beginAtZero: true, title: { display: true, text: what } } } } });
}

// System power and latency of each combination, a chart at each clock of the GPU.
function combinationSection(parent, corun) {
    const all = (corun || {}).combinations || [];
    const network = new Set(all.filter((c) => c.partner !== 'none').map((c) => c.workload));
    const some = all.filter((c) => network.has(c.workload));
    if (some.length < 2) return;
    const s = section(parent, 'combinations', 'Combinations: power and latency', 'Each workload alone and beside its partners. Whiskers: 95 %' +
        (corun.budget_w ? '; the dashed line is the budget of ' + short(corun.budget_w, 'W') : '') + '.');
    const keys = [...new Set(some.flatMap((c) => Object.keys(c.settings || {})))].filter((k) => k !== 'workload' &&
        new Set(some.map((c) => c.settings[k])).size > 1);
    const gpu = keys.find(isGpuClock), others = keys.filter((k) => k !== gpu);
    for (const w of network) {
        const clocks = [...new Set(some.filter((c) => c.workload === w).map((c) => gpu ? c.settings[gpu] : ''))].sort((a, b) => a - b);
        for (const clock of clocks)
            combinationCharts(s, some.filter((c) => c.workload === w && (!gpu || c.settings[gpu] === clock)), w +
                (gpu ? ', ' + setting(gpu, clock) : ''), others, corun.budget_w);
    }
    choiceTable(s, corun, network);
}

function combinationCharts(s, cells, title, others, budget) {
    const many = (p) => (p === 'none' ? 0 : p.split('+').length); // alone, beside one, beside several
    const partners = [...new Set(cells.map((c) => c.partner))].sort((a, b) => many(a) - many(b) || a.localeCompare(b));
    const at = (c) => others.map((k) => setting(k, c.settings[k])).join(', ');
    const settings = [...new Set(cells.map(at))];
    const name = (p) => (p === 'none' ? 'alone' : p);
    const series = (of) => settings.map((t) => ({ name: t || 'all', values: partners.map((p) => {
        const c = cells.find((x) => x.partner === p && at(x) === t);
        return c ? of(c) : null;
    }) }));
    const of = (c, who, key) => { const p = (c.programs || []).find((x) => (who ? x.name === c.workload : x.name !== c.workload)); return p && p[key]; };
    s.append(el('h3', {}, title));
    const pair = el('div', { class: 'pair' });
    s.append(pair);
    const draw = (what, unit, f, line) => {
        const list = series(f);
        if (list.some((t) => t.values.some(resolved))) columns(pair, title + ': ' + what, what + unit, partners.map(name), list, line);
    };
    draw('system power', ', W', (c) => c.power_w, budget);
    draw('latency', ', s', (c) => c.time_s);
    draw('highest temperature', ', °C', (c) => c.temperature_degc);
    draw('instructions a cycle of the workload', '', (c) => of(c, true, 'ipc'));
    draw('instructions a cycle beside it', '', (c) => of(c, false, 'ipc'));
    draw('CPUs kept busy by the workload', '', (c) => of(c, true, 'utilization'));
    draw('CPUs kept busy beside it', '', (c) => of(c, false, 'utilization'));
}

function choiceTable(s, corun, network) {
    const rows = (corun.choices || []).filter((c) => network.has(c.workload));
    if (corun.budget_w === undefined) return;
    s.append(el('h3', {}, 'Under the budget'));
    if (!rows.length) s.append(el('p', { class: 'note' }, 'No combination is surely within it.'));
    else table(s, 'The fastest setting within ' + short(corun.budget_w, 'W') + ', with all of its interval, for each combination', [
        { title: 'workload', text: true, value: (c) => c.workload, cell: (c) => c.workload },
        { title: 'beside', text: true, value: (c) => c.partner, cell: (c) => (c.partner === 'none' ? 'nothing' : c.partner) },
        { title: 'setting', text: true, value: (c) => label(c.settings, 'workload'), cell: (c) => label(c.settings, 'workload') },
        { title: 'time', value: (c) => c.time_s.value, cell: (c) => estimateCell(c.time_s, 's') },
        { title: 'power', value: (c) => c.power_w.value, cell: (c) => estimateCell(c.power_w, 'W') },
    ], rows, null);
}

// What the workload costs its partners.
function partnerBars(s, cells) {
    const same = Object.keys(cells[0].settings || {}).filter((k) => cells.every((c) => c.settings[k] === cells[0].settings[k]));
    const rows = cells.flatMap((c) => (c.partners || []).filter((p) => resolved(p.slowdown)).map((p) => ({ p, name: [p.name + ' beside ' + c.workload +
        (c.partner === p.name ? '' : ' (' + c.partner + ')'), label(c.settings, 'workload', ...same)].filter((t) => t).join(', ') })));
    if (!rows.length) return;
    const names = [...new Set(rows.map((r) => r.p.name))], by = [...new Set(rows.map((r) => r.p.measured_by))];
    s.append(el('h3', {}, 'What the workload costs its partners'), el('p', { class: 'note' }, 'Their own slowdown, measured by their ' + by.join(', ') + '.'));
    bars(s, 'slowdown of the partners', 'time as a multiple of that alone', rows, (r) => r.p.slowdown, (r) => shade(names.indexOf(r.p.name)));
}

// ---- rooflines ----

function rooflineSource(given, source) {
    const some = Object.keys(given), all = some.length === 4;
    return [some.length ? 'given' + (all ? '' : ' (' + some.join(', ') + ')') : null,
        source && !all ? 'measured: ' + source.title : null].filter((t) => t).join('; ') || null;
}

// What was given, or what a run of the roofs measured at the same setting.
function roofsFor(doc, run) {
    const device = (r) => (r.tags || {}).device || '';
    const same = (r) => JSON.stringify(r.factors || {}) === JSON.stringify(run.factors || {}) && device(r) === device(run);
    const rows = (r) => rowsOf(r, 'layer').filter((l) => l.type === 'roof' && l.work);
    const source = (doc.runs || []).filter((r) => rows(r).length && same(r))[0] || (doc.runs || []).find((r) => rows(r).length && device(r) === device(run));
    const best = (key) => source && rows(source).map((l) => l.work[key]).filter((v) => v !== undefined && v !== null);
    const least = (key) => { const all = best(key) && best(key).filter(resolved); return all && all.length ? all.reduce((a, b) => (b.value < a.value ? b : a)) : null; };
    const given = doc.roofs || {}, top = (key) => given[key] || (source && best(key).length ? Math.max(...best(key)) : null);
    return { ops: top('ops_per_s'), bytes: top('bytes_per_s'), op: given.op_j ? { value: given.op_j } : least('per_op_j'),
        byte: given.byte_j ? { value: given.byte_j } : least('per_byte_j'), from: rooflineSource(given, source) };
}

// A logarithmic axis with room around its VALUES; ticks are the decades, and between them 2 and 5 where
// there are few.
const LOG = (text, values, unit) => ({ type: 'logarithmic', min: Math.min(...values) / 2, max: Math.max(...values) * 2, title: { display: true, text }, ticks: { maxRotation: 0, autoSkip: false, callback(v, i, all) {
    const lead = Number((v / Math.pow(10, Math.floor(Math.log10(v) + 1e-9))).toPrecision(6));
    return lead === 1 || ((lead === 2 || lead === 5) && all[all.length - 1].value < 100 * all[0].value) ? short(v, unit) : '';
} } });

// A line over the intensities of the points, a little beyond both ends.
function roofLine(title, xs, f, i) {
    const from = Math.min(...xs) / 3, to = Math.max(...xs) * 3, data = [];
    for (let k = 0; k <= 60; k++) { const x = from * Math.pow(to / from, k / 60); data.push({ x, y: f(x) }); }
    return { label: title, type: 'line', data, borderColor: i ? css('--dim') : css('--fg'), borderDash: i ? [6, 4] : [], borderWidth: 1.5, pointRadius: 0, pointStyle: 'line' };
}

function typedPoints(rows, of, errors) {
    return [...new Set(rows.map((r) => r.type || ''))].map((t) => {
        const some = rows.filter((r) => (r.type || '') === t);
        return { label: t || '(no type)', backgroundColor: colorOf(t), data: some.map(of), errors: errors ? some.map(errors) : undefined };
    });
}

function rooflines(s, run) {
    const rows = rowsOf(run, 'layer').filter((l) => l.type !== 'roof' && l.work && l.work.ops_per_s && l.work.ops_per_byte);
    if (rows.length < 2) return;
    const roofs = roofsFor(erg.doc, run), xs = rows.map((l) => l.work.ops_per_byte);
    const ys = (sets) => sets.flatMap((d) => d.data.filter((p) => p.x >= Math.min(...xs) / 2 && p.x <= Math.max(...xs) * 2).map((p) => p.y));
    const tip = (unit) => ({ tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.y, unit) + ' at ' + num(c.raw.x) + ' op/byte' } } });
    s.append(el('h3', {}, 'Roofline'), el('p', { class: 'note' }, 'Operations are two for each multiply-accumulate; bytes are those of inputs, outputs and parameters, each once. Roofs: ' +
        (roofs.from || 'none (a run of erg-record calibrate --roofs, or --roofs of erg-analyze report)') + '.'));
    const pair = el('div', { class: 'pair' });
    s.append(pair);
    const time = typedPoints(rows, (l) => ({ x: l.work.ops_per_byte, y: l.work.ops_per_s, name: l.name }));
    if (roofs.ops && roofs.bytes) time.push(roofLine('roof: ' + num(roofs.ops, 'op/s') + ', ' + num(roofs.bytes, 'B/s'), xs, (x) => Math.min(roofs.ops, x * roofs.bytes), 0));
    chart(pair, 'roofline', 360, { type: 'scatter', data: { datasets: time }, options: { plugins: tip('op/s'),
        scales: { x: LOG('arithmetic intensity, op/byte', xs), y: LOG('op/s', ys(time)) } } });
    const priced = rows.filter((l) => resolved(l.work.per_op_j));
    if (!priced.length) return;
    const energy = typedPoints(priced, (l) => ({ x: l.work.ops_per_byte, y: l.work.per_op_j.value, name: l.name }), (l) => ends(l.work.per_op_j));
    if (roofs.op && roofs.byte) energy.push(roofLine('roof: ' + num(roofs.op.value, 'J') + '/op + ' + num(roofs.byte.value, 'J') + '/byte', xs,
        (x) => roofs.op.value + roofs.byte.value / x, 0));
    chart(pair, 'energy roofline', 360, { type: 'scatter', data: { datasets: energy }, options: { plugins: tip('J'),
        scales: { x: LOG('arithmetic intensity, op/byte', xs), y: LOG('energy of an operation (whiskers: 95 %)', ys(energy), 'J') } } });
    workTable(s, rows);
}

function workTable(s, rows) {
    const w = (l, key) => l.work[key], est = (l, key) => (w(l, key) ? estimateCell(w(l, key), 'J') : '–'), value = (e) => e && e.value;
    const box = el('details', {}, el('summary', {}, 'Work and its price: ' + rows.length + ' layers'));
    s.append(box);
    box.addEventListener('toggle', () => table(box, 'Work of each layer; ± is half of the 95 % interval', [
        { title: 'layer', text: true, value: (l) => l.name, cell: (l) => l.name },
        { title: 'op/s', value: (l) => w(l, 'ops_per_s'), cell: (l) => num(w(l, 'ops_per_s'), 'op/s') },
        { title: 'bandwidth', value: (l) => w(l, 'bytes_per_s'), cell: (l) => num(w(l, 'bytes_per_s'), 'B/s') },
        { title: 'op/byte', value: (l) => w(l, 'ops_per_byte'), cell: (l) => num(w(l, 'ops_per_byte')) },
        { title: 'per operation', value: (l) => value(w(l, 'per_op_j')), cell: (l) => est(l, 'per_op_j') },
        { title: 'per byte', value: (l) => value(w(l, 'per_byte_j')), cell: (l) => est(l, 'per_byte_j') },
    ], rows, null), { once: true });
}

// Shares of the inference, where layers are grouped by type or block.
function shareBars(parent, rows, what) {
    const some = rows.filter((r) => resolved(r.share_of_layers));
    if (some.length < 2) return;
    bars(parent, what, 'of the energy of all layers, %', some, (r) => percentOf(r.share_of_layers), (r) => colorOf(r.type || r.name));
}

// ---- models ----

function modelTitle(m) {
    return Object.entries(m.of || {}).map(([k, v]) => k + ' ' + v).join(', ');
}

// Measured against predicted, a point a layer, by models that had not seen its network.
function layerScatter(s, m, unit) {
    const points = (m.points || []).filter((p) => p.measured !== null && p.predicted !== null);
    if (points.length < 3) return;
    const groups = [...new Set(points.map((p) => p.group))], top = Math.max(...points.flatMap((p) => [p.measured, p.predicted]));
    const t = 1.96;
    chart(s, 'each layer, measured against predicted' + (m.of ? ', ' + modelTitle(m) : ''), 340, { type: 'scatter', data: { datasets: groups.map((g, i) => {
        const some = points.filter((p) => p.group === g);
        return { label: g, backgroundColor: shade(i), pointRadius: 3, data: some.map((p) => ({ x: p.measured, y: p.predicted, name: p.label })),
            errorsX: some.map((p) => (p.se > 0 ? [p.measured - t * p.se, p.measured + t * p.se] : null)) };
    }).concat([{ label: 'equal', type: 'line', pointRadius: 0, pointStyle: 'line', borderColor: css('--dim'), data: [{ x: 0, y: 0 }, { x: top, y: top }] }]) },
    options: { plugins: { tooltip: { callbacks: { label: (c) => (c.raw.name || '') + ' ' + num(c.raw.x, unit) + ' → ' + num(c.raw.y, unit) } } },
        scales: { x: { title: { display: true, text: 'measured, ' + unit } }, y: { title: { display: true, text: 'predicted, ' + unit } } } } });
}

// y = c x, y = c x + d x² and a constant, of the coefficients of one input.
function curveOf(stage, input) {
    const c = stage.coefficients, v = (k) => (c[k] ? c[k].value : 0);
    return (x) => v('intercept') + v(input) * x + v(input + '^2') * x * x;
}

// "energy_j" as people say it, with its unit.
const quantityName = (name, unit) => (/_j$/.test(name) ? name.replace(/_j$/, '').replace(/_/g, ' ') + ', ' + (unit || 'J') :
    name === 'macs' ? 'multiply-accumulates (MACs)' : name);

// One step of a chain: what predicts what.
function stageChart(s, m, stage, unit) {
    const inputs = Object.keys(stage.coefficients).filter((k) => k !== 'intercept' && !/[\^*]/.test(k));
    for (const input of inputs) {
        const points = (m.points || []).filter((p) => p.values && Number.isFinite(p.values[input]) && Number.isFinite(p.values[stage.response]));
        if (points.length < 3) continue;
        const groups = [...new Set(points.map((p) => p.group))], top = Math.max(...points.map((p) => p.values[input]));
        const line = inputs.length === 1 ? [{ label: 'fit', type: 'line', pointRadius: 0, pointStyle: 'line', borderColor: css('--fg'),
            data: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((f) => ({ x: f * top, y: curveOf(stage, input)(f * top) })) }] : [];
        chart(s, input + ' against ' + stage.response + (m.of ? ', ' + modelTitle(m) : ''), 280, { type: 'scatter', data: { datasets: groups.map((g, i) => ({ label: g,
            backgroundColor: shade(i), pointRadius: 3, data: points.filter((p) => p.group === g).map((p) => ({ x: p.values[input], y: p.values[stage.response], name: p.label })),
            errors: points.filter((p) => p.group === g).map((p) => (stage.response === (m.response || {}).name && p.se > 0 ? [p.measured - 1.96 * p.se, p.measured + 1.96 * p.se] : null)) })).concat(line) },
        options: { plugins: { legend: { display: groups.length <= 10 }, tooltip: { callbacks: { label: (c) => (c.raw.name || '') + ' ' + num(c.raw.x) + ' → ' + num(c.raw.y, stage.response === 'energy_j' ? unit : '') } } },
            scales: { x: { beginAtZero: true, ticks: ticksTo(top, ''), title: { display: true, text: quantityName(input, unit) } },
                y: { beginAtZero: true, ticks: ticksTo(Math.max(...points.map((p) => p.values[stage.response])), ''), title: { display: true, text: quantityName(stage.response, unit) } } } } });
    }
}

// The models that were compared, linear and polynomial, by counters, by MACs and by the chain.
function modelBars(s, m) {
    const rows = (m.models || []).filter((x) => Number.isFinite(x.mean_rel_error)).map((x) => ({ name: x.title + (x.best ? ' (best)' : ''),
        error: { value: 100 * x.mean_rel_error, lo: Number.isFinite(x.sd_rel_error) ? 100 * Math.max(0, x.mean_rel_error - x.sd_rel_error) : null,
            hi: Number.isFinite(x.sd_rel_error) ? 100 * (x.mean_rel_error + x.sd_rel_error) : null } }));
    if (rows.length > 1) errorBars(s, 'error of each model', 'mean error of a network left out, %', rows);
}

// Their whiskers are standard deviations, and say so.
function errorBars(s, title, what, rows) {
    chart(s, title, Math.max(140, rows.length * 24 + 80), { type: 'bar', data: { labels: rows.map((r) => r.name), datasets: [{ label: what,
        data: rows.map((r) => r.error.value), errors: rows.map((r) => ends(r.error)), backgroundColor: css('--bar') }] },
    options: { indexAxis: 'y', plugins: { legend: { display: false } }, scales: { x: { beginAtZero: true, title: { display: true, text: what + ' (whiskers: standard deviation)' } } } } });
}

function modelDetails(s, m, unit) {
    modelBars(s, m);
    const pair = el('div', { class: 'pair' });
    s.append(pair);
    layerScatter(pair, m, unit);
    const chain = (m.stages || []).length > 1 ? m.stages : ((m.models || []).find((x) => (x.stages || []).length > 1) || {}).stages || m.stages || [];
    for (const stage of chain) stageChart(pair, m, stage, unit);
    macsChart(pair, m, unit);
}

// Energy against MACs, with the lines of all models that know nothing else.
function macsChart(s, m, unit) {
    const response = (m.response || {}).name, points = (m.points || []).filter((p) => p.values && p.values.macs > 0 && Number.isFinite(p.values[response]));
    const terms = (x) => Object.keys(x.stages[0].coefficients);
    const lines = (m.models || []).filter((x) => (x.stages || []).length === 1 && terms(x).every((k) => /^(macs(\^2)?|intercept)$/.test(k)));
    if (points.length < 3 || !lines.length) return;
    const groups = [...new Set(points.map((p) => p.group))], top = Math.max(...points.map((p) => p.values.macs));
    chart(s, 'MACs against ' + response + (m.of ? ', ' + modelTitle(m) : ''), 280, { type: 'scatter', data: { datasets: groups.map((g, i) => ({ label: g,
        backgroundColor: shade(i), pointRadius: 3, data: points.filter((p) => p.group === g).map((p) => ({ x: p.values.macs, y: p.values[response], name: p.label })),
        errors: points.filter((p) => p.group === g).map((p) => (p.se > 0 ? [p.measured - 1.96 * p.se, p.measured + 1.96 * p.se] : null)) })).concat(lines.map((x, i) => ({
        label: terms(x).includes('macs^2') ? 'polynomial' : 'linear', type: 'line', pointRadius: 0, pointStyle: 'line', borderColor: css('--fg'), borderDash: DASHES[i % DASHES.length],
        data: Array.from({ length: 21 }, (_, k) => ({ x: top * k / 20, y: curveOf(x.stages[0], 'macs')(top * k / 20) })) }))) },
    options: { plugins: { legend: { display: groups.length <= 10 } }, scales: { x: { beginAtZero: true, title: { display: true, text: quantityName('macs') }, ticks: { callback: (v) => short(v) } },
        y: { beginAtZero: true, title: { display: true, text: quantityName(response, unit) } } } } });
}

// Two libraries or platforms beside each other: what an operation and an access cost, and how well the
// model predicts.
function modelsSection(parent, models) {
    const some = (models || []).filter((m) => m.of && m.cv);
    if (some.length < 2) return;
    const s = section(parent, 'models', 'Models side by side');
    const terms = [...new Set(some.flatMap((m) => Object.keys(m.coefficients || {})))];
    const unit = (e) => (e.unit || '').replace(/ per /g, '/').replace(/ /g, '·');
    const shown = (m, t) => (t === 'error' ? (100 * m.cv.mean_rel_error).toPrecision(3) + ' ±' + (100 * m.cv.sd_rel_error).toPrecision(2) + ' %' :
        t === 'model' ? m.title : m.coefficients[t] ? estimateCell(m.coefficients[t], unit(m.coefficients[t])) : '–');
    table(s, 'Each model is fitted to its own runs; ± is half of the 95 % interval', [{ title: '', text: true, value: (t) => t, cell: (t) => t },
        ...some.map((m) => ({ title: modelTitle(m), value: (t) => (m.coefficients[t] || {}).value, cell: (t) => shown(m, t) }))], ['model', ...terms, 'error'], null);
    const pair = el('div', { class: 'pair' }), both = (t) => some.filter((m) => m.coefficients[t]);
    s.append(pair);
    for (const t of terms.filter((t) => both(t).length > 1)) bars(pair, t + ' of each model', 'cost of one ' + t + ', ' + unit(some[0].coefficients[t] || {}).replace(/\/.*/, ''),
        both(t).map((m) => ({ name: modelTitle(m), e: m.coefficients[t] })), (r) => r.e, () => css('--bar'));
}

function predictionSection(parent, list) {
    for (const [n, p] of (list || []).entries()) {
        const unit = (p.response && p.response.unit) || '', title = modelTitle(p);
        const s = section(parent, 'prediction' + n, 'Predicted from the description alone' + (title ? ': ' + title : ''),
            'Networks of which no run was made; the intervals are those of a prediction. Model: ' + p.title + '.');
        warnings(s, saying(p.simulated, p.warnings));
        const rows = p.totals.map((t) => ({ name: t.group + (t.extrapolates ? ' (outside what was fitted)' : ''), e: t.predicted }));
        bars(s, 'predicted energy of networks', 'energy of an inference, ' + unit, rows, (r) => r.e, () => css('--bar'));
        for (const t of p.totals) {
            const layers = p.predictions.filter((r) => r.group === t.group);
            s.append(el('h3', {}, t.group + ', layer by layer'));
            bars(s, 'predicted energy of the layers of ' + t.group, 'energy of a call, ' + unit, layers.map((r) => ({ name: r.label, e: r.predicted })), (r) => r.e, () => css('--bar'));
        }
    }
}
