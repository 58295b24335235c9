# Archives without a recording, for tests of what is made of many.

# archive NAME CLOCK [WATTS]: 0.4 s of two layers at WATTS (or CLOCK) and one more in turn; its tag is the clock.
archive() {
    awk -v w="${3:-$2}" 'BEGIN { print "time_s,VDD_IN [W]"
        for (i = 0; i < 400; i++) printf "%.3f,%.3f\n", i / 1000, w + (int(i / 10) % 2) + i * 37 % 101 % 7 / 100 }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network"
        for (i = 0; i < 40; i++) printf "%.3f,%.3f,%s,conv,net\n", i / 100, (i + 1) / 100, i % 2 ? "b" : "a" }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point --tag clock="$2" --tag workload=net \
        -o "$1" 2>/dev/null
}
