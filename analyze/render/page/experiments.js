// Sections of several runs: side by side, sweeps, co-runs, heat sink on and off, models.
'use strict';

// "cpufreq.frequency_khz" and "powercap.limit_w" carry their unit in their name.
const SUFFIXES = { khz: [1e3, 'Hz'], mhz: [1e6, 'Hz'], hz: [1, 'Hz'], mw: [1e-3, 'W'], w: [1, 'W'] };

// As people say them; what follows a name (a policy, a zone) is kept.
const SPOKEN = [[/^cpufreq(\.(.*))?\.frequency$/, 'CPU clock'], [/^devfreq(\.(.*))?\.frequency$/, 'GPU clock'],
    [/^powercap(\.(.*))?\.limit$/, 'power cap'], [/^nvml(\.(.*))?\.power_limit$/, 'GPU power cap'],
    [/^nvml(\.(.*))?\.graphics$/, 'GPU clock'], [/^()()cpus\.online$/, 'CPUs'], [/^()()fan\.pwm$/, 'fan'],
    [/^()()corun$/, 'beside'], [/^()()heatsink$/, 'heat sink']];

function spoken(title) {
    for (const [pattern, say] of SPOKEN) {
        const m = pattern.exec(title);
        if (m) return say + (m[2] && !/^(gpu|.*\.gpu)$/.test(m[2]) ? ' (' + m[2] + ')' : '');
    }
    return title;
}

function factor(name) {
    if (name === 'ambient_c') return { title: 'ambient', scale: 1, unit: '°C' };
    const m = /^(.*)_(khz|mhz|hz|mw|w)$/.exec(name);
    return m ? { title: spoken(m[1]), scale: SUFFIXES[m[2]][0], unit: SUFFIXES[m[2]][1] } :
        { title: spoken(name), scale: 1, unit: '' };
}

function levelText(name, value) {
    const f = factor(name), number = f.unit && value !== '' && Number.isFinite(Number(value));
    return name === 'corun' && value === 'none' ? 'alone' : number ? short(value * f.scale, f.unit) : String(value);
}

function setting(name, value) {
    const level = levelText(name, value);
    return level === 'alone' ? level : factor(name).title + ' ' + level;
}

// {"a": 1, "b_w": 2} as "a 1, b 2 W", without the names in BUT.
const label = (o, ...but) => Object.entries(o || {}).filter(([k]) => !but.includes(k)).map(([k, v]) => setting(k, v)).join(', ');

// The same of what groups runs: a workload is called by its name.
const groupTitle = (o) => Object.entries(o || {}).map(([k, v]) => (k === 'workload' ? String(v) : setting(k, v))).join(', ');

// What tells runs apart: the workload, then the factors that differ; repetitions are counted.
function titleRuns(runs) {
    const keys = [...new Set(runs.flatMap((r) => Object.keys(r.factors || {})))].filter((k) =>
        runs.some((r) => (r.factors || {})[k] !== (runs[0].factors || {})[k]));
    const workload = (r) => (r.tags || {}).workload || (r.factors || {}).workload || '';
    const value = (r, k) => (r.factors || {})[k];
    const several = new Set(runs.map(workload)).size > 1 && runs.every((r) => (r.tags || {}).workload);
    if (keys.length || several) {
        const order = (a, b) => { // numbers by value, all else by text
            const [x, y] = [Number(a), Number(b)];
            return Number.isFinite(x) && Number.isFinite(y) ? x - y : String(a).localeCompare(String(b));
        };
        runs.sort((a, b) => order(workload(a), workload(b)) || keys.reduce((d, k) => d || order(value(a, k), value(b, k)), 0));
    }
    const seen = new Map();
    for (const r of runs) {
        const at = [workload(r), ...keys.filter((k) => value(r, k) !== undefined && k !== 'workload').map((k) => setting(k, value(r, k)))];
        r.title = keys.length || several ? at.filter((t) => t).join(', ') : r.name;
        r.repetition = (seen.get(r.title) || 0) + 1;
        seen.set(r.title, r.repetition);
    }
    for (const r of runs) if ((keys.length || several) && seen.get(r.title) > 1) {
        r.group = r.title + ' (' + seen.get(r.title) + ' runs)';
        r.title += ', run ' + r.repetition;
    }
}

