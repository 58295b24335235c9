# The plain driver over the golden files: nothing crashes, whatever the bytes are.
load helpers

@test "archives with random damage are read or refused" {
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-archive" -n 300 -s 1 "$ERG_SRC"/tests/golden/archive/*/*.erg
}

@test "logs with random damage are read or refused" {
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-import" -n 3000 -s 1 "$ERG_SRC"/tests/fuzz/seeds/*
}

@test "tables with random damage are read or refused" {
    printf 'time_s,A [W],"b, c"\r\n0,1.5e-3,"x""y"\r\n1,,\n\n 2 , 12345678901234567890e-3,"\n"\n' >seed.csv
    printf 'begin_s,end_s,layer\n0,1,a\n' >seed2.csv
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-table" -n 50000 -s 1 seed.csv seed2.csv
}

@test "what reads sensors' bytes answers whatever they are" {
    printf '0-123456\n' >number
    printf '1kind=ema alpha=0.1 window_ns=5' >model
    printf '2le:s16/16>>0\nbe:u12/16>>4\nle:s64/64>>0\n' >layout
    timeout 900 "$ERG_BUILD/tests/fuzz/fuzz-sensors" -n 50000 -s 1 number model layout
}
