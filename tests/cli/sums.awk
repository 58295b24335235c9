# A network of two modules with layers in them, and what a meter reads of it. Writes L.csv and S.csv and
# prints the true energy: of all ("run"), of each layer ("layer NAME"), of what a module spends itself
# ("itself NAME"), of each phase ("phase NAME"). Powers are constant within a layer, integration is
# exact. -v idle=S of 2 W before and after, as phases named idle; nested=1: the modules are recorded
# too; phases=1: prefill and decode, of which a decode lies in each prefill's second half when
# inner=1; two=1: every other iteration runs on a second thread at the same time; meter=boxcar|counter.
function gauss() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
function energy_at(x,    lo, hi, mid) {
    lo = 0; hi = n
    while (hi - lo > 1) { mid = int((lo + hi) / 2); if (b[mid] <= x) lo = mid; else hi = mid }
    return e[lo] + p[lo] * (x - b[lo])
}
function spend(d, watts, whose) {
    b[n] = t; p[n] = watts; e[n] = joules; n++
    joules += watts * d; t += d
    own[whose] += watts * d
    if (phase != "") own["phase " phase] += watts * d
}
function row(from, to, name, type, module) {
    printf "%.9f,%.9f,%s,%s,net,%s,%d,%s\n", from, to, name, type, module, it, phase >"L.csv"
}
function layer(name, type, module, d, watts,    from) {
    from = t; spend(d * (0.8 + 0.4 * rand()), watts, "layer " name); row(from, t, name, type, module)
}
function module(name, d,    from) {
    from = t
    spend(0.0015 * (0.7 + 0.6 * rand()), 3, "itself " name)
    layer(name "/conv", "conv", name, d, 9)
    layer(name "/relu", "relu", name, d / 2, 5)
    layer(name "/fc", "fc", name, 0.8 * d, 7)
    if (nested) row(from, t, name, "module", "")
}
function rest(d,    from) { # an idle phase
    if (!d) return
    from = t; phase = "idle"; spend(d, 2, "rest"); row(from, t, "wait", "wait", ""); phase = ""
}
BEGIN {
    srand(seed ? seed : 3)
    print "begin_s,end_s,layer,type,network,module,iteration,phase" >"L.csv"
    t = n = joules = 0
    rest(idle)
    for (begin = t; t < begin + 20; it++) {
        if (phases) phase = it % 20 < 5 ? "prefill" : "decode"
        module("m0", 0.004)
        module("m1", 0.006)
    }
    rest(idle)
    b[n] = t; p[n] = 0; e[n] = joules
    print "run " joules
    for (i in own) print i " " own[i]
    print meter == "counter" ? "time_s,VDD [J]" : "time_s,VDD [W]" >"S.csv"
    for (x = 0.01; x < t; x += 0.01 * (0.95 + 0.1 * rand()))
        if (meter == "counter") printf "%.9f,%.6f\n", x, energy_at(x) >"S.csv"
        else printf "%.9f,%.4f\n", x, (energy_at(x) - energy_at(x - 0.002)) / 0.002 + 0.05 * gauss() >"S.csv"
}