const FEW_RUNS = 12;

function compareSection(parent, runs) {
    if (runs.length < 2) return;
    const s = section(parent, 'runs', 'Runs side by side');
    if (runs.length <= FEW_RUNS) return compareRuns(s, runs);
    const all = el('details', {}, el('summary', {}, 'All ' + runs.length + ' runs'));
    all.addEventListener('toggle', () => compareRuns(all, runs), { once: true });
    s.append(all);
}

function compareRuns(s, runs) {
    const marks = (r) => Object.assign({}, r.factors, r.tags);
    const value = (r, k) => marks(r)[k] ?? '', all = [...new Set(runs.flatMap((r) => Object.keys(marks(r))))];
    const tags = all.filter((k) => runs.some((r) => value(r, k) !== value(runs[0], k)));
    const same = all.filter((k) => !tags.includes(k)).map((k) => setting(k, value(runs[0], k)));
    const total = (r, key) => r.totals && r.totals[key];
    // Where some runs are a model's and some are not, each says it.
    const mixed = runs.some((r) => r.simulated) && !runs.every((r) => r.simulated);
    const titleOf = (r) => r.title + (mixed && r.simulated ? ' (simulated)' : '');
    table(s, 'All runs; ± is half of the 95 % interval', [
        { title: 'run', text: true, value: titleOf, cell: (r) => el('span', { title: r.name }, titleOf(r)) },
        { title: 'energy', value: (r) => total(r, 'ets_j') && total(r, 'ets_j').value, cell: (r) => estimateCell(total(r, 'ets_j'), 'J') },
        { title: 'time', value: (r) => total(r, 'time_s'), cell: (r) => num(total(r, 'time_s'), 's') },
        { title: 'EDP', value: (r) => total(r, 'edp_js') && total(r, 'edp_js').value, cell: (r) => estimateCell(total(r, 'edp_js'), 'J·s') },
        ...tags.map((k) => ({ title: factor(k).title, text: true, value: (r) => value(r, k),
            cell: (r) => marks(r)[k] === undefined ? '' : levelText(k, marks(r)[k]) })),
    ], runs, (r) => r.name + ' ' + label(marks(r)));
    if (same.length) s.append(el('p', { class: 'note' }, 'The same of all: ' + same.join(', ') + '.'));
    const pair = el('div', { class: 'pair' }), color = () => css('--bar');
    s.append(pair);
    const titled = runs.map((r) => Object.assign({}, r, { name: titleOf(r) }));
    bars(pair, 'energy of each run', 'ETS, J', titled, (r) => total(r, 'ets_j'), color);
    bars(pair, 'time of each run', 'time, s', titled, (r) => ({ value: total(r, 'time_s') }), color);
    const acc = runs.filter((r) => resolved(total(r, 'ets_j')) && r.tags && r.tags.accuracy !== undefined &&
        Number.isFinite(Number(r.tags.accuracy)));
    if (acc.length > 1) chart(s, 'accuracy against energy', 300, { type: 'scatter', data: { datasets: [{ names: true,
        backgroundColor: css('--bar'), data: acc.map((r) => ({ x: r.totals.ets_j.value, y: 100 * Number(r.tags.accuracy), name: r.title })),
        errorsX: acc.map((r) => ends(r.totals.ets_j)) }] },
    options: { plugins: { legend: { display: false }, tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.x, 'J') + ', ' + Number(c.raw.y.toPrecision(4)) + ' %' } } },
        scales: { x: { beginAtZero: true, title: { display: true, text: 'ETS, J (whiskers: 95 %)' } },
            y: { title: { display: true, text: 'accuracy, % (the axis need not begin at 0)' } } } } });
}

