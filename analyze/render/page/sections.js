// The sections of one run, and the page; a part of the document that is absent has no section.
'use strict';

function figures(run) {
    const t = run.totals || {};
    const plain = (title, v, unit) => v === null || v === undefined ? null : figure(title, num(v, unit, 4));
    return el('div', { class: 'figures' },
        t.ets_j && estimateFigure('Energy to solution (ETS)' + (t.rail && t.rail !== 'none' ? ', ' + t.rail : ''), t.ets_j, 'J'),
        t.edp_js && estimateFigure('EDP = ETS · T', t.edp_js, 'J·s'),
        plain('Time', t.time_s, 's'), plain('Mean power', t.mean_w, 'W'), plain('Peak power', t.peak_w, 'W'),
        phaseFigures(run),
        t.coverage === undefined ? null : figure('Time observed by the sensor', (100 * t.coverage).toFixed(1) + ' %',
            t.lost_events ? t.lost_events + ' events lost' : 'no events lost'));
}

// Setup and inference apart.
function phaseFigures(run) {
    const rows = rowsOf(run, 'phase');
    return rows.length < 2 || rows.length > 6 ? null : rows.map((p) => {
        const f = estimateFigure('Phase ' + p.name, p.energy_j, 'J');
        f.append(el('span', {}, ' in ' + num(p.time_s && p.time_s.value, 's', 4)));
        return f;
    });
}

// "0.42 % (0.31 … 1.9 %)", and what is known where that is less.
function share(e) {
    const pct = (v) => Number((100 * v).toPrecision(3)) + ' %';
    const known = (v) => v !== null && v !== undefined;
    if (resolved(e)) return pct(e.value) + (e.lo < e.hi ? ' (' + pct(e.lo) + ' … ' + pct(e.hi) + ')' : '');
    return known(e.hi) ? 'at most ' + pct(e.hi) : e.lo ? 'at least ' + pct(e.lo) : 'an unknown part';
}

// The recorder on itself, as facts; undefined in results that were computed before.
function recorderFacts(r) {
    if (r === undefined) return [];
    if (r === null) return [['Recorder', 'its share of time and energy was not recorded']];
    return [["Recorder's share of the time", share(r.time_share) + ': events in the threads ' +
            share(r.time_share_threads) + ', beside them ' + share(r.time_share_beside)],
        ["Recorder's share of the energy", r.rail === null ? 'no power was read' :
            share(r.energy_share) + ' of ' + r.rail + (r.simulated ? ' (simulated)' : '')]];
}

function trustSection(parent, run, n) {
    const s = section(parent, 'trust' + n, 'What was recorded, and how far to trust it');
    warnings(s, saying(false, run.warnings)); // that is said above
    const facts = (run.facts || []).concat(label(run.factors) ? [['Factors', label(run.factors)]] : [], recorderFacts(run.recorder));
    s.append(el('dl', { class: 'facts' }, facts.map(([k, v]) => [el('dt', {}, k), el('dd', {}, v)])));
}

function rowsOf(run, by) {
    return (run.by && run.by[by]) || [];
}

function layerBars(parent, run, by) {
    const rows = rowsOf(run, by), hidden = rows.filter((r) => !resolved(r.energy_j)).length;
    const types = [...new Set(rows.map((r) => r.type || r.name))];
    if (types.length > 1 && types.length < rows.length) parent.append(legend(types.map((t) => [t, colorOf(t)])));
    if (hidden) parent.append(el('p', { class: 'note' }, hidden === rows.length ?
        'No energy could be resolved at this level.' :
        'The energy of ' + hidden + ' of ' + rows.length + ' rows is not resolved: they have no bar.'));
    const pair = el('div', { class: 'pair' });
    parent.append(pair);
    const color = (r) => colorOf(r.type || r.name);
    if (hidden < rows.length) bars(pair, 'energy by ' + by, 'energy, J', rows, (r) => r.energy_j, color);
    bars(pair, 'time by ' + by, 'time, s', rows, (r) => r.time_s, color);
}

