// The sections of the report, each from one part of the document; a part that is absent has none.
'use strict';

function figures(run) {
    const t = run.totals || {};
    const box = (label, e, unit) => !e ? null : el('div', { class: 'figure' }, el('span', {}, label),
        el('b', {}, resolved(e) ? num(e.value, unit, 4) : 'unresolved'),
        el('span', {}, resolved(e) && interval(e, unit) ? '95 %: ' + interval(e, unit) : e.method || ''));
    const plain = (label, v, unit) => v === null || v === undefined ? null : el('div', { class: 'figure' },
        el('span', {}, label), el('b', {}, num(v, unit, 4)));
    return el('div', { class: 'figures' },
        box('Energy to solution (ETS)' + (t.rail ? ', ' + t.rail : ''), t.ets_j, 'J'), box('EDP = ETS · T', t.edp_js, 'J·s'),
        plain('Time', t.time_s, 's'), plain('Mean power', t.mean_w, 'W'), plain('Peak power', t.peak_w, 'W'),
        t.coverage === undefined ? null : el('div', { class: 'figure' }, el('span', {}, 'Time observed by the sensor'),
            el('b', {}, (100 * t.coverage).toFixed(1) + ' %'),
            el('span', {}, t.lost_events ? t.lost_events + ' events lost' : 'no events lost')));
}

function trustSection(parent, run, n) {
    const s = section(parent, 'trust' + n, 'What was recorded, and how far to trust it');
    for (const w of run.warnings || []) s.append(el('p', { class: 'warning' }, w.text));
    s.append(el('dl', { class: 'facts' }, (run.facts || []).map(([k, v]) => [el('dt', {}, k), el('dd', {}, v)])));
}

function rowsOf(run, by) {
    return (run.by && run.by[by]) || [];
}

function layerBars(parent, run, by) {
    const rows = rowsOf(run, by).filter((r) => resolved(r.energy_j));
    if (!rows.length) {
        parent.append(el('p', { class: 'note' }, 'No energy could be resolved at this level.'));
        return;
    }
    const height = Math.max(140, rows.length * 20 + 70);
    chart(parent, 'energy by ' + by, height, { type: 'bar',
        data: { labels: rows.map((r) => r.name || '(unnamed)'), datasets: [{ label: 'energy, J',
            data: rows.map((r) => r.energy_j.value), errors: rows.map((r) => [r.energy_j.lo, r.energy_j.hi]),
            backgroundColor: rows.map((r) => colorOf(r.type || r.name)) }] },
        options: { indexAxis: 'y', plugins: { legend: { display: false }, tooltip: { callbacks: {
            label: (c) => num(c.raw, 'J') + ' (' + (interval(rows[c.dataIndex].energy_j, 'J') || 'no interval') + '), ' +
                num(rows[c.dataIndex].time_s && rows[c.dataIndex].time_s.value, 's') } } },
        scales: { x: { title: { display: true, text: 'energy, J (whiskers: 95 %)' } }, y: { ticks: { autoSkip: false } } } } });
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
        { title: 'method', text: true, value: (r) => r.energy_j && r.energy_j.method, cell: (r) => (r.energy_j && r.energy_j.method) || '' },
    ];
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
            scales: { x: { title: { display: true, text: 'time, s' } }, y: { title: { display: true, text: 'energy, J' } } } } });
}

function layersSection(parent, run, n) {
    const kinds = ['layer', 'module', 'type', 'network', 'phase'].filter((k) => rowsOf(run, k).length);
    if (!kinds.length) return;
    const s = section(parent, 'layers' + n, 'Energy and time by layer');
    const area = el('div');
    const show = (k) => {
        buttons.forEach((b, i) => b.setAttribute('aria-pressed', String(kinds[i] === k)));
        erg.charts.filter((c) => c.canvas && area.contains(c.canvas)).forEach((c) => c.destroy());
        erg.charts = erg.charts.filter((c) => !(c.canvas === null));
        area.replaceChildren();
        layerBars(area, run, k);
        layerTable(area, run, k);
        if (k === 'layer') scatter(area, run);
    };
    const buttons = kinds.map((k) => el('button', { type: 'button', onclick: () => show(k) }, 'by ' + k));
    s.append(el('div', { class: 'tools', role: 'group', 'aria-label': 'level' }, buttons), area);
    show(kinds[0]);
}