// One line for each setting of the other factors.
function sweepLine(s, g, x, key, unit, title) {
    const f = factor(x), others = [...new Set(g.points.map((p) => label(p.factors, x)))];
    chart(s, title + ' against ' + f.title, 280, { type: 'line', data: { datasets: others.map((o, i) => {
        const pts = g.points.filter((p) => resolved(p[key]) && label(p.factors, x) === o)
            .sort((a, b) => a.factors[x] - b.factors[x]);
        return { label: o || title, data: pts.map((p) => ({ x: Number(p.factors[x]) * f.scale, y: p[key].value })),
            errors: pts.map((p) => [p[key].lo, p[key].hi]), beside: true, borderColor: shade(i), backgroundColor: shade(i),
            borderDash: DASHES[i % DASHES.length], pointStyle: ['circle', 'rect', 'triangle', 'rectRot'][i % 4] };
    }) },
    options: { plugins: { legend: { display: others.length > 1 } },
        scales: { x: { type: 'linear', title: { display: true, text: f.title }, ticks: { callback: (v) => short(v, f.unit) } },
            y: { beginAtZero: true, title: { display: true, text: title + ', ' + unit + ' (whiskers: 95 %)' } } } } });
}

// What the best setting saves, and what it costs in time: a bar a workload.
function savingBars(s, groups) {
    const rows = groups.filter((g) => g.savings && resolved(g.savings.ets)).map((g) => ({ name: groupTitle(g.group) || 'all runs', g }));
    const percent = (e) => resolved(e) ? { value: 100 * e.value, lo: e.lo === null ? null : 100 * e.lo,
        hi: e.hi === null ? null : 100 * e.hi } : e;
    if (rows.length < 2) return;
    const pair = el('div', { class: 'pair' }), color = () => css('--bar');
    s.append(el('h3', {}, 'The best setting of each workload, against full throttle'), pair);
    const open = rows.filter((r) => ['ets', 'time_penalty'].some((k) => (r.g.savings[k] || {}).method === 'unbounded'));
    if (open.length) s.append(el('p', { class: 'note' }, 'An interval has no bound (too few or too different runs), and its bar no whisker: ' +
        open.map((r) => r.name).join('; ')));
    bars(pair, 'energy saved by the best setting', 'energy saved, %', rows, (r) => percent(r.g.savings.ets), color);
    bars(pair, 'time lost at the best setting', 'more time, %', rows, (r) => percent(r.g.savings.time_penalty), color);
}

function sweepBest(s, g) {
    const best = (title, b, note) => b && b.factors ? figure(title, label(b.factors), note) : null;
    const percent = (v) => (100 * v).toFixed(1);
    const saves = (v, e) => v > 0 ? percent(v) + ' %' + (e && e.hi > e.lo ? ' (' + percent(e.lo) + ' to ' + percent(e.hi) + ')' :
        e && e.method === 'unbounded' ? ' (interval unbounded)' : '') +
        ' less than at ' + label(g.reference) : '';
    const savings = g.savings || {};
    s.append(el('div', { class: 'figures' }, best('Least energy', g.best && g.best.ets, saves(g.ets_saving, savings.ets)),
        best('Least EDP', g.best && g.best.edp, saves(g.edp_saving, savings.edp)), best('Least time', g.best && g.best.time, '')));
}

function pointTable(s, points) {
    table(s, (points.some((p) => p.mark) ? 'Points; ◆ is on the Pareto front, ◇ may be (the intervals overlap)' : 'Means over repetitions') +
        ', ± is half of the 95 % interval', [
        { title: 'setting', text: true, value: (p) => p.at, cell: (p) => p.at + (p.mark || '') },
        { title: 'runs', value: (p) => p.repetitions, cell: (p) => p.left_out ? p.repetitions + ' of ' + (p.repetitions + p.left_out) : String(p.repetitions ?? '') },
        { title: 'time', value: (p) => p.time_s.value, cell: (p) => estimateCell(p.time_s, 's') },
        { title: 'ETS', value: (p) => p.ets_j.value, cell: (p) => estimateCell(p.ets_j, 'J') },
        { title: 'EDP', value: (p) => p.edp_js.value, cell: (p) => estimateCell(p.edp_js, 'J·s') },
    ], points, (p) => p.at);
}