function layerTable(parent, run, by) {
    const cols = [
        { title: by, text: true, value: (r) => r.name, cell: (r) => r.merged_with && r.merged_with.length ?
            r.name + ' (with ' + [].concat(r.merged_with).join(', ') + ')' : r.name || '(unnamed)' },
        { title: 'type', text: true, value: (r) => r.type || '', cell: (r) => r.type || '' },
        { title: 'calls', value: (r) => r.calls, cell: (r) => r.calls === undefined ? '–' : String(r.calls) },
        { title: 'time', value: (r) => r.time_s && r.time_s.value, cell: (r) => estimateCell(r.time_s, 's') },
        { title: 'energy', value: (r) => r.energy_j && r.energy_j.value, cell: (r) => estimateCell(r.energy_j, 'J') },
        { title: 'power', value: (r) => r.power_w && r.power_w.value, cell: (r) => estimateCell(r.power_w, 'W') },
        { title: 'share', value: (r) => r.share && r.share.value,
            cell: (r) => resolved(r.share) ? (100 * r.share.value).toFixed(1) + ' %' : el('span', { class: 'unresolved' }, '–') },
        { title: 'MACs', value: (r) => r.macs, cell: (r) => r.macs ? num(r.macs) : '–' },
        { title: 'by', text: true, value: (r) => methodOf(r.energy_j), cell: (r) => methodOf(r.energy_j) },
    ];
    if (rowsOf(run, by).every((r) => !r.type)) cols.splice(1, 1);
    table(parent, 'Energy by ' + by + '; ± is half of the 95 % interval', cols, rowsOf(run, by),
        (r) => [r.name, r.type, r.module, r.network].join(' '));
}

function scatter(parent, run) {
    const rows = rowsOf(run, 'layer').filter((r) => resolved(r.energy_j) && resolved(r.time_s));
    if (rows.length < 2) return;
    const types = [...new Set(rows.map((r) => r.type || ''))];
    parent.append(el('h3', {}, 'Energy against time'));
    chart(parent, 'energy against time of each layer', 320, { type: 'scatter',
        data: { datasets: types.map((t) => {
            const some = rows.filter((r) => (r.type || '') === t);
            return { label: t || '(no type)', backgroundColor: colorOf(t),
                data: some.map((r) => ({ x: r.time_s.value, y: r.energy_j.value, name: r.name })),
                errors: some.map((r) => [r.energy_j.lo, r.energy_j.hi]) };
        }) },
        options: { plugins: { tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.y, 'J') + ' in ' + num(c.raw.x, 's') } } },
            scales: { x: { beginAtZero: true, title: { display: true, text: 'time, s' } },
                y: { beginAtZero: true, title: { display: true, text: 'energy, J' } } } } });
}

function layersSection(parent, run, n) {
    const kinds = ['layer', 'module', 'type', 'block', 'network', 'phase'].filter((k) => rowsOf(run, k).length &&
        (k !== 'block' || namesOf(run, k) !== namesOf(run, 'type')));
    if (run.rows_left_out) parent.append(el('p', { class: 'note' }, 'The ' + run.rows_left_out + ' rows of its layers are left out of the page; its document has them.'));
    if (!kinds.length) return;
    const s = section(parent, 'layers' + n, 'Energy and time by layer');
    const area = el('div');
    const show = (k) => {
        buttons.forEach((b, i) => b.setAttribute('aria-pressed', String(kinds[i] === k)));
        drop(area);
        layerBars(area, run, k);
        if (k === 'type' || k === 'block' || k === 'module') shareBars(area, rowsOf(run, k), 'share of the inference by ' + k);
        layerTable(area, run, k);
        if (k === 'layer') scatter(area, run);
        if (k === 'layer') rooflines(area, run);
    };
    const buttons = kinds.map((k) => el('button', { type: 'button', onclick: () => show(k) }, 'by ' + k));
    s.append(el('div', { class: 'tools', role: 'group', 'aria-label': 'level' }, buttons), area);
    show(kinds[0]);
}

// Energy of a unit of work: a box for each phase, and for tokens a chart against the context.
function workSection(parent, run, n) {
    const w = run.work;
    if (!w) return;
    const s = section(parent, 'work' + n, 'Energy per ' + w.unit);
    const rows = w.rows.filter((r) => r.per && r.per.count);
    s.append(el('div', { class: 'figures' }, rows.map((r) => {
        const f = estimateFigure(r.name, r.per.energy_j, 'J');
        f.append(el('span', {}, '; ' + num(r.per.count) + ' ' + w.unit + 's' +
            (r.per.rate_per_s ? ', ' + num(r.per.rate_per_s, '', 4) + ' a second' : '')));
        return f;
    }), w.first_token && w.first_token.n ? figure('time to the first token (median)', num(w.first_token.median_s, 's', 4),
        '90 % below ' + num(w.first_token.p90_s, 's') + ', ' + w.first_token.n + ' requests') : null));
    (w.context || []).forEach((c) => contextChart(s, c));
}