function compareSection(parent, runs) {
    if (runs.length < 2) return;
    const s = section(parent, 'runs', 'Runs side by side');
    const tags = [...new Set(runs.flatMap((r) => Object.keys(Object.assign({}, r.factors, r.tags))))];
    table(s, 'All runs', [
        { title: 'run', text: true, value: (r) => r.name, cell: (r) => r.name },
        { title: 'energy', value: (r) => r.totals && r.totals.ets_j && r.totals.ets_j.value, cell: (r) => estimateCell(r.totals && r.totals.ets_j, 'J') },
        { title: 'time', value: (r) => r.totals && r.totals.time_s, cell: (r) => num(r.totals && r.totals.time_s, 's') },
        { title: 'EDP', value: (r) => r.totals && r.totals.edp_js && r.totals.edp_js.value, cell: (r) => estimateCell(r.totals && r.totals.edp_js, 'J·s') },
        ...tags.map((k) => ({ title: k, text: true, value: (r) => String(Object.assign({}, r.factors, r.tags)[k] ?? ''),
            cell: (r) => String(Object.assign({}, r.factors, r.tags)[k] ?? '') })),
    ], runs, (r) => r.name);
    const ok = runs.filter((r) => r.totals && resolved(r.totals.ets_j));
    if (ok.length > 1) chart(s, 'energy of each run', Math.max(160, ok.length * 24 + 70), { type: 'bar',
        data: { labels: ok.map((r) => r.name), datasets: [{ label: 'ETS, J', data: ok.map((r) => r.totals.ets_j.value),
            errors: ok.map((r) => [r.totals.ets_j.lo, r.totals.ets_j.hi]), backgroundColor: css('--bar') }] },
        options: { indexAxis: 'y', plugins: { legend: { display: false } }, scales: { x: { title: { display: true, text: 'ETS, J' } } } } });
    const acc = ok.filter((r) => r.tags && Number.isFinite(Number(r.tags.accuracy)));
    if (acc.length > 1) chart(s, 'accuracy against energy', 300, { type: 'scatter', data: { datasets: [{ label: 'networks',
        backgroundColor: css('--bar'), data: acc.map((r) => ({ x: r.totals.ets_j.value, y: Number(r.tags.accuracy), name: r.name })) }] },
    options: { plugins: { tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.x, 'J') + ', ' + c.raw.y } } },
        scales: { x: { title: { display: true, text: 'ETS, J' } }, y: { title: { display: true, text: 'accuracy' } } } } });
}

const label = (o) => Object.entries(o || {}).map(([k, v]) => k + '=' + v).join(' ');

function sweepSection(parent, sweep) {
    if (!sweep) return;
    const s = section(parent, 'sweep', 'Sweep: which setting costs less');
    for (const g of sweep.groups) {
        const factors = [...new Set(g.points.flatMap((p) => Object.keys(p.factors)))];
        const x = factors.find((f) => new Set(g.points.map((p) => p.factors[f])).size > 1 &&
            g.points.every((p) => Number.isFinite(Number(p.factors[f]))));
        s.append(el('h3', {}, label(g.group) || 'all runs'));
        if (x) for (const [key, unit, title] of [['ets_j', 'J', 'ETS'], ['edp_js', 'J·s', 'EDP']]) {
            const pts = g.points.filter((p) => resolved(p[key])).sort((a, b) => a.factors[x] - b.factors[x]);
            chart(s, title + ' against ' + x, 260, { type: 'line', data: { datasets: [{ label: title + ', ' + unit,
                data: pts.map((p) => ({ x: Number(p.factors[x]), y: p[key].value })), errors: pts.map((p) => [p[key].lo, p[key].hi]),
                borderColor: css('--bar'), backgroundColor: css('--bar') }] },
            options: { scales: { x: { type: 'linear', title: { display: true, text: x } }, y: { title: { display: true, text: title + ', ' + unit } } } } });
        }
        const front = (v) => g.points.filter((p) => p.pareto === v && resolved(p.ets_j) && resolved(p.time_s))
            .map((p) => ({ x: p.time_s.value, y: p.ets_j.value, name: label(p.factors) }));
        chart(s, 'Pareto front of energy and time', 280, { type: 'scatter', data: { datasets: [
            { label: 'Pareto front', data: front(true), backgroundColor: PALETTE[1], pointRadius: 5 },
            { label: 'dominated', data: front(false), backgroundColor: PALETTE[7] }] },
        options: { plugins: { tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.y, 'J') + ', ' + num(c.raw.x, 's') } } },
            scales: { x: { title: { display: true, text: 'time, s' } }, y: { title: { display: true, text: 'ETS, J' } } } } });
        table(s, 'Points', [
            { title: 'setting', text: true, value: (p) => label(p.factors), cell: (p) => label(p.factors) + (p.pareto ? ' ◆' : '') },
            { title: 'time', value: (p) => p.time_s.value, cell: (p) => estimateCell(p.time_s, 's') },
            { title: 'ETS', value: (p) => p.ets_j.value, cell: (p) => estimateCell(p.ets_j, 'J') },
            { title: 'EDP', value: (p) => p.edp_js.value, cell: (p) => estimateCell(p.edp_js, 'J·s') },
        ], g.points, (p) => label(p.factors));
    }
}