function sweepSection(parent, sweep) {
    if (!sweep) return;
    const one = sweep.groups.every((g) => g.points.length === 1);
    const s = section(parent, 'sweep', one ? 'Energy of each workload' : 'Sweep: which setting costs less');
    warnings(s, sweep.warnings);
    if (one) return pointTable(s, sweep.groups.flatMap((g) => g.points.map((p) =>
        Object.assign({ at: [groupTitle(g.group), label(p.factors)].filter((t) => t).join(', ') }, p))));
    savingBars(s, sweep.groups);
    boundBars(s, sweep.groups);
    for (const g of sweep.groups) {
        const factors = [...new Set(g.points.flatMap((p) => Object.keys(p.factors)))];
        const x = factors.find((f) => new Set(g.points.map((p) => p.factors[f])).size > 1 &&
            g.points.every((p) => Number.isFinite(Number(p.factors[f]))));
        s.append(el('h3', {}, groupTitle(g.group) || 'all runs'));
        sweepBest(s, g);
        if (x) {
            sweepLine(s, g, x, 'ets_j', 'J', 'ETS');
            sweepLine(s, g, x, 'edp_js', 'J·s', 'EDP');
        }
        const place = (p) => p.pareto_decided === false ? 'undecided' : p.pareto ? 'front' : 'dominated';
        const mark = { front: ' ◆', undecided: ' ◇', dominated: '' };
        const front = (v) => g.points.filter((p) => place(p) === v && resolved(p.ets_j) && resolved(p.time_s))
            .map((p) => ({ x: p.time_s.value, y: p.ets_j.value, name: label(p.factors), errors: ends(p.ets_j), errorsX: ends(p.time_s) }));
        const whiskered = (set) => Object.assign(set, { errors: set.data.map((p) => p.errors), errorsX: set.data.map((p) => p.errorsX) });
        chart(s, 'Pareto front of energy and time', 280, { type: 'scatter', data: { datasets: [
            { label: 'Pareto front', data: front('front'), backgroundColor: PALETTE[1], pointRadius: 6, pointStyle: 'rectRot' },
            { label: 'undecided: intervals overlap', data: front('undecided'), backgroundColor: 'transparent', borderColor: PALETTE[1],
                pointRadius: 6, pointStyle: 'rectRot' },
            { label: 'dominated', data: front('dominated'), backgroundColor: PALETTE[7] }].filter((d) => d.data.length).map(whiskered) },
        options: { plugins: { tooltip: { callbacks: { label: (c) => c.raw.name + ': ' + num(c.raw.y, 'J') + ', ' + num(c.raw.x, 's') } } },
            scales: { x: { beginAtZero: true, title: { display: true, text: 'time, s (whiskers: 95 %)' } },
                y: { beginAtZero: true, title: { display: true, text: 'ETS, J (whiskers: 95 %)' } } } } });
        pointTable(s, g.points.map((p) => Object.assign({ at: label(p.factors), mark: mark[place(p)] }, p)));
    }
}

// Rows are workloads at a setting, columns are partners.
function corunMatrix(s, cells, caption, key, unit) {
    const partners = [...new Set(cells.map((c) => c.partner))];
    const same = Object.keys(cells[0].settings || {}).filter((k) => cells.every((c) => c.settings[k] === cells[0].settings[k]));
    const rows = [];
    for (const c of cells) {
        const at = label(c.settings, 'workload', ...same);
        let row = rows.find((r) => r.workload === c.workload && r.at === at);
        if (!row) rows.push(row = { workload: c.workload, at, with: {} });
        row.with[c.partner] = c[key];
    }
    table(s, caption, [
        { title: 'workload', text: true, value: (r) => r.workload, cell: (r) => r.workload },
        ...(rows.some((r) => r.at) ? [{ title: 'setting', text: true, value: (r) => r.at, cell: (r) => r.at }] : []),
        ...partners.map((p) => ({ title: 'with ' + p, value: (r) => r.with[p] && r.with[p].value,
            cell: (r) => r.with[p] ? estimateCell(r.with[p], unit) : '–' })),
    ], rows, null);
}

