# A loop of a 3.5 ms at 8.5 W, b 2.2 ms at 11 W, c 0.9 ms at 6 W and 1.1 ms without a layer at 3 W, for 16 s, into l.csv, what
# a sensor says of it into s.csv, and the joules of each layer to stdout. -v seed; spread: SD of ln(power) of an instance;
# change: factor of all power from the middle on; half: by how much a and c are higher, and b lower, in the part cut (0.5) of
# each instance; counter: joules, which are updated every period (0: always), else the mean power of window; step: of the
# readings; held: share of the stamps that are 0.5 to 3 ms late.
function gauss() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
function piece(d, w) { at[n + 1] = at[n] + d; p[n] = w; e[n + 1] = e[n] + w * d; n++ }
function to(x) { while (j && at[j] > x) j--; while (at[j + 1] < x) j++; return e[j] + p[j] * (x - at[j]) }
BEGIN { srand(seed); cut = cut ? cut : 0.5; split("a b c", name, " "); split("3.5 2.2 0.9 1.1", ms, " "); split("8.5 11 6 3", watts, " ")
    print "begin_s,end_s,layer" >"l.csv"; print counter ? "time_s,P [J]" : "time_s,P [W]" >"s.csv"
    at[0] = 0; e[0] = 0; n = 0; piece(0.5, 2)
    while (at[n] < 16) for (i = 1; i <= 4; i++) { d = ms[i] / 1000 * exp(0.02 * gauss())
        w = watts[i] * exp(spread * gauss()) * (at[n] > 8 && change ? change : 1); b = at[n]
        h = i == 1 ? half : i == 2 ? -half : i == 3 ? half : 0; from = e[n]
        piece(d * cut, w * (1 + h * (1 - cut))); piece(d * (1 - cut), w * (1 - h * cut))
        if (i < 4) { joules[i] += e[n] - from; printf "%.9f,%.9f,%s\n", b, at[n], name[i] >"l.csv" } }
    piece(0.6, 2)
    for (t = 0.1; t < 16.3; t += step) { x = t + step * 0.1 * (rand() - 0.5); late = rand() < held ? 0.0005 + 0.0025 * rand() : 0
        if (counter) { u = period ? 0.00037 + period * int((x - 0.00037) / period) : x
            printf "%.9f,%.6f\n", x + late, to(u) >"s.csv" }
        else printf "%.9f,%.4f\n", x + late, (to(x) - to(x - window)) / window + 0.02 * gauss() >"s.csv" }
    for (i = 1; i <= 3; i++) print name[i], joules[i] }
