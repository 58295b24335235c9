# Layers that no sensor can tell apart, with the truth.

# together LATE: two tracks: a and b at the same times (b begins up to LATE later), 12 W together, c of 6 W right behind
# them; in between 2 W. The readings are the exact means of 2 ms, and noise of 0.06 W. Makes l.csv, s.csv and truth: the
# joules of a and b, and of c.
together() {
    awk -v late="$1" 'BEGIN { srand(7); print "begin_s,end_s,layer,track,type,network,module,macs" >"l.csv"
        print "time_s,P [W]" >"s.csv"
        e[0] = at[0] = i_[0] = i_[1] = 0; n = 1
        for (t = 0.01; t < 20;) {
            d = 0.001 * (0.9 + 0.2 * rand()); f = 0.002 * (0.9 + 0.2 * rand())
            add(t, 2); layer(t, t + d, "a,1,conv,net,left,10"); layer(t + late * rand(), t + d, "b,2,pool,net,right,20")
            both += 12 * d; add(t += d, 12); layer(t, t + f, "c,1,fc,net,left,40"); c += 6 * f
            add(t += f, 6); t += 0.0004 + 0.0002 * rand() }
        for (i = 1; (s = 0.005 * i + 0.0001 * rand()) < 20; i++)
            printf "%.9f,%.6f\n", s, (to(s, 0) - to(s - 0.002, 1)) / 0.002 + 0.1 * (rand() + rand() + rand() + rand() - 2) >"s.csv"
        print both, c >"truth" }
        function layer(from, till, what) { printf "%.9f,%.9f,%s\n", from, till, what >"l.csv" }
        function add(x, w) { e[n] = e[n - 1] + w * (x - at[n - 1]); at[n] = x; p[n - 1] = w; n++ }
        function to(x, k) { while (i_[k] < n - 1 && at[i_[k] + 1] < x) i_[k]++; return e[i_[k]] + p[i_[k]] * (x - at[i_[k]]) }'
}

# together_record FILE: an archive of what together made.
together_record() {
    erg-record import --samples s.csv --layers l.csv --sensor kind=boxcar --sensor window_s=0.002 --sensor period_s=0.005 \
        -o "$1" 2>/dev/null
}