// A bar for each workload, partner and setting.
function corunBars(s, cells) {
    const same = Object.keys(cells[0].settings || {}).filter((k) => cells.every((c) => c.settings[k] === cells[0].settings[k]));
    const one = cells.every((c) => c.workload === cells[0].workload);
    const rows = cells.map((c) => ({ c, name: [one ? c.partner : c.workload + ' beside ' + c.partner, label(c.settings, 'workload', ...same)]
        .filter((t) => t).join(', ') }));
    const partners = [...new Set(cells.map((c) => c.partner))], color = (r) => shade(partners.indexOf(r.c.partner));
    const pair = el('div', { class: 'pair' });
    s.append(pair);
    bars(pair, 'slowdown by the partner', 'time as a multiple of that alone', rows, (r) => r.c.slowdown, color);
    bars(pair, 'extra energy by the partner', 'more energy than alone, J', rows, (r) => r.c.extra_energy_j, color);
}

function corunSection(parent, corun) {
    if (!corun || !corun.matrix || !corun.matrix.length) return;
    const s = section(parent, 'corun', 'Co-runs: alone against together');
    warnings(s, corun.warnings);
    corunBars(s, corun.matrix);
    partnerBars(s, corun.matrix);
    corunMatrix(s, corun.matrix, 'Time beside the partner, as a multiple of the time alone; ± is half of the 95 % interval', 'slowdown', '');
    corunMatrix(s, corun.matrix, 'Energy beside the partner, more than alone', 'extra_energy_j', 'J');
}

function thermalPoints(s, thermal) {
    const pts = thermal.points || [], fit = thermal.fit || [];
    if (!pts.length) return;
    const set = (test) => pts.filter(test).map((p) => ({ x: p.temperature_degc, y: p.power_w }));
    // a fit through the points of several workloads would lie between them
    const one = new Set((thermal.pairs || []).map((p) => p.workload)).size < 2;
    const line = (key, title) => ({ label: title, type: 'line', pointRadius: 0, pointStyle: 'line', borderColor: css('--fg'),
        data: fit.map((p) => ({ x: p.temperature_degc, y: p[key] })) });
    const axes = (title) => ({ scales: { x: { type: 'linear', title: { display: true, text: 'temperature, °C' } },
        y: { beginAtZero: true, title: { display: true, text: title } } } });
    chart(s, 'power against temperature', 340, { type: 'scatter', data: { datasets: [
        { label: 'heat sink on', data: set((p) => p.heatsink && !p.throttled), backgroundColor: PALETTE[0] },
        { label: 'heat sink off', data: set((p) => !p.heatsink && !p.throttled), backgroundColor: PALETTE[1], pointStyle: 'rect' },
        { label: 'throttled', data: set((p) => p.throttled), backgroundColor: PALETTE[3], pointStyle: 'triangle' },
        ...(fit.length && one ? [line('power_w', 'fit')] : [])].filter((d) => d.data.length) },
    options: axes('power, W') });
    if (fit.length && !one) chart(s, 'leakage against temperature', 240, { type: 'scatter',
        data: { datasets: [line('leakage_w', 'leakage, fit over all workloads')] }, options: axes('leakage, W') });
}

function thermalSection(parent, thermal) {
    if (!thermal) return;
    const s = section(parent, 'thermal', 'Heat sink on and off: leakage');
    warnings(s, thermal.warnings);
    s.append(el('div', { class: 'figures' }, estimateFigure('Leakage slope', thermal.leakage_w_per_k, 'W/K'),
        estimateFigure('Exponent β', thermal.beta_per_k, '1/K'),
        Number.isFinite(thermal.throttled_share) ? figure('Time throttled', (100 * thermal.throttled_share).toFixed(1) + ' %') : null,
        (thermal.rc || []).map((r) => figure('Heat sink ' + r.heatsink + ', ' + r.runs + (r.runs === 1 ? ' run' : ' runs'),
            r.r_th_k_per_w.map((v) => num(v, 'K/W')).join(' + '), 'time constants ' + r.tau_s.map((v) => num(v, 's')).join(' and ')))));
    thermalPoints(s, thermal);
    if ((thermal.pairs || []).length) table(s, 'Pairs of runs, heat sink on and off; ± is half of the 95 % interval', [
        { title: 'workload', text: true, value: (p) => p.workload, cell: (p) => p.workload },
        { title: 'hotter by', value: (p) => p.difference_k, cell: (p) => num(p.difference_k, 'K') },
        { title: 'power', value: (p) => p.difference_w, cell: (p) => (p.difference_w > 0 ? '+' : '') + num(p.difference_w, 'W') },
        { title: 'leakage slope', value: (p) => p.leakage_w_per_k && p.leakage_w_per_k.value, cell: (p) => estimateCell(p.leakage_w_per_k, 'W/K') },
        { title: 'by leakage', value: (p) => p.leakage_j, cell: (p) => num(p.leakage_j, 'J') + (p.split_by_all ? ' (of all pairs)' : '') },
        { title: 'by throttling', value: (p) => p.throttling_j, cell: (p) => num(p.throttling_j, 'J') },
    ], thermal.pairs, null);
}