function corunSection(parent, corun) {
    if (!corun || !corun.matrix) return;
    const s = section(parent, 'corun', 'Co-runs: alone against together');
    const names = [...new Set(corun.matrix.flatMap((c) => [c.workload, c.partner]))];
    table(s, 'Slowdown of the row beside the column', [
        { title: 'workload', text: true, value: (n) => n, cell: (n) => n },
        ...names.map((p) => {
            const find = (n) => corun.matrix.find((c) => c.workload === n && c.partner === p);
            return { title: 'with ' + p, value: (n) => find(n) && find(n).slowdown && find(n).slowdown.value,
                cell: (n) => find(n) ? estimateCell(find(n).slowdown, '') : '–' };
        }),
    ], names, null);
}

function thermalSection(parent, thermal) {
    if (!thermal) return;
    const s = section(parent, 'thermal', 'Heat sink on and off: leakage');
    const fig = (t, e, u) => resolved(e) ? el('div', { class: 'figure' }, el('span', {}, t), el('b', {}, num(e.value, u)),
        el('span', {}, '95 %: ' + interval(e, u))) : el('div', { class: 'figure' }, el('span', {}, t), el('b', {}, 'unresolved'));
    s.append(el('div', { class: 'figures' }, fig('Leakage slope', thermal.leakage_w_per_k, 'W/K'), fig('Exponent β', thermal.beta_per_k, '1/K')));
    const pts = thermal.points || [];
    if (!pts.length) return;
    const set = (on) => pts.filter((p) => Boolean(p.heatsink) === on).map((p) => ({ x: p.temperature_degc, y: p.power_w }));
    const sets = [{ label: 'heat sink on', data: set(true), backgroundColor: PALETTE[0] },
        { label: 'heat sink off', data: set(false), backgroundColor: PALETTE[1] }];
    if (thermal.fit && thermal.fit.length) sets.push({ label: 'fit', type: 'line', pointRadius: 0, borderColor: css('--fg'),
        data: thermal.fit.map((p) => ({ x: p.temperature_degc, y: p.power_w })) });
    chart(s, 'power against temperature', 340, { type: 'scatter', data: { datasets: sets },
        options: { scales: { x: { title: { display: true, text: 'temperature, °C' } }, y: { title: { display: true, text: 'power, W' } } } } });
}

function modelSection(parent, model) {
    const folds = model && model.cv && model.cv.folds;
    if (!folds || !folds.length) return;
    const s = section(parent, 'model', 'Model: measured against predicted',
        'Each group was predicted by a model that had not seen it. Mean relative error ' +
        (100 * model.cv.mean_rel_error).toFixed(2) + ' % ± ' + (100 * model.cv.sd_rel_error).toFixed(2) + ' %.');
    const top = Math.max(...folds.flatMap((f) => [f.measured, f.predicted]));
    chart(s, 'measured against predicted', 340, { type: 'scatter', data: { datasets: [
        { label: 'groups', backgroundColor: css('--bar'), data: folds.map((f) => ({ x: f.measured, y: f.predicted, name: f.group })) },
        { label: 'equal', type: 'line', pointRadius: 0, borderColor: css('--dim'), data: [{ x: 0, y: 0 }, { x: top, y: top }] }] },
    options: { plugins: { tooltip: { callbacks: { label: (c) => (c.raw.name || '') + ' ' + num(c.raw.x) + ' → ' + num(c.raw.y) } } },
        scales: { x: { title: { display: true, text: 'measured' } }, y: { title: { display: true, text: 'predicted' } } } } });
}

function render() {
    const doc = erg.doc, main = document.getElementById('main');
    main.append(el('h1', {}, doc.title || 'ergtrace report'));
    document.title = doc.title || 'ergtrace report';
    for (const w of doc.warnings || []) main.append(el('p', { class: 'warning' }, w.text));
    compareSection(main, doc.runs || []);
    (doc.runs || []).forEach((run, n) => {
        const holder = doc.runs.length > 1 ? el('details', n ? {} : { open: '' }, el('summary', {}, el('b', {}, run.name))) : main;
        if (holder !== main) main.append(holder);
        const draw = () => {
            if (run.simulated) holder.append(el('p', { class: 'warning' },
                'Power is simulated: it comes from a model, not from a sensor.'));
            holder.append(figures(run));
            timelineSection(holder, run, n);
            layersSection(holder, run, n);
            trustSection(holder, run, n);
        };
        if (holder === main || n === 0) draw();
        else holder.addEventListener('toggle', draw, { once: true });
    });
    sweepSection(main, doc.sweep);
    corunSection(main, doc.corun);
    thermalSection(main, doc.thermal);
    modelSection(main, doc.model);
    main.append(el('p', { class: 'note' }, 'Made by ' + doc.tool.name + ' ' + doc.tool.version + '.'));
    erg.ready = true;
}

render();
