# A network of five layers of 0.7 to 3.8 ms with gaps, for T seconds, and what a meter reads of it:
# writes L (layers.csv), S (samples.csv; boxcar of W seconds every H, or counter=1) and the true
# energy of each layer and of the whole to standard output as "name joules". Integration is exact:
# powers are constant within a layer.
function gauss() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
function energy_at(t,    lo, hi, mid) {
    lo = 0; hi = n
    while (hi - lo > 1) { mid = int((lo + hi) / 2); if (b[mid] <= t) lo = mid; else hi = mid }
    return e[lo] + p[lo] * (t - b[lo])
}
function step(name, power, d, it) {
    b[n] = t; p[n] = power; e[n] = joules; n++
    if (name != "gap") {
        printf "%.9f,%.9f,%s,%s,net,%d\n", t, t + d, name, type[name], it >L
        own[name] += power * d
    }
    t += d; joules += power * d
}
BEGIN {
    srand(seed)
    split("conv1 pool1 fire2 fire3 fc", names, " ")
    split("9 4 7.5 6.2 5.1", power, " ")
    split("0.0031 0.0007 0.0022 0.0038 0.0012", len, " ")
    split("conv pool conv conv fc", types, " ")
    for (i = 1; i <= 5; i++) type[names[i]] = types[i]
    print "begin_s,end_s,layer,type,network,iteration" >L
    for (it = 0; t < T; it++) {
        for (i = 1; i <= 5; i++) step(names[i], power[i], len[i] * (1 + 0.05 * gauss()), it)
        step("gap", 2, 0.0008 * -log(1 - rand()), it)
    }
    b[n] = t; p[n] = 0; e[n] = joules; n++
    print "time_s,VDD_IN [" (counter ? "uJ" : "mW") "]" >S
    for (x = 0.02; x < T - 0.02; x += H) {
        y = x + 0.1 * H * rand()
        if (counter) printf "%.7f,%.0f\n", y, energy_at(y) * 1e6 >S
        else printf "%.7f,%.1f\n", y, (energy_at(y) - energy_at(y - W)) / W * 1e3 >S
    }
    for (i = 1; i <= 5; i++) print names[i], own[names[i]]
    print "total", joules
}