function contextChart(s, c) {
    const points = c.points.filter((p) => resolved(p.energy_j));
    const line = resolved(c.per_context_j) && resolved(c.at_zero_j);
    if (!points.length && !line) return;
    s.append(el('h3', {}, 'Energy of a ' + c.unit + ' of ' + c.phase + ' against the context behind it'));
    const at = (x) => ({ x, y: c.at_zero_j.value + x * c.per_context_j.value });
    const ends = [c.points[0].context, c.points[c.points.length - 1].context];
    const label = 'energy per ' + c.unit + ' against context';
    chart(s, label, 300, { type: 'scatter', data: { datasets: [
        { label: c.unit, backgroundColor: PALETTE[0], data: points.map((p) => ({ x: p.context, y: p.energy_j.value })),
            errors: points.map((p) => [p.energy_j.lo, p.energy_j.hi]) }].concat(line ? [
        { label: 'fit', type: 'line', borderColor: PALETTE[1], backgroundColor: PALETTE[1], pointRadius: 0, data: ends.map(at) }] : []) },
        options: { scales: { x: { title: { display: true, text: 'context, tokens' } },
            y: { title: { display: true, text: 'energy per ' + c.unit + ', J (whiskers: 95 %)' } } } } });
    if (line) s.append(el('p', { class: 'note' }, num(c.at_zero_j.value, 'J') + ' (' + (interval(c.at_zero_j, 'J') || '–') + ') and ' +
        num(c.per_context_j.value, 'J') + ' (' + (interval(c.per_context_j, 'J') || '–') + ') more for each token of context.'));
}

const MANY_LINKS = 60;

// Links to what the page holds, beneath its heading; a link opens the run that it leads to.
function contents(main, runs) {
    const go = (node, text) => el('li', {}, el('a', { href: '#' + node.id, onclick: () => { if (node.tagName === 'DETAILS') node.open = true; } }, text));
    const items = [...main.querySelectorAll(':scope > section > h2')].map((h) => go(h, h.textContent));
    const folds = [...main.querySelectorAll('details[id^=run]')];
    if (items.length + folds.length < 3) return;
    const list = el('ul', {}, items, folds.slice(0, MANY_LINKS).map((d, n) => go(d, runs[n].title)),
        folds.length > MANY_LINKS ? el('li', {}, 'and ' + (folds.length - MANY_LINKS) + ' more runs') : null);
    main.querySelector('h1').after(el('nav', { 'aria-label': 'Contents' },
        el('details', items.length + folds.length <= 12 ? { open: '' } : {}, el('summary', {}, 'Contents'), list)));
}

// Repetitions of a setting lie in one fold; a run that has none, on the page itself.
function folderOf(main, folders, run) {
    if (!run.group) return main;
    if (!folders.has(run.group)) {
        const fold = el('details', folders.size && folders.many ? { class: 'setting' } : { open: '', class: 'setting' }, el('summary', {}, el('b', {}, run.group)));
        main.append(fold);
        folders.set(run.group, fold);
    }
    return folders.get(run.group);
}

function render() {
    const doc = erg.doc, main = document.getElementById('main');
    main.append(el('h1', {}, doc.title || 'ergtrace report'));
    document.title = doc.title || 'ergtrace report';
    const runs = doc.runs || [], simulated = runs.filter((r) => r.simulated).length;
    const some = simulated > 0 && simulated < runs.length;
    const all = !some && ((doc.warnings || []).some(isSimulated) || (simulated && runs.length > 1));
    warnings(main, saying(all, doc.warnings));
    if (some) main.append(el('p', { class: 'warning' },
        'Power of ' + simulated + ' of ' + runs.length + ' runs is simulated: it comes from a model, not from a sensor.'));
    titleRuns(doc.runs || []);
    networkSection(main, doc);
    sweepSection(main, doc.sweep);
    if (!doc.models) spentSection(main, doc);
    combinationSection(main, doc.corun);
    corunSection(main, doc.corun);
    traceSection(main, doc);
    thermalSection(main, doc.thermal);
    modelsSection(main, doc.models);
    (doc.models || []).forEach((model, n) => modelSection(main, model, n));
    predictionSection(main, doc.predictions);
    if (doc.models) spentSection(main, doc);
    compareSection(main, doc.runs || []);
    const folders = new Map(); // of a setting with repetitions
    folders.many = (doc.runs || []).length > FEW_RUNS;
    (doc.runs || []).forEach((run, n) => {
        const holder = doc.runs.length > 1 ? el('details', n ? {} : { open: '' }, el('summary', {}, el('b', {}, run.title))) : main;
        if (holder !== main) {
            folderOf(main, folders, run).append(holder);
            holder.id = 'run' + n;
            if (run.title !== run.name) holder.append(el('p', { class: 'note' }, run.name));
        }
        const draw = () => {
            warnings(holder, saying(run.simulated));
            holder.append(figures(run));
            workSection(holder, run, n);
            timelineSection(holder, run, n);
            layersSection(holder, run, n);
            trustSection(holder, run, n);
        };
        if (holder === main) draw();
        else if (n === 0) whenNear(holder, draw);
        else holder.addEventListener('toggle', draw, { once: true });
    });
    contents(main, doc.runs || []);
    main.append(el('p', { class: 'note' }, 'Made by ' + doc.tool.name + ' ' + doc.tool.version + '.'));
    requestAnimationFrame(() => { erg.drawn_ms = performance.now(); erg.ready = true; });
}

render();