function modelTables(s, model, folds, unit) {
    table(s, 'Groups, each predicted by a model that had not seen it', [
        { title: 'group', text: true, value: (f) => f.group, cell: (f) => f.group + (f.extrapolates ? ' (outside what was fitted)' : '') },
        { title: 'measured', value: (f) => f.measured, cell: (f) => num(f.measured, unit) },
        { title: 'predicted', value: (f) => f.predicted, cell: (f) => num(f.predicted, unit) },
        { title: 'error', value: (f) => f.rel_error, cell: (f) => (100 * f.rel_error).toPrecision(3) + ' %' },
    ], folds, null);
    const terms = Object.entries(model.coefficients || {});
    if (terms.length) table(s, 'Coefficients of the model of all groups; ± is half of the 95 % interval', [
        { title: 'term', text: true, value: ([k]) => k, cell: ([k]) => k },
        { title: 'coefficient', value: ([, e]) => e.value, cell: ([, e]) => estimateCell(e, (e.unit || '').replace(/ per /g, '/').replace(/ /g, '·')) },
    ], terms, null);
}

function modelSection(parent, model, n) {
    const folds = model && model.cv && model.cv.folds;
    if (!folds || !folds.length) return;
    const unit = (model.response && model.response.unit) || '';
    const s = section(parent, 'model' + (n || ''), 'Model: measured against predicted' + (model.of ? ' (' + modelTitle(model) + ')' : ''), (model.title ? model.title + '. ' : '') +
        'Mean relative error ' + (100 * model.cv.mean_rel_error).toPrecision(3) + ' %, standard deviation ' +
        (100 * model.cv.sd_rel_error).toPrecision(3) + ' %.');
    warnings(s, saying(model.simulated, model.warnings));
    const top = Math.max(...folds.flatMap((f) => [f.measured, f.predicted]));
    const doubt = (f) => 1.96 * (model.points || []).filter((p) => p.group === f.group).reduce((sum, p) => sum + (p.se || 0), 0);
    const axis = (title) => ({ title: { display: true, text: title + (unit ? ', ' + unit : '') } });
    chart(s, 'measured against predicted', 360, { type: 'scatter', data: { datasets: [
        { label: 'groups', names: folds.length <= 12, backgroundColor: css('--bar'),
            data: folds.map((f) => ({ x: f.measured, y: f.predicted, name: f.group })),
            errorsX: folds.map((f) => (doubt(f) > 0 ? [f.measured - doubt(f), f.measured + doubt(f)] : null)) },
        { label: 'equal', type: 'line', pointRadius: 0, pointStyle: 'line', borderColor: css('--dim'), data: [{ x: 0, y: 0 }, { x: top, y: top }] }] },
    options: { plugins: { tooltip: { callbacks: { label: (c) => (c.raw.name || '') + ' ' + num(c.raw.x, unit) + ' → ' + num(c.raw.y, unit) } } },
        scales: { x: Object.assign({ beginAtZero: true }, axis('measured')), y: Object.assign({ beginAtZero: true }, axis('predicted')) } } });
    if (folds.some((f) => doubt(f) > 0)) s.append(el('p', { class: 'note' }, 'Whiskers: 95 %; those of a network are those of its layers, added up.'));
    modelDetails(s, model, unit);
    modelTables(s, model, folds, unit);
}
